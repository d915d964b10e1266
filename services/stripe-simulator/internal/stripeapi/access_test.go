package stripeapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/simtest"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/simulator"
)

func TestOnlyAnAcceptedKeyOpens(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	for name, test := range map[string]struct {
		headers []string
		status  int
		message string
	}{
		"bearer":        {[]string{"Authorization", "Bearer " + simtest.Key}, http.StatusOK, ""},
		"other case":    {[]string{"Authorization", "bearer " + simtest.Key}, http.StatusOK, ""},
		"basic":         {[]string{"Authorization", "Basic c2tfdGVzdF9zaW11bGF0b3JGb3JUZXN0czAwMDE6"}, http.StatusOK, ""},
		"none":          {nil, http.StatusUnauthorized, "You did not provide an API key"},
		"other scheme":  {[]string{"Authorization", "Digest x"}, http.StatusUnauthorized, "You did not provide an API key"},
		"wrong":         {[]string{"Authorization", "Bearer sk_test_wrongwrongwrong1234"}, http.StatusUnauthorized, "Invalid API Key provided: sk_test_***************1234"},
		"short":         {[]string{"Authorization", "Bearer abc"}, http.StatusUnauthorized, "Invalid API Key provided: ***"},
		"publishable":   {[]string{"Authorization", "Bearer pk_test_1"}, http.StatusUnauthorized, "publishable API key"},
		"wrong version": {[]string{"Authorization", "Bearer " + simtest.Key, "Stripe-Version", "latest"}, http.StatusBadRequest, "Invalid Stripe API version"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := sim.Do(t, http.MethodGet, "/v1/customers", "", test.headers...)
			require.Equal(t, test.status, a.Status, "%s", a.Body)
			require.Regexp(t, `^req_`, a.Header.Get("Request-Id"))
			if test.message != "" {
				require.Equal(t, "invalid_request_error", a.Error(t)["type"])
				require.Contains(t, a.Error(t)["message"], test.message)
			}
		})
	}
}

func TestWithoutConfiguredKeysEveryWellFormedOneOpens(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t, func(o *simulator.Options) { o.Keys = nil })
	for key, status := range map[string]int{"sk_test_x": http.StatusOK, "rk_live_x": http.StatusOK, "sk_test_": http.StatusUnauthorized, "x": http.StatusUnauthorized} {
		require.Equal(t, status, sim.Do(t, http.MethodGet, "/v1/customers", "", "Authorization", "Bearer "+key).Status, key)
	}
}

func TestRevokedKeyIsAnOperatorsProblem(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	sim.Turn(t, map[string]any{"revoked_key": true})

	_, err := sim.Stripe.Customers.New(ada())

	e := stripeError(t, err)
	require.Equal(t, http.StatusUnauthorized, e.HTTPStatusCode)
	require.Equal(t, stripe.ErrorCodeAPIKeyExpired, e.Code)
	require.NotContains(t, e.Msg, simtest.Key)
}

func TestAnswersCarryStripesHeaders(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)

	a := sim.Call(t, http.MethodPost, "/v1/customers", "name=Ada", "Idempotency-Key", "k-1", "Stripe-Version", "2022-11-15")

	require.Equal(t, "application/json", a.Header.Get("Content-Type"))
	require.Equal(t, "2022-11-15", a.Header.Get("Stripe-Version"))
	require.Equal(t, "k-1", a.Header.Get("Idempotency-Key"))
	require.Equal(t, a.Header.Get("Request-Id"), a.Header.Get("Original-Request"))
	require.Empty(t, a.Header.Get("Idempotent-Replayed"))
	require.Equal(t, "2023-10-16", sim.Call(t, http.MethodGet, "/v1/customers", "").Header.Get("Stripe-Version"))
}

func TestRequestsThatAreNotStripesAreRefused(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	for name, test := range map[string]struct {
		method, path, body, contentType string
		status                          int
		message                         string
	}{
		"JSON body":       {http.MethodPost, "/v1/customers", `{"name":"Ada"}`, "application/json", 400, "Content-Type"},
		"no type":         {http.MethodPost, "/v1/customers", "name=Ada", "", 400, "Content-Type"},
		"unknown path":    {http.MethodGet, "/v1/charges", "", "", 404, "Unrecognized request URL (GET: /v1/charges)"},
		"unknown method":  {http.MethodPut, "/v1/customers", "", "", 404, "Unrecognized request URL (PUT: /v1/customers)"},
		"trailing slash":  {http.MethodGet, "/v1/customers/", "", "", 404, "Unrecognized request URL"},
		"body too large":  {http.MethodPost, "/v1/customers", "name=" + strings.Repeat("a", 1<<20), "application/x-www-form-urlencoded", 413, "too large"},
		"too many params": {http.MethodPost, "/v1/customers", strings.Repeat("a=b&", 1001), "application/x-www-form-urlencoded", 400, "Too many parameters"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := sim.Call(t, test.method, test.path, test.body, "Content-Type", test.contentType)
			require.Equal(t, test.status, a.Status, "%s", a.Body)
			require.Contains(t, a.Error(t)["message"], test.message)
		})
	}
}

func TestRateLimitsSayWhichOneWasHit(t *testing.T) {
	t.Parallel()
	for knob, reason := range map[string]string{"account_limit": "global-rate", "endpoint_limit": "endpoint-rate"} {
		t.Run(knob, func(t *testing.T) {
			t.Parallel()
			sim := simtest.Start(t)
			sim.Turn(t, map[string]any{knob: 0.01, "retry_after_s": 7})
			require.Equal(t, http.StatusOK, sim.Call(t, http.MethodPost, "/v1/customers", "").Status)

			a := sim.Call(t, http.MethodPost, "/v1/customers", "", "Idempotency-Key", "once")

			require.Equal(t, http.StatusTooManyRequests, a.Status)
			require.Equal(t, "rate_limit", a.Error(t)["code"])
			require.Equal(t, reason, a.Header.Get("Stripe-Rate-Limited-Reason"))
			require.Equal(t, "7", a.Header.Get("Retry-After"))
			other := sim.Call(t, http.MethodGet, "/v1/customers", "")
			require.Equal(t, knob == "account_limit", other.Status == http.StatusTooManyRequests, "another endpoint")
			sim.Turn(t, map[string]any{knob: 0})
			again := sim.Call(t, http.MethodPost, "/v1/customers", "", "Idempotency-Key", "once")
			require.Equal(t, http.StatusOK, again.Status)
			require.Empty(t, again.Header.Get("Idempotent-Replayed"), "a 429 is not stored under a key")
		})
	}
}

func TestUpdatesOfAllCustomersShareOneEndpointLimit(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	first, err := sim.Stripe.Customers.New(nil)
	require.NoError(t, err)
	second, err := sim.Stripe.Customers.New(nil)
	require.NoError(t, err)
	sim.Turn(t, map[string]any{"endpoint_limit": 0.01})

	require.Equal(t, http.StatusOK, sim.Call(t, http.MethodPost, "/v1/customers/"+first.ID, "name=a").Status)
	require.Equal(t, http.StatusTooManyRequests, sim.Call(t, http.MethodPost, "/v1/customers/"+second.ID, "name=b").Status)
	require.Equal(t, http.StatusOK, sim.Call(t, http.MethodGet, "/v1/customers/"+second.ID, "").Status)
}
