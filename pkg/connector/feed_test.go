package connector_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/record"
)

// polling runs the feed pollers of so many replicas until the test ends.
func (b *bundle) polling(replicas int) {
	b.t.Helper()
	for range replicas {
		engine := b.newEngine(func(o *connector.Options) { o.PollInterval = 20 * time.Millisecond })
		ctx, stop := context.WithCancel(b.t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			assert.NoError(b.t, engine.PollFeed(ctx))
		}()
		b.t.Cleanup(func() { stop(); <-done })
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
