package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/outbox"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
)

func TestWakeIsImmediate(t *testing.T) {
	t.Parallel()
	db, b := open(t), newBroker()
	r := outbox.NewRelay(db, b, outbox.RelayOptions{Poll: time.Hour})
	run(t, r)
	for i := range 20 {
		require.NoError(t, outbox.Append(db, numbered(fmt.Sprintf("round%d-", i), 1)...))
		r.Wake()
		b.await(t, i+1) // the hour never passes
	}
}

func TestPollFindsWhatNobodyWokeItFor(t *testing.T) {
	t.Parallel()
	db, b := open(t), newBroker()
	run(t, outbox.NewRelay(db, b, outbox.RelayOptions{Poll: 10 * time.Millisecond}))
	require.NoError(t, outbox.Append(db, messages("quiet")...))
	b.await(t, 1)
}

func TestAFullBatchGoesOnAtOnce(t *testing.T) {
	t.Parallel()
	db, b := open(t), newBroker()
	require.NoError(t, outbox.Append(db, numbered("m", 1000)...))
	run(t, outbox.NewRelay(db, b, outbox.RelayOptions{Poll: time.Hour, Batch: 10}))
	b.await(t, 1000)
	for i, id := range b.order {
		require.Equal(t, fmt.Sprintf("m%d", i), id, "oldest first")
	}
}

// A cursor would have moved past the lower id by the time it is committed.
func TestALowerIDThatCommitsLaterIsNotMissed(t *testing.T) {
	t.Parallel()
	db, b := open(t), newBroker()
	r := outbox.NewRelay(db, b, outbox.RelayOptions{})
	commit := appendLate(t, db, messages("lower")...)
	require.NoError(t, outbox.Append(db, messages("higher")...))
	n, err := r.RunOnce(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	commit(nil)
	n, err = r.RunOnce(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, []string{"higher", "lower"}, b.order)
}

func TestWritersThatCommitInAnyOrderLoseNothing(t *testing.T) {
	t.Parallel()
	db, b := open(t), newBroker()
	relays := []*outbox.Relay{
		outbox.NewRelay(db, b, outbox.RelayOptions{Poll: time.Hour, Batch: 7}),
		outbox.NewRelay(db, b, outbox.RelayOptions{Poll: time.Hour, Batch: 7}), // side by side: another replica
	}
	for _, r := range relays {
		run(t, r)
	}
	var writers errgroup.Group
	for w := range 4 {
		writers.Go(func() error {
			for i := range 50 {
				err := db.Transaction(func(tx *gorm.DB) error {
					if err := outbox.Append(tx, numbered(fmt.Sprintf("w%d-%d-", w, i), 2)...); err != nil {
						return err
					}
					return tx.Exec(`SELECT pg_sleep(?)`, rand.Float64()/100).Error
				})
				if err != nil {
					return err
				}
				relays[rand.N(2)].Wake()
			}
			return nil
		})
	}
	require.NoError(t, writers.Wait())
	b.await(t, 400)
	require.Eventually(t, func() bool { return rows(t, db) == 0 }, patience, 10*time.Millisecond)
	for id, times := range b.confirmed {
		require.Equal(t, 1, times, "%s: only one relay works at a time", id)
	}
}

func TestAWakeWhileAnotherRelayWorksIsNotLost(t *testing.T) {
	t.Parallel()
	db, slow, b := open(t), newBroker(), newBroker()
	started, goOn := make(chan struct{}), make(chan struct{})
	slow.after = func() {
		close(started)
		<-goOn
	}
	require.NoError(t, outbox.Append(db, messages("first")...))
	other := outbox.NewRelay(db, slow, outbox.RelayOptions{})
	done := make(chan error, 1)
	go func() {
		_, err := other.RunOnce(context.Background())
		done <- err
	}()
	<-started

	r := outbox.NewRelay(db, b, outbox.RelayOptions{Poll: time.Hour})
	run(t, r)
	require.NoError(t, outbox.Append(db, messages("second")...))
	r.Wake()
	awaitIdleTurns(t, db, 2) // at first, and when woken
	close(goOn)
	require.NoError(t, <-done)
	b.await(t, 1)
	require.Equal(t, 1, b.times("second"))
	require.Zero(t, b.times("first"), "the other has published and deleted it")
}

func TestACrashBetweenConfirmAndCommitPublishesAgain(t *testing.T) {
	t.Parallel()
	db, b := open(t), newBroker()
	require.NoError(t, outbox.Append(db, numbered("m", 5)...))
	b.after = func() { // the server ends the session that holds the relay's lock
		err := db.Exec(`SELECT pg_terminate_backend(l.pid, 5000) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
			WHERE l.locktype = 'advisory' AND a.application_name = 'datasync ' || current_schema()`).Error
		if err != nil {
			t.Errorf("crash: %v", err)
		}
	}
	r := outbox.NewRelay(db, b, outbox.RelayOptions{})
	n, err := r.RunOnce(t.Context())
	require.Error(t, err)
	require.Zero(t, n)
	require.Equal(t, 5, rows(t, db))

	b.after = nil
	n, err = r.RunOnce(t.Context())
	require.NoError(t, err)
	require.Equal(t, 5, n)
	require.Zero(t, rows(t, db))
	require.Equal(t, 2, b.times("m0"))
}

func TestRowsAreKeptWhileTheBrokerIsAway(t *testing.T) {
	t.Parallel()
	db, b, log, metrics := open(t), newBroker(), newWatchedLog(), prometheus.NewRegistry()
	b.fail = func(rabbitmq.Message) error { return rabbitmq.ErrNotConnected }
	r := outbox.NewRelay(db, b, outbox.RelayOptions{Poll: time.Hour, Log: log.Logger, Metrics: metrics})
	require.NoError(t, outbox.Append(db, numbered("m", 10)...))
	_, err := r.RunOnce(t.Context())
	require.ErrorIs(t, err, rabbitmq.ErrNotConnected)

	run(t, r)
	require.Eventually(t, func() bool {
		return testutil.CollectAndCount(metrics, "datasync_outbox_failed_total") > 0 && b.tried() >= 4
	},
		patience, 5*time.Millisecond)
	require.Equal(t, 1, log.count("the outbox cannot be published"))
	require.Equal(t, 10, rows(t, db))

	b.failWith(nil)
	b.await(t, 10)
	require.Eventually(t, func() bool { return log.count("the outbox is published again") == 1 }, patience, 5*time.Millisecond)
}

func TestARouteThatNobodyWantsHoldsUpNobody(t *testing.T) {
	t.Parallel()
	db, b, log := open(t), newBroker(), newWatchedLog()
	b.fail = func(m rabbitmq.Message) error {
		if m.Key == "unwanted" {
			return rabbitmq.ErrUnroutable
		}
		return nil
	}
	unwanted := numbered("unwanted", 100) // many batches
	for i := range unwanted {
		unwanted[i].Key = "unwanted"
	}
	require.NoError(t, outbox.Append(db, unwanted...))
	require.NoError(t, outbox.Append(db, numbered("wanted", 100)...))
	r := outbox.NewRelay(db, b, outbox.RelayOptions{Poll: time.Hour, Batch: 10, Log: log.Logger})
	run(t, r)
	b.await(t, 100)
	require.Eventually(t, func() bool { return rows(t, db) == 100 }, patience, 5*time.Millisecond)
	require.Equal(t, 1, log.count("messages of this route are kept"))

	b.failWith(nil) // somebody has declared a queue: it is noticed without a wake-up
	b.await(t, 200)
	require.Eventually(t, func() bool { return log.count("published again") == 1 && rows(t, db) == 0 }, patience, 5*time.Millisecond)
}

func TestPartsOfABatchThatFailStay(t *testing.T) {
	t.Parallel()
	db, b := open(t), newBroker()
	b.fail = func(m rabbitmq.Message) error {
		if m.ID == "m3" {
			return rabbitmq.ErrNacked
		}
		return nil
	}
	require.NoError(t, outbox.Append(db, numbered("m", 5)...))
	n, err := outbox.NewRelay(db, b, outbox.RelayOptions{}).RunOnce(t.Context())
	require.NoError(t, err)
	require.Equal(t, 4, n)
	var left []string
	require.NoError(t, db.Raw(`SELECT message_id FROM outbox`).Scan(&left).Error)
	require.Equal(t, []string{"m3"}, left)
}

func TestARouteWhoseRowsSomebodyDeletedIsForgotten(t *testing.T) {
	t.Parallel()
	db, b, log := open(t), newBroker(), newWatchedLog()
	b.fail = func(rabbitmq.Message) error { return rabbitmq.ErrUnroutable }
	run(t, outbox.NewRelay(db, b, outbox.RelayOptions{Poll: 5 * time.Millisecond, Log: log.Logger}))
	require.NoError(t, outbox.Append(db, messages("one")...))
	require.Eventually(t, func() bool { return log.count("messages of this route are kept") == 1 }, patience, time.Millisecond)
	require.NoError(t, db.Exec(`DELETE FROM outbox`).Error)
	tried := b.tried()
	require.NoError(t, outbox.Append(db, messages("two")...))
	require.Eventually(t, func() bool { return b.tried() > tried }, patience, time.Millisecond)
}

func TestWhatWasConfirmedBeforeTheEndIsDeleted(t *testing.T) {
	t.Parallel()
	db, b := open(t), newBroker()
	ctx, cancel := context.WithCancel(t.Context())
	b.fail = func(m rabbitmq.Message) error {
		if m.ID == "m2" {
			cancel()
		}
		return ctx.Err()
	}
	require.NoError(t, outbox.Append(db, numbered("m", 5)...))
	n, err := outbox.NewRelay(db, b, outbox.RelayOptions{}).RunOnce(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 2, n)
	require.Equal(t, 3, rows(t, db))
}

func TestTheAgeOfTheOldestIsMeasured(t *testing.T) {
	t.Parallel()
	db, b, metrics := open(t), newBroker(), prometheus.NewRegistry()
	b.fail = func(rabbitmq.Message) error { return errors.New("no") }
	run(t, outbox.NewRelay(db, b, outbox.RelayOptions{Metrics: metrics, Poll: 5 * time.Millisecond}))
	age := func() float64 {
		families, err := metrics.Gather()
		require.NoError(t, err)
		for _, family := range families {
			if family.GetName() == "datasync_outbox_oldest_seconds" {
				return family.GetMetric()[0].GetGauge().GetValue()
			}
		}
		return -1
	}
	require.NoError(t, db.Transaction(func(tx *gorm.DB) error {
		if err := outbox.Append(tx, messages("one")...); err != nil {
			return err
		}
		return tx.Exec(`UPDATE outbox SET created_at = now() - interval '1 hour'`).Error
	}))
	require.Eventually(t, func() bool { return age() > 3590 }, patience, 5*time.Millisecond)
	b.failWith(nil)
	require.Eventually(t, func() bool { return age() == 0 }, patience, 5*time.Millisecond)
}
