package alerts_test

import (
	"context"
	"encoding/json"
	"errors"
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

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/alerts"
)

// service is a Source whose status a test sets.
type service struct {
	status admin.Status
	err    error
}

func (s *service) Status(context.Context) (admin.Status, error) { return s.status, s.err }

// receiver is what alerts are sent to.
type receiver struct {
	mu       sync.Mutex
	messages []string
	refuse   bool
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refuse {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	var body struct{ Text string }
	if json.NewDecoder(request.Body).Decode(&body) == nil {
		r.messages = append(r.messages, body.Text)
	}
}

func setup(t *testing.T) (*service, *receiver, func(rounds int) []string) {
	t.Helper()
	s, r := &service{}, &receiver{}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	w := alerts.New(alerts.Options{Sources: map[string]alerts.Source{"stripe": s}, Webhook: server.URL, Console: "http://c/"})
	return s, r, func(rounds int) []string {
		for range rounds {
			if err := w.RunOnce(t.Context()); err != nil {
				assert.ErrorContains(t, err, "ALERT_WEBHOOK_URL answered 500")
			}
		}
		sent := r.messages
		r.messages = nil
		return sent
	}
}

func TestAProblemIsToldOnceAndOnceMoreWhenItIsOver(t *testing.T) {
	t.Parallel()
	s, _, look := setup(t)
	require.Empty(t, look(3))
	s.status.Records.Failed = 2
	require.Empty(t, look(1), "it may pass")
	require.Equal(t, []string{"stripe: 2 records are parked, because the remote refuses them. " +
		"Open Failures: it groups them by reason, with the fix.\nhttp://c/dashboard"}, look(1))
	s.status.Records.Failed = 3
	require.Empty(t, look(5))
	s.status.Records.Failed = 0
	require.Empty(t, look(1))
	require.Equal(t, []string{"stripe: over: 3 records are parked, because the remote refuses them.\nhttp://c/dashboard"}, look(1))
	require.Empty(t, look(3))
}

func TestARestartTellsNothingAgainAndStillTellsTheEnd(t *testing.T) {
	t.Parallel()
	s, r := &service{}, &receiver{}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	memory := filepath.Join(t.TempDir(), "alerts.json")
	// process runs for some rounds of a millisecond, until it has looked a few times.
	process := func() (told []string) {
		ctx, stop := context.WithCancel(t.Context())
		looked := make(chan struct{})
		w := alerts.New(alerts.Options{
			Sources: map[string]alerts.Source{"stripe": &counting{service: s, after: 6, reached: looked}}, Webhook: server.URL, Memory: memory, Every: time.Millisecond,
		})
		ended := make(chan error, 1)
		go func() { ended <- w.Run(ctx) }()
		<-looked
		stop()
		require.NoError(t, <-ended)
		told, r.messages = r.messages, nil
		return told
	}
	s.status.Records.Failed = 2
	require.Len(t, process(), 1)
	require.Empty(t, process(), "it stands, and was told")
	s.status.Records.Failed = 0
	require.Len(t, process(), 1)
	require.Empty(t, process())
	require.NoError(t, os.WriteFile(memory, []byte("{damaged"), 0o600))
	s.status.Records.Failed = 2
	require.Len(t, process(), 1, "what cannot be read is told rather than forgotten")
}

// counting tells when it was asked a number of times.
type counting struct {
	*service

	after   int
	reached chan struct{}
}

func (c *counting) Status(ctx context.Context) (admin.Status, error) {
	if c.after--; c.after == 0 {
		close(c.reached)
	}
	return c.service.Status(ctx)
}

func TestWhatPassesByItselfWakesNobody(t *testing.T) {
	t.Parallel()
	s, _, look := setup(t)
	for range 5 {
		s.err = errors.New("connection refused")
		require.Empty(t, look(1))
		s.err = nil
		require.Empty(t, look(1))
	}
}

func TestEverythingThatBeginsTogetherIsOneMessage(t *testing.T) {
	t.Parallel()
	s, _, look := setup(t)
	s.status = admin.Status{
		Checks: []admin.Check{
			{Name: "broker", Detail: "connection refused"},
			{Name: "database", OK: true},
			{Name: "stripe", Detail: "the API key was refused"},
		},
		Hops:    []admin.Hop{{Name: "outbox", OldestSeconds: 90}, {Name: "due links", OldestSeconds: 900}},
		Records: admin.Records{Failed: 1, Conflicts: 4},
		Breaker: &admin.Breaker{Open: true, Reason: "the API key was refused"},
		Feed:    &admin.Feed{Gap: "the connector was away for too long", NoticedAt: time.Now().Add(-25 * time.Hour)},
	}
	messages := look(2)
	require.Len(t, messages, 1)
	for _, part := range []string{
		"broker is not well: connection refused", "has waited 1m30s", "1 record is parked", "4 customers wait with a conflict",
		"the API key was refused", "away for too long", "no webhook has come for 25h0m0s",
	} {
		require.Contains(t, messages[0], part)
	}
	require.NotContains(t, messages[0], "database")
	require.Equal(t, 1, strings.Count(messages[0], "the API key was refused"), "once is enough")
	require.NotContains(t, messages[0], "15m")
}

func TestARecordIsParkedAtItsConnectorAlone(t *testing.T) {
	t.Parallel()
	s, _, look := setup(t)
	s.status = admin.Status{Role: "catalog", Records: admin.Records{Failed: 2}}
	require.Empty(t, look(3))
	s.status.Role = "connector"
	require.Len(t, look(2), 1)
}

func TestNothingIsOverBecauseItsServiceIsAway(t *testing.T) {
	t.Parallel()
	s, _, look := setup(t)
	s.status.Records.Failed = 2
	require.Len(t, look(2), 1)
	s.err = errors.New("connection refused")
	require.Equal(t, []string{"stripe: it does not answer. Look at its log and at /readyz?verbose.\nhttp://c/dashboard"}, look(3))
	s.err = nil
	require.Equal(t, []string{"stripe: over: it does not answer.\nhttp://c/dashboard"}, look(3))
	s.status.Records.Failed = 0
	require.Equal(t, []string{"stripe: over: 2 records are parked, because the remote refuses them.\nhttp://c/dashboard"}, look(3))
}

func TestWhatCouldNotBeSentIsToldLater(t *testing.T) {
	t.Parallel()
	s, r, look := setup(t)
	s.err, r.refuse = errors.New("connection refused"), true
	require.Empty(t, look(4))
	r.refuse = false
	require.Equal(t, []string{"stripe: it does not answer. Look at its log and at /readyz?verbose.\nhttp://c/dashboard"}, look(1))
	s.err, r.refuse = nil, true
	require.Empty(t, look(4))
	r.refuse = false
	require.Equal(t, []string{"stripe: over: it does not answer.\nhttp://c/dashboard"}, look(1))
}

func TestAWatchEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	w := alerts.New(alerts.Options{Sources: map[string]alerts.Source{"stripe": &service{err: context.Canceled}}, Webhook: "http://127.0.0.1:1/secret"})
	require.NoError(t, w.Run(ctx))
}

func TestTheAddressOfTheWebhookIsNotInErrors(t *testing.T) {
	t.Parallel()
	w := alerts.New(alerts.Options{Sources: map[string]alerts.Source{"stripe": &service{err: errors.New("x")}}, Webhook: "http://127.0.0.1:1/secret"})
	require.NoError(t, w.RunOnce(t.Context()))
	err := w.RunOnce(t.Context())
	require.Error(t, err)
	require.NotContains(t, err.Error(), "secret")
}

// watchOf looks with a patience for what operators stopped.
func watchOf(t *testing.T, s *service, r *receiver, hold time.Duration) *alerts.Watch {
	t.Helper()
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	return alerts.New(alerts.Options{Sources: map[string]alerts.Source{"stripe": s}, Webhook: server.URL, Hold: hold})
}

func TestWhatOperatorsStoppedIsToldOnceWhileCustomersWaitAndWhenItIsOver(t *testing.T) {
	t.Parallel()
	s, r := &service{}, &receiver{}
	w := watchOf(t, s, r, time.Nanosecond)
	look := func() {
		for range 4 {
			require.NoError(t, w.RunOnce(t.Context()))
		}
	}
	s.status = admin.Status{Draining: true, Paused: []string{admin.Outbound, admin.Inbound}}
	look()
	require.Empty(t, r.messages, "nobody waits")
	s.status.Records = admin.Records{Pending: 2, Retrying: 1}
	look()
	require.Equal(t, []string{"stripe: it is draining, so it takes nothing new and what goes to the remote is paused and what comes from the remote is paused, and 3 customers wait. " +
		"An operator wanted it so: end it on Workers when it was forgotten."}, r.messages)
	s.status.Records.Pending = 9
	look()
	require.Len(t, r.messages, 1)
	s.status.Draining, s.status.Paused = false, nil
	look()
	require.Len(t, r.messages, 2)
	require.Contains(t, r.messages[1], "stripe: over: it is draining")
}

func TestAShortPauseWakesNobody(t *testing.T) {
	t.Parallel()
	s, r := &service{}, &receiver{}
	w := watchOf(t, s, r, 0) // the default is minutes
	s.status = admin.Status{Paused: []string{admin.Outbound}, Records: admin.Records{Pending: 2}}
	for range 10 {
		require.NoError(t, w.RunOnce(t.Context()))
	}
	require.Empty(t, r.messages)
}
