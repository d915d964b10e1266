package stripeclient_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/connector"
)

const invalid = "invalid_request_error"

func TestErrorsAreClassified(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   connector.Error // what counts of it
	}{
		"a refused key":        {reply(401, told(invalid, "", "")), connector.Error{Class: connector.Operator}},
		"an expired key":       {reply(401, told(invalid, "api_key_expired", "")), connector.Error{Class: connector.Operator}},
		"a missing permission": {reply(403, told(invalid, "", "")), connector.Error{Class: connector.Operator}},

		"a rate limit":              {reply(429, told(invalid, "rate_limit", ""), "Retry-After", "7"), connector.Error{Class: connector.Throttled, After: 7 * time.Second}},
		"a rate limit without time": {reply(429, told(invalid, "rate_limit", "")), connector.Error{Class: connector.Throttled}},
		"a rate limit told not to retry": {
			reply(429, told(invalid, "rate_limit", ""), "Stripe-Should-Retry", "false"), connector.Error{Class: connector.Throttled},
		},
		"a lock timeout": {reply(429, told(invalid, "lock_timeout", ""), "Stripe-Should-Retry", "true"), connector.Error{Class: connector.Throttled}},

		"the same call under way": {reply(409, told("idempotency_error", "idempotency_key_in_use", "")), connector.Error{Class: connector.Transient}},
		"another conflict":        {reply(409, told(invalid, "", "")), connector.Error{Class: connector.Transient}},
		"a conflict that stays": {
			reply(409, told(invalid, "", ""), "Stripe-Should-Retry", "false"), connector.Error{Class: connector.Transient, Burnt: true},
		},

		"a 500":           {reply(500, told("api_error", "", "")), connector.Error{Class: connector.Transient, Burnt: true}},
		"a 503":           {reply(503, told("api_error", "", "")), connector.Error{Class: connector.Transient, Burnt: true}},
		"a replayed 500":  {reply(500, told("api_error", "", ""), "Idempotent-Replayed", "true"), connector.Error{Class: connector.Transient, Burnt: true}},
		"a 500 to retry":  {reply(500, told("api_error", "", ""), "Stripe-Should-Retry", "true"), connector.Error{Class: connector.Transient}},
		"a 500 not to":    {reply(500, told("api_error", "", ""), "Stripe-Should-Retry", "false"), connector.Error{Class: connector.Transient, Burnt: true}},
		"a 502 of a gate": {reply(502, "<html>bad gateway</html>", "Request-Id", ""), connector.Error{Class: connector.Transient}},
		"a 504 of a gate": {reply(504, "", "Request-Id", ""), connector.Error{Class: connector.Transient}},
		"a 500 that replays for ever": {
			reply(500, told("api_error", "", ""), "Idempotent-Replayed", "true", "Stripe-Should-Retry", "true"),
			connector.Error{Class: connector.Transient, Burnt: true},
		},

		"a key with other content": {reply(400, told("idempotency_error", "", "")), connector.Error{Class: connector.Transient, Burnt: true}},
		"a bad email":              {reply(400, told(invalid, "email_invalid", "email")), connector.Error{Class: connector.Permanent, Field: "email"}},
		"a bad country":            {reply(400, told(invalid, "", "address[country]")), connector.Error{Class: connector.Permanent, Field: "address.country"}},
		"a 402":                    {reply(402, told("card_error", "card_declined", "")), connector.Error{Class: connector.Permanent}},
		"a 400 to retry": {
			reply(400, told(invalid, "", "email"), "Stripe-Should-Retry", "true"), connector.Error{Class: connector.Transient},
		},
		"a missing reference": {reply(400, told(invalid, "resource_missing", "source")), connector.Error{Class: connector.Permanent}},

		"an unknown URL":       {reply(404, told(invalid, "", "")), connector.Error{Class: connector.Operator}},
		"a page not found":     {reply(404, "<html>nothing here</html>"), connector.Error{Class: connector.Operator}},
		"another site":         {reply(301, "", "Location", "https://example.com"), connector.Error{Class: connector.Operator}},
		"no JSON with success": {reply(200, "<html>"+email+"</html>"), connector.Error{Class: connector.Transient}},
		"half a body":          {reply(200, `{"id":`, "Content-Length", "500"), connector.Error{Class: connector.Transient}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, c.answer)
			failure := failed(t, create(t.Context(), f.client))
			got := connector.Error{Class: failure.Class, After: failure.After, Burnt: failure.Burnt, Field: failure.Field}
			require.Equal(t, c.want, got, failure.Reason)
			require.NotErrorIs(t, failure, connector.ErrGone)
			require.NotContains(t, f.log.String(), email)
		})
	}
}

func TestAnErrorTellsStatusAndRequest(t *testing.T) {
	t.Parallel()
	failure := failed(t, create(t.Context(), newFake(t, reply(500, told("api_error", "", ""))).client))
	require.Equal(t, 500, failure.Status)
	require.Equal(t, "req_1", failure.RequestID)
	require.ErrorContains(t, failure, "500 api_error")
}

func TestWhatIsMissingIsGone(t *testing.T) {
	t.Parallel()
	f := newFake(t, reply(404, told(invalid, "resource_missing", "id")))
	require.ErrorIs(t, create(t.Context(), f.client), connector.ErrGone)
	require.ErrorIs(t, get(t.Context(), f.client), connector.ErrGone)
	f = newFake(t, reply(400, told(invalid, "resource_missing", "customer")))
	require.ErrorIs(t, get(t.Context(), f.client), connector.ErrGone)
}

func TestAReadIsNeverTheRecordsFault(t *testing.T) {
	t.Parallel()
	failure := failed(t, get(t.Context(), newFake(t, reply(400, told(invalid, "resource_missing", "starting_after"))).client))
	require.Equal(t, connector.Transient, failure.Class)
	require.Empty(t, failure.Field)
}

func TestReasonsSayWhatToDoWithoutTheValue(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		told(invalid, "email_invalid", "email"):                    "Stripe does not accept this email address; correct email",
		told(invalid, "parameter_missing", "shipping[name]"):       "Stripe does not take the record without shipping.name; set it",
		told(invalid, "parameter_invalid_empty", "shipping[name]"): "Stripe does not take an empty shipping.name; set it",
		told(invalid, "", "shipping[address][country]"):            "Stripe does not know this country; set shipping.address.country to a two-letter code such as DE or US",
		told(invalid, "", "preferred_locales[0]"):                  "Stripe does not accept these languages; set preferred_locales to codes such as en or fr-FR",
		told(invalid, "", "metadata[plan]"):                        "Stripe refuses the value of metadata.plan; correct it",
		told(invalid, "some_new_code", "phone"):                    "Stripe refuses the value of phone (some_new_code); correct it",
		told(invalid, "Ada Lovelace", "phone"):                     "Stripe refuses the value of phone; correct it",
		told(invalid, "", "expand"):                                "Stripe refuses this record; see the request in Stripe's dashboard, then change the record",
		`{"error":{"type":"x","param":"name","message":"Invalid string: Ada...; must be at most 256 characters"}}`: "Stripe takes at most 256 characters for name; shorten it",
		`{"error":{"type":"x","param":"metadata","message":"Metadata can have up to 50 keys"}}`:                    "Stripe takes at most 50 keys for metadata; shorten it",
	} {
		failure := failed(t, create(t.Context(), newFake(t, reply(400, body)).client))
		require.Equal(t, want, failure.Reason)
		require.Equal(t, connector.Permanent, failure.Class)
	}
}
