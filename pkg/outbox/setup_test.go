package outbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/outbox"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
)

const patience = 20 * time.Second

func open(t *testing.T) *gorm.DB {
	t.Helper()
	return postgrestest.Open(t, outbox.Migrations)
}

// broker is a Publisher that remembers what it has confirmed and can be told to fail.
type broker struct {
	mu        sync.Mutex
	confirmed map[string]int
	order     []string
	calls     int
	fail      func(m rabbitmq.Message) error // nil: never
	after     func()                         // called once a batch is confirmed
}

func newBroker() *broker { return &broker{confirmed: map[string]int{}} }

func (b *broker) Publish(_ context.Context, msgs []rabbitmq.Message) []error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls++
	errs := make([]error, len(msgs))
	for i, m := range msgs {
		if b.fail != nil {
			errs[i] = b.fail(m)
		}
		if errs[i] == nil {
			b.confirmed[m.ID]++
			b.order = append(b.order, m.ID)
		}
	}
	if b.after != nil {
		b.after()
	}
	return errs
}

func (b *broker) failWith(fail func(m rabbitmq.Message) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail = fail
}

func (b *broker) times(id string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.confirmed[id]
}

func (b *broker) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.confirmed)
}

func (b *broker) tried() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.calls
}

func (b *broker) await(t *testing.T, n int) {
	t.Helper()
	require.Eventually(t, func() bool { return b.count() >= n }, patience, 2*time.Millisecond)
}

// run runs a relay until the test ends or until the returned function is called.
func run(t *testing.T, r *outbox.Relay) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func messages(ids ...string) []rabbitmq.Message {
	msgs := make([]rabbitmq.Message, 0, len(ids))
	for _, id := range ids {
		msgs = append(msgs, rabbitmq.Message{Exchange: "events", Key: "work.done", ID: id, Body: []byte("{}")})
	}
	return msgs
}

func numbered(prefix string, n int) []rabbitmq.Message {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("%s%d", prefix, i)
	}
	return messages(ids...)
}

func rows(t *testing.T, db *gorm.DB) (n int) {
	t.Helper()
	require.NoError(t, db.Raw(`SELECT count(*) FROM outbox`).Scan(&n).Error)
	return n
}

// appendLate appends in a transaction that is not committed yet. commit ends it.
func appendLate(t *testing.T, db *gorm.DB, msgs ...rabbitmq.Message) (commit func(failure error)) {
	t.Helper()
	appended, end, ended := make(chan error, 1), make(chan error), make(chan error)
	go func() {
		ended <- db.Transaction(func(tx *gorm.DB) error {
			appended <- outbox.Append(tx, msgs...)
			return <-end
		})
	}()
	require.NoError(t, <-appended)
	return func(failure error) {
		end <- failure
		if err := <-ended; !errors.Is(err, failure) {
			t.Errorf("commit: %v", err)
		}
	}
}

// awaitIdleTurns waits until relays of db have found that another one is at work, n times.
func awaitIdleTurns(t *testing.T, db *gorm.DB, n int) {
	t.Helper()
	ends := map[time.Time]bool{}
	require.Eventually(t, func() bool {
		var last []time.Time
		err := db.Raw(`SELECT query_start FROM pg_stat_activity
			WHERE application_name = 'datasync ' || current_schema() AND query = 'COMMIT'`).Scan(&last).Error
		for _, end := range last {
			ends[end] = true
		}
		return err == nil && len(ends) >= n
	}, patience, time.Millisecond)
}

// watchedLog is a log that a test can look at.
type watchedLog struct {
	*slog.Logger
	mu   sync.Mutex
	text bytes.Buffer
}

func newWatchedLog() *watchedLog {
	l := &watchedLog{}
	l.Logger = slog.New(slog.NewTextHandler(l, nil))
	return l
}

func (l *watchedLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *watchedLog) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Count(l.text.Bytes(), []byte(text))
}
