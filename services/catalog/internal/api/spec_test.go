package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/services/catalog/internal/api"
)

const specFile = "../../openapi.json"

// TestDescriptionIsCommitted keeps openapi.json in step with the types. Repair: go test ./internal/api -update.
func TestDescriptionIsCommitted(t *testing.T) {
	t.Parallel()
	generated, err := api.Description()
	require.NoError(t, err)
	if update := flag.Lookup("update"); update != nil && update.Value.String() == "true" {
		require.NoError(t, os.WriteFile(specFile, generated, 0o600))
	}
	committed, err := os.ReadFile(specFile)
	require.NoError(t, err)
	require.Equal(t, string(committed), string(generated), "openapi.json is stale: go test ./internal/api -update")
}

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write openapi.json")
	flag.Parse()
	os.Exit(m.Run())
}

// spec checks answers against the description. OpenAPI 3.1 schemas are JSON Schema 2020-12, so a JSON Schema validator
// that was not written by those who generate the description does it.
type spec struct {
	document map[string]any

	mu       sync.Mutex // a compiler is for one goroutine
	compiler *jsonschema.Compiler
}

func (s *spec) compile(url string) (*jsonschema.Schema, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.compiler.Compile(url)
}

const specURL = "mem:///openapi.json"

func loadSpec(t *testing.T) *spec {
	t.Helper()
	generated, err := api.Description()
	require.NoError(t, err)
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(generated))
	require.NoError(t, err)
	s := &spec{compiler: jsonschema.NewCompiler()}
	require.NoError(t, json.Unmarshal(generated, &s.document))
	s.compiler.AssertFormat()
	require.NoError(t, s.compiler.AddResource(specURL, document))
	return s
}

// check requires that the answer is one that the description allows for the request. What is not in it at all (unknown
// routes, /docs) is not checked.
func (s *spec) check(t *testing.T, method, path string, r response) {
	t.Helper()
	template := s.template(path)
	operation := dig(s.document, "paths", template, strings.ToLower(method))
	if operation == nil || r.Status == 304 {
		return
	}
	responses, _ := dig(operation, "responses").(map[string]any)
	require.NotEmpty(t, responses)
	status := fmt.Sprint(r.Status)
	require.Contains(t, slices.Collect(maps.Keys(responses)), status, "%s %s answers with a status that is not described: %s", method, path, r.Raw)
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	pointer := "#" + pointerTo("paths", template, strings.ToLower(method), "responses", status, "content", media, "schema")
	schema, err := s.compile(specURL + pointer)
	require.NoError(t, err, "%s %s has no schema for %s %s", method, path, status, media)
	var body any = r.Raw
	if strings.HasSuffix(media, "json") && media != "application/x-ndjson" {
		body, err = jsonschema.UnmarshalJSON(strings.NewReader(r.Raw))
		require.NoError(t, err)
	}
	require.NoError(t, schema.Validate(body), "%s %s: %s", method, path, r.Raw)
	for name := range r.Header {
		if name == "Etag" || name == "Location" || name == "Idempotent-Replayed" || name == "Preference-Applied" {
			described, _ := dig(responses, status, "headers").(map[string]any)
			if r.Status < 400 {
				require.True(t, hasFold(described, name), "header %s of %s %s is not described", name, method, path)
			}
		}
	}
}

func hasFold(headers map[string]any, name string) bool {
	for header := range headers {
		if strings.EqualFold(header, name) {
			return true
		}
	}
	return false
}

// template finds the described path that an address is an instance of.
func (s *spec) template(path string) string {
	parts := strings.Split(strings.TrimRight(path, "/"), "/")
	paths, _ := s.document["paths"].(map[string]any)
	if _, exact := paths[path]; exact {
		return path
	}
	for template := range paths {
		names := strings.Split(template, "/")
		if len(names) != len(parts) {
			continue
		}
		same := true
		for i, name := range names {
			same = same && (name == parts[i] || strings.HasPrefix(name, "{"))
		}
		if same {
			return template
		}
	}
	return ""
}

func dig(value any, keys ...string) any {
	for _, key := range keys {
		object, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = object[key]
	}
	return value
}

func pointerTo(tokens ...string) string {
	var pointer strings.Builder
	for _, token := range tokens {
		token = strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1")
		pointer.WriteString("/" + strings.NewReplacer("{", "%7B", "}", "%7D", "+", "%2B").Replace(token))
	}
	return pointer.String()
}
