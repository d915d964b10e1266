package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
	stripehook "github.com/stripe/stripe-go/v76/webhook"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/customers"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/events"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/webhook"
)

const (
	secret  = "whsec_new"
	retired = "whsec_old"
)

// intake notes what it is told.
type intake struct {
	mu      sync.Mutex
	notices []connector.Notice
	err     error
}

// Notify implements webhook.Intake.
func (i *intake) Notify(_ context.Context, n connector.Notice) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.err == nil {
		i.notices = append(i.notices, n)
	}
	return i.err
}

type setup struct {
	handler *webhook.Handler
	intake  *intake
	log     *bytes.Buffer
}

func newSetup() setup {
	s := setup{intake: &intake{}, log: &bytes.Buffer{}}
	s.handler = webhook.NewHandler(webhook.Options{
		Intake: s.intake, Reader: events.Reader{Marks: customers.Marks{Name: "stripe"}}, Secrets: webhook.Always(secret, retired),
		Log: slog.New(slog.NewTextHandler(s.log, nil)),
	})
	return s
}

// deliver sends a body as Stripe would.
func (s setup) deliver(body, signature string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/webhooks/stripe", strings.NewReader(body))
	if signature != "" {
		r.Header.Set("Stripe-Signature", signature)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

// sign makes the header for a body, signed some time ago.
func sign(body, with string, age time.Duration) string {
	return stripehook.GenerateTestSignedPayload(&stripehook.UnsignedPayload{
		Payload: []byte(body), Secret: with, Timestamp: time.Now().Add(-age),
	}).Header
}

// customerEvent is an event about cus_1 with more properties, as JSON.
func customerEvent(kind, more string) string {
	return `{"id":"evt_1","object":"event","api_version":"` + stripe.APIVersion + `","type":"` + kind + `","livemode":false,` +
		`"data":{"object":{"id":"cus_1","object":"customer","name":"Ada","email":"ada@example.com"}}` + more + `}`
}

func TestASignedEventIsStoredAndAnswered(t *testing.T) {
	t.Parallel()
	s := newSetup()
	body := customerEvent("customer.updated", `,"request":{"id":"req_1","idempotency_key":"key-1"}`)
	w := s.deliver(body, sign(body, secret, 0))
	require.Equal(t, http.StatusOK, w.Code)
	require.JSONEq(t, `{"received":true}`, w.Body.String())
	require.Equal(t, []connector.Notice{{
		EventID: "evt_1", Type: "customer.updated", RemoteID: "cus_1", Key: "key-1",
		Fields: record.Fields{"name": "Ada", "email": "ada@example.com"},
	}}, s.intake.notices)
	require.Empty(t, s.log.String())
}

func TestEverySecretIsTakenWhileTheyAreRotated(t *testing.T) {
	t.Parallel()
	for _, with := range []string{secret, retired} {
		s := newSetup()
		body := customerEvent("customer.created", "")
		require.Equal(t, http.StatusOK, s.deliver(body, sign(body, with, 0)).Code)
		require.Len(t, s.intake.notices, 1)
	}
	s := newSetup()
	body := customerEvent("customer.created", "")
	both := sign(body, "whsec_unknown", 0) + ",v1=" + strings.Split(sign(body, secret, 0), "v1=")[1]
	require.Equal(t, http.StatusOK, s.deliver(body, both).Code, "Stripe signs with both")
}

func TestWhatStripeDidNotSignIsRefusedAndNotStored(t *testing.T) {
	t.Parallel()
	body := customerEvent("customer.created", "")
	for name, c := range map[string]struct {
		body, signature string
		status          int
		code            string
	}{
		"no signature":         {body, "", 400, "signature_missing"},
		"nonsense":             {body, "hello", 400, "signature_malformed"},
		"no time":              {body, "v1=00", 400, "signature_too_old"},
		"an odd time":          {body, "t=yesterday,v1=00", 400, "signature_malformed"},
		"an unknown secret":    {body, sign(body, "whsec_unknown", 0), 400, "signature_wrong"},
		"no signature in it":   {body, "t=1700000000", 400, "signature_wrong"},
		"an old scheme only":   {body, strings.Replace(sign(body, secret, 0), "v1=", "v0=", 1), 400, "signature_wrong"},
		"a changed body":       {body + " ", sign(body, secret, 0), 400, "signature_wrong"},
		"a replay":             {body, sign(body, secret, 6*time.Minute), 400, "signature_too_old"},
		"a huge body":          {strings.Repeat("x", 1<<20+1), "", 413, "body_too_large"},
		"signed, but no JSON":  {"hello", sign("hello", secret, 0), 400, "not_an_event"},
		"signed, but empty":    {"", sign("", secret, 0), 400, "not_an_event"},
		"signed, but no event": {"{}", sign("{}", secret, 0), 400, "not_an_event"},
		"signed, but no type":  {`{"id":"evt_1"}`, sign(`{"id":"evt_1"}`, secret, 0), 400, "not_an_event"},
		"signed, with an odd id": {
			`{"id":"a\u0000b","type":"x"}`, sign(`{"id":"a\u0000b","type":"x"}`, secret, 0), 400, "not_an_event",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetup()
			w := s.deliver(c.body, c.signature)
			require.Equal(t, c.status, w.Code)
			require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
			var problem struct{ Title, Code, Detail string }
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &problem))
			require.Equal(t, c.code, problem.Code)
			require.NotEmpty(t, problem.Title)
			require.NotEmpty(t, problem.Detail)
			require.Empty(t, s.intake.notices)
			require.Contains(t, s.log.String(), c.code)
			require.NotContains(t, s.log.String(), "ada@example.com")
		})
	}
}

func TestABodyThatBreaksOffIsNotStored(t *testing.T) {
	t.Parallel()
	s := newSetup()
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", iotest.ErrReader(errors.New("cut"))))
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Empty(t, s.intake.notices)
}

func TestStrangersCannotFillTheLog(t *testing.T) {
	t.Parallel()
	s := newSetup()
	for range 1000 {
		s.deliver("{}", "")
	}
	require.LessOrEqual(t, strings.Count(s.log.String(), "\n"), 3)
}

func TestAnEventThatCannotBeStoredIsAskedForAgain(t *testing.T) {
	t.Parallel()
	s := newSetup()
	s.intake.err = errors.New("the database is away")
	body := customerEvent("customer.created", "")
	w := s.deliver(body, sign(body, secret, 0))
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.NotEmpty(t, w.Header().Get("Retry-After"))
	require.Contains(t, s.log.String(), "evt_1")
	require.NotContains(t, w.Body.String(), "the database is away")
}

func TestAnotherAPIVersionIsTakenAndSaidOnce(t *testing.T) {
	t.Parallel()
	s := newSetup()
	body := strings.Replace(customerEvent("customer.created", ""), stripe.APIVersion, "2026-08-26.dahlia", 1)
	for range 3 {
		require.Equal(t, http.StatusOK, s.deliver(body, sign(body, secret, 0)).Code)
	}
	require.Len(t, s.intake.notices, 3)
	require.Equal(t, 1, strings.Count(s.log.String(), "2026-08-26.dahlia"))
}
