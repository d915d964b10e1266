package connector_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/connector/connectortest"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/record"
)

// laneSpy notes the order and the lane of creates.
type laneSpy struct {
	*connectortest.Memory
	created []string
	bulk    []bool
}

func (s *laneSpy) Create(ctx context.Context, call connector.Call, fields record.Fields) (connector.Object, error) {
	s.created = append(s.created, fields["name"])
	s.bulk = append(s.bulk, connector.IsBulk(ctx))
	return s.Memory.Create(ctx, call, fields)
}

func setupLanes(t *testing.T, workers int) (*bundle, *laneSpy) {
	t.Helper()
	b := setup(t)
	spy := &laneSpy{Memory: b.remote}
	b.engine = b.newEngine(func(o *connector.Options) { o.Remote, o.Workers = spy, workers })
	return b, spy
}

func bulk(name string) event.Snapshot {
	s := customer(name)
	s.Bulk = true
	return s
}

func TestLiveWorkComesBeforeBulkWorkThatHasWaitedForLonger(t *testing.T) {
	t.Parallel()
	b, spy := setupLanes(t, 1)
	b.deliver(bulk("bulk 1"), bulk("bulk 2"))
	b.deliver(customer("live"))
	for range 3 {
		_, err := b.engine.RunOnce(t.Context())
		require.NoError(t, err)
	}
	require.Equal(t, "live", spy.created[0])
	require.Equal(t, []bool{false, true, true}, spy.bulk, "the rate limiter is told")
}

func TestBulkWorkNeverTakesAllWorkers(t *testing.T) {
	t.Parallel()
	b, _ := setupLanes(t, 4)
	for range 6 {
		b.deliver(bulk("bulk"))
	}
	worked, err := b.engine.RunOnce(t.Context())
	require.NoError(t, err)
	require.Equal(t, 3, worked)
	b.deliver(customer("live"), customer("live"))
	worked, err = b.engine.RunOnce(t.Context())
	require.NoError(t, err)
	require.Equal(t, 4, worked, "what live work leaves over is for bulk work")
}

func TestLiveWorkThatNeverEndsDoesNotStopBulkWorkForGood(t *testing.T) {
	t.Parallel()
	b, spy := setupLanes(t, 1)
	b.deliver(bulk("bulk"))
	for range 8 {
		b.deliver(customer("live"), customer("live"))
		_, err := b.engine.RunOnce(t.Context())
		require.NoError(t, err)
	}
	require.Contains(t, spy.created, "bulk")
	require.Len(t, spy.created, 8, "and a claim is never wasted")
}

func TestALiveEventBringsABulkRecordForward(t *testing.T) {
	t.Parallel()
	b, spy := setupLanes(t, 1)
	s := bulk("old")
	b.deliver(s)
	s = next(s, record.Patch{"name": "new"})
	s.Bulk = false
	b.deliver(s)
	late := next(s, record.Patch{"name": "newest"})
	late.Bulk = true
	b.deliver(late)
	b.work()
	require.Equal(t, []string{"newest"}, spy.created)
	require.Equal(t, []bool{false}, spy.bulk, "a bulk event does not put off a record that has live work")
}

func TestAnOfferedCustomerGetsNoObjectUntilItChanges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := customer("Ada")
	s.Bulk, s.Offer = true, true
	b.deliver(s)
	require.False(t, b.due())
	require.NoError(t, b.db.Exec(`UPDATE links SET checks = checks + 1, due_at = now()`).Error) // as a sweep would
	b.work()
	require.Empty(t, b.remote.Objects())
	_, states := b.sent()
	for _, state := range states {
		require.Equal(t, event.StatePending, state.State)
	}

	s = next(s, record.Patch{"phone": "1"})
	s.Bulk, s.Offer = false, false
	b.deliver(s)
	b.work()
	require.Equal(t, "1", b.object(s.ID).Fields["phone"])
}

func TestAnOfferOfACustomerThatHasAnObjectIsAnEventLikeAnyOther(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, object := b.synced()
	s = next(s, record.Patch{"phone": "1"})
	s.Bulk, s.Offer = true, true
	b.deliver(s)
	b.work()
	require.Equal(t, "1", b.object(s.ID).Fields["phone"])
	require.Equal(t, object.ID, b.object(s.ID).ID)
}
