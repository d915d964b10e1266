package connector_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/connector/connectortest"
	"github.com/datasync-dev/datasync/pkg/record"
)

// polling runs the feed pollers of so many replicas until the test ends.
func (b *bundle) polling(replicas int) {
	b.t.Helper()
	for range replicas {
		b.running(b.newEngine(func(o *connector.Options) { o.PollInterval = 20 * time.Millisecond }).PollFeed)
	}
}

// position is how far the feed has been read.
func (b *bundle) position() (position string) {
	b.t.Helper()
	require.NoError(b.t, b.db.Raw(`SELECT COALESCE((SELECT position FROM feeds), '')`).Scan(&position).Error)
	return position
}

func (b *bundle) eventually(condition func() bool) {
	b.t.Helper()
	require.Eventually(b.t, condition, 10*time.Second, 5*time.Millisecond)
}

func TestLostWebhooksAreFoundInTheFeed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, object := b.synced()
	b.polling(2)
	b.eventually(func() bool { return b.position() == "1" }) // from here on; what was before is not news
	for _, phone := range []string{"1", "2", "3", "4", "5"} {
		b.remote.Edit(object.ID, record.Patch{"phone": phone})
	}
	require.NoError(t, b.engine.Notify(t.Context(), b.notices[0])) // the one webhook that arrived
	b.eventually(func() bool { return b.position() == "6" })
	require.Len(t, b.inbox(), 5, "each once, whichever way it came")
	b.work()
	changes, _ := b.sent()
	require.Equal(t, map[string]string{"phone": "5@1"}, values(changes[len(changes)-1]))
}

func TestAFeedThatCouldNotBeReadIsReadAgainSoon(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var failures atomic.Int64
	b.remote.Unreadable = func() bool { return failures.Add(1) <= 3 }
	b.running(b.newEngine(func(o *connector.Options) {
		o.PollInterval = time.Hour
		o.Backoff = func(int) time.Duration { return time.Millisecond }
	}).PollFeed)
	b.eventually(func() bool { return b.position() == "0" })
	require.EqualValues(t, 4, failures.Load())
}

// dying is a remote whose feed is read by a replica that dies before it has an answer.
type dying struct {
	*connectortest.Memory
	die func()
}

func (d dying) Since(ctx context.Context, _ string) (connector.FeedPage, error) {
	d.die()
	return connector.FeedPage{}, ctx.Err()
}

func TestTheTurnOfAReplicaThatDiesIsMadeUpForWhenItsLeaseEnds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lease := func(o *connector.Options) {
		o.PollInterval, o.Lease, o.CallTimeout = time.Minute, 50*time.Millisecond, 40*time.Millisecond
	}
	ctx, die := context.WithCancel(t.Context())
	require.NoError(t, b.newEngine(lease, func(o *connector.Options) { o.Remote = dying{b.remote, die} }).PollFeed(ctx))
	b.eventually(func() bool { // each of these is a replica that starts, and looks once
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		return b.newEngine(lease).PollFeed(ctx) == nil && b.position() == "0"
	})
}

func TestAFeedThatWasReadIsLeftAloneUntilTheNextTurn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var reads atomic.Int64
	b.remote.Unreadable = func() bool { reads.Add(1); return false }
	for range 3 {
		b.running(b.newEngine(func(o *connector.Options) { o.PollInterval = time.Hour }).PollFeed)
	}
	b.eventually(func() bool { return b.position() == "0" })
	require.EqualValues(t, 1, reads.Load())
}

func TestAFeedThatDoesNotReachBackSaysThatAFullComparisonIsDue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.db.Exec(`INSERT INTO feeds (kind, position) VALUES ('customer', 'long ago')`).Error)
	b.polling(1)
	var gap string
	b.eventually(func() bool {
		return b.db.Raw(`SELECT gap FROM feeds`).Scan(&gap).Error == nil && gap != "" && b.position() == "0"
	})
	require.Contains(t, gap, "compare everything")
}
