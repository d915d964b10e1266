package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is how long a test waits for the other side. It usually takes hundredths of a second.
const patience = 20 * time.Second

// object is any JSON object.
type object map[string]any

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   object
}

// call makes a request with a JSON body; headers are pairs of name and value.
func call(t testing.TB, method, url string, body any, headers ...string) answer {
	t.Helper()
	a, err := try(t, method, url, body, headers...)
	require.NoError(t, err)
	return a
}

// try is call for a server that may be away.
func try(t testing.TB, method, url string, body any, headers ...string) (answer, error) {
	t.Helper()
	var content bytes.Buffer
	if body != nil {
		require.NoError(t, json.NewEncoder(&content).Encode(body))
	}
	request, err := http.NewRequestWithContext(t.Context(), method, url, &content)
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: response.StatusCode, header: response.Header}
	if len(raw) > 0 {
		require.NoError(t, json.Unmarshal(raw, &a.body), "%s", raw)
	}
	return a, nil
}

// rest calls the catalog.
func (s *stack) rest(method, path string, body any, headers ...string) answer {
	s.t.Helper()
	return call(s.t, method, s.catalog.URL+path, body, append(headers, "Authorization", "Bearer "+apiKey)...)
}

// create makes a customer through REST and waits until Stripe has it.
func (s *stack) create(body object) (id, stripeID string) {
	s.t.Helper()
	a := s.rest(http.MethodPost, "/v1/customers", body, "Prefer", "wait=10")
	require.Equal(s.t, http.StatusCreated, a.status, a.body)
	require.Equal(s.t, "wait=10", a.header.Get("Preference-Applied"))
	sync := a.body.object("sync").object("stripe")
	require.Equal(s.t, "synced", sync["state"], a.body)
	return a.body.text("id"), sync.text("customer_id")
}

// stripe calls the Stripe API of the simulator.
func (s *stack) stripe(path string) answer {
	s.t.Helper()
	return call(s.t, http.MethodGet, s.simulator.URL+path, nil, "Authorization", "Bearer "+stripeKey)
}

// byHand does what a person would do in Stripe's dashboard.
func (s *stack) byHand(method, path string, body any) answer {
	s.t.Helper()
	a := call(s.t, method, s.simulator.URL+"/_sim/customers"+path, body)
	require.Less(s.t, a.status, http.StatusBadRequest, a.body)
	return a
}

// knobs turns knobs of the simulator.
func (s *stack) knobs(settings object) {
	s.t.Helper()
	a := call(s.t, http.MethodPatch, s.simulator.URL+"/_sim/config", settings)
	require.Equal(s.t, http.StatusOK, a.status, a.body)
}

// stats is what the simulator counted.
func (s *stack) stats() object {
	s.t.Helper()
	return call(s.t, http.MethodGet, s.simulator.URL+"/_sim/stats", nil).body
}

// created is how many customers were ever created at Stripe.
func (s *stack) created() int { return int(s.stats().object("customers").number("created")) }

// eventually waits for a condition.
func (s *stack) eventually(what string, condition func() bool) {
	s.t.Helper()
	require.Eventually(s.t, condition, patience, 20*time.Millisecond, what)
}

// catalogShows waits until the catalog has these values.
func (s *stack) catalogShows(id string, want object) {
	s.t.Helper()
	s.eventually("seen in the catalog", func() bool {
		a := s.rest(http.MethodGet, "/v1/customers/"+id, nil)
		return a.status == http.StatusOK && a.body.has(want)
	})
}

// stripeShows waits until Stripe has these values.
func (s *stack) stripeShows(id string, want object) {
	s.t.Helper()
	s.eventually("seen in Stripe", func() bool {
		a := s.stripe("/v1/customers/" + id)
		return a.status == http.StatusOK && a.body.has(want)
	})
}

func (o object) object(name string) object {
	inner, _ := o[name].(map[string]any)
	return inner
}

func (o object) text(name string) string {
	value, _ := o[name].(string)
	return value
}

func (o object) number(name string) float64 {
	value, _ := o[name].(float64)
	return value
}

// list is the data of a list.
func (o object) list() (items []object) {
	data, _ := o["data"].([]any)
	for _, item := range data {
		inner, _ := item.(map[string]any)
		items = append(items, inner)
	}
	return items
}

// has reports whether o has everything that want has, also inside its objects.
func (o object) has(want object) bool {
	for name, value := range want {
		if inner, ok := value.(object); ok {
			if !o.object(name).has(inner) {
				return false
			}
			continue
		}
		if o[name] != value {
			return false
		}
	}
	return true
}
