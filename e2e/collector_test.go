package e2e_test

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// span is a piece of work that a service told the collector about.
type span struct {
	service, name, trace, id, parent string
	attributes                       map[string]string
}

// spans is a collector that speaks OTLP and keeps what it is sent.
type spans struct {
	url string
	mu  sync.Mutex
	all []span
}

func collect(t *testing.T) *spans {
	t.Helper()
	s := &spans{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var sent collector.ExportTraceServiceRequest
		if !assert.NoError(t, err) || !assert.NoError(t, proto.Unmarshal(body, &sent)) {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		s.take(&sent)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *spans) take(sent *collector.ExportTraceServiceRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, of := range sent.GetResourceSpans() {
		service := of.GetResource().GetAttributes()[0].GetValue().GetStringValue()
		for _, scope := range of.GetScopeSpans() {
			for _, one := range scope.GetSpans() {
				attributes := map[string]string{}
				for _, a := range one.GetAttributes() {
					attributes[a.GetKey()] = a.GetValue().GetStringValue()
				}
				s.all = append(s.all, span{
					service, one.GetName(), hex.EncodeToString(one.GetTraceId()), hex.EncodeToString(one.GetSpanId()),
					hex.EncodeToString(one.GetParentSpanId()), attributes,
				})
			}
		}
	}
}

// path returns the work that led to the first span of a service with this name whose way began as the first step says,
// as "service: name" from there on; nil while there is none.
func (s *spans) path(trace, service, name string) (steps []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	byID := map[string]span{}
	for _, one := range s.all {
		byID[one.id] = one
	}
	for _, one := range s.all {
		if one.service != service || one.name != name || trace != "" && one.trace != trace {
			continue
		}
		steps = nil
		for at, ok := one, true; ok; at, ok = byID[at.parent] {
			steps = append([]string{at.service + ": " + at.name}, steps...)
		}
		return steps
	}
	return nil
}
