package command_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/command"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/pkg/admin"
)

const (
	record = "0199c2a4-7d1c-7a3e-9f6e-2a5f0c9d8b71"
	other  = "0199c2a4-7d1c-7a3e-9f6e-2a5f0c9d8b72"
	job    = "0199c2a4-7d1c-7a3e-9f6e-2a5f0c9d8b73"
)

func at() time.Time { return time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC) }

// fake answers as a service would whose state is what the test says: "METHOD /path" -> answer. Anything else is 404.
type fake struct {
	*httptest.Server

	key  string // that it wants; "": any
	mu   sync.Mutex
	sent []string // METHOD /path?query body
}

func newFake(t *testing.T, name, role string, answers map[string]any) *fake {
	t.Helper()
	f := &fake{}
	if _, ok := answers["GET /admin/v1/status"]; !ok {
		answers["GET /admin/v1/status"] = admin.Status{Service: name, Role: role}
	}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		call := r.Method + " " + r.URL.Path
		f.mu.Lock()
		f.sent = append(f.sent, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+string(body)))
		f.mu.Unlock()
		answer, ok := answers[call]
		if f.key != "" && r.Header.Get("Authorization") != "Bearer "+f.key {
			answer, ok = admin.Problem{Title: "Unauthorized", Status: http.StatusUnauthorized, Code: "invalid_api_key", Detail: "The API key is not known; check it for typing mistakes."}, true
		}
		if !ok {
			answer = admin.Problem{Title: "There is no such thing", Status: http.StatusNotFound, Code: "not_found"}
		}
		if p, refused := answer.(admin.Problem); refused {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(p.Status)
		}
		assert.NoError(t, json.NewEncoder(w).Encode(answer))
	}))
	t.Cleanup(f.Close)
	return f
}

// requests are those that changed something.
func (f *fake) requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var changing []string
	for _, one := range f.sent {
		if !strings.HasPrefix(one, "GET ") {
			changing = append(changing, one)
		}
	}
	return changing
}

func list[T any](items ...T) admin.List[T] { return admin.List[T]{Object: "list", Data: items} }

// run runs a command against a catalog and a connector.
func run(t *testing.T, catalog, connector *fake, args ...string) (code exit.Code, out, stderr string) {
	t.Helper()
	return runWith(t, map[string]string{"DATASYNC_URL": catalog.URL, "DATASYNC_CONNECTORS": connector.URL, "DATASYNC_API_KEY": "ds_test"}, args...)
}

// runWith runs a command in an environment.
func runWith(t *testing.T, environment map[string]string, args ...string) (code exit.Code, out, stderr string) {
	t.Helper()
	var stdout, errors bytes.Buffer
	code = command.Run(t.Context(), args, command.Environment{
		In: strings.NewReader(""), Out: &stdout, Err: &errors, Dir: t.TempDir(),
		Getenv: func(name string) string { return environment[name] },
	})
	return code, stdout.String(), errors.String()
}

// golden compares text with testdata/<name>.golden. What differs is written there, to be looked at and committed, and
// fails the test.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	present, err := os.ReadFile(path)
	if err == nil && string(present) == text {
		return
	}
	require.NoError(t, os.MkdirAll("testdata", 0o750))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	assert.Equal(t, string(present), text, "%s was written anew: look at it and commit it", path)
}
