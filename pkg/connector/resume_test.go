package connector_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/connector"
)

// backingOff makes two records wait for an hour because the remote did not answer. The first that is returned has the
// smaller id, and is due later.
func backingOff(t *testing.T, options ...func(*connector.Options)) (b *bundle, low, high string) {
	t.Helper()
	b, remote := setupRefusing(t, append(options, func(o *connector.Options) {
		o.Backoff = func(int) time.Duration { return time.Hour }
	})...)
	one, other := customer("Ada"), customer("Grace")
	if one.ID < other.ID {
		one, other = other, one
	}
	remote.fail(errors.New("connection reset"))
	b.deliver(one)
	b.turn()
	b.deliver(other)
	b.turn()
	remote.fail(nil)
	for hours, id := range []string{1: one.ID, 2: other.ID} {
		require.NoError(t, b.db.Exec(`UPDATE links SET due_at = now() + make_interval(hours => ?) WHERE local_id::text = ?`, hours, id).Error)
	}
	return b, other.ID, one.ID
}

// run runs the engine until stop is called, at the latest at the end of the test.
func (b *bundle) run() (stop func()) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		assert.NoError(b.t, b.engine.Run(ctx))
	}()
	stop = func() { cancel(); <-done }
	b.t.Cleanup(stop)
	return stop
}

func TestTheEndOfAnOutageDoesNotLockRecordsAgainstTheOrderOfTheInputs(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	b, low, high := backingOff(t, func(o *connector.Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	log.Reset()
	stop := func() {}
	const lock = `SELECT local_id FROM links WHERE local_id = ? FOR UPDATE`
	require.NoError(t, b.db.Transaction(func(tx *gorm.DB) error { // an input, which takes them in the order of their ids
		var me int
		require.NoError(t, tx.Raw(`SELECT pg_backend_pid()`).Scan(&me).Error)
		require.NoError(t, tx.Exec(lock, low).Error)
		stop = b.run()
		require.Eventually(t, func() bool {
			var waits bool
			require.NoError(t, b.db.Raw(`SELECT EXISTS (SELECT FROM pg_stat_activity WHERE ? = ANY(pg_blocking_pids(pid)))`, me).Scan(&waits).Error)
			return waits
		}, 10*time.Second, 10*time.Millisecond)
		return tx.Exec(lock, high).Error
	}))
	require.Eventually(t, func() bool { return len(b.remote.Objects()) == 2 }, 10*time.Second, 5*time.Millisecond)
	stop()
	require.NotContains(t, log.String(), "not brought forward")
}

func TestWhatAnOutageHeldBackComesBackAlsoWhenTheDatabaseIsAwayAtItsEnd(t *testing.T) {
	t.Parallel()
	b, _, _ := backingOff(t)
	var failures atomic.Int64
	away := func(db *gorm.DB) {
		if strings.Contains(db.Statement.SQL.String(), "attempts - 1") && failures.Add(1) <= 3 {
			require.ErrorContains(t, db.AddError(errors.New("the database is away")), "away")
		}
	}
	require.NoError(t, b.db.Callback().Raw().Before("gorm:raw").Register("away", away))
	b.run()
	require.Eventually(t, func() bool { return len(b.remote.Objects()) == 2 }, 10*time.Second, 5*time.Millisecond)
	require.GreaterOrEqual(t, failures.Load(), int64(4))
}
