package connector_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/record"
)

// sweeping is an engine over six records that nobody has looked at for long, one of which has drifted.
func sweeping(t *testing.T, every time.Duration) (b *bundle, drifted string) {
	t.Helper()
	b = setup(t)
	b.engine = b.newEngine(func(o *connector.Options) { o.SweepEvery, o.Workers = every, 2 })
	for range 6 {
		s := customer("Ada")
		b.deliver(s)
		drifted = s.ID
	}
	b.work()
	b.remote.Edit(b.object(drifted).ID, record.Patch{"phone": "1"})
	b.notices = nil // nobody hears of it
	b.sent()
	require.NoError(t, b.db.Exec(`UPDATE links SET looked_at = now() - interval '1 hour'`).Error)
	return b, drifted
}

func TestTheSweepFindsADriftThatNobodyToldOf(t *testing.T) {
	t.Parallel()
	b, drifted := sweeping(t, 60*time.Millisecond)
	var most int
	b.eventually(func() bool {
		raised, err := b.engine.Sweep(t.Context())
		require.NoError(t, err)
		most = max(most, raised)
		b.work()
		changes, _ := b.sent()
		return len(changes) == 1 && changes[0].ID == drifted
	})
	require.LessOrEqual(t, most, 2, "a little at a time")
	require.NoError(t, b.db.Exec(`UPDATE links SET looked_at = now() + interval '1 hour'`).Error)
	for range 5 {
		raised, err := b.engine.Sweep(t.Context())
		require.NoError(t, err)
		require.Zero(t, raised, "what was just looked at needs no look")
	}
}

func TestTheSweepGivesWay(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(b *bundle){
		"to live work that waits": func(b *bundle) {
			b.deliver(customer("Grace"))
			require.NoError(b.t, b.db.Exec(`UPDATE links SET due_at = now() - interval '2 seconds' WHERE due_at IS NOT NULL`).Error)
		},
		"to an operator who has paused the direction": func(b *bundle) { b.operate(func(c *admin.Control) { c.Inbound = false }) },
		"when it is off": func(b *bundle) { b.engine = b.newEngine() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, _ := sweeping(t, time.Millisecond)
			_, err := b.engine.Sweep(t.Context()) // begins the first lap
			require.NoError(t, err)
			stop(b)
			for range 5 {
				raised, err := b.engine.Sweep(t.Context())
				require.NoError(t, err)
				require.Zero(t, raised)
			}
		})
	}
}

func TestOldNoticesAreForgotten(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, id := range []string{"old", "young"} {
		require.NoError(t, b.engine.Notify(t.Context(), connector.Notice{EventID: id}))
	}
	require.NoError(t, b.db.Exec(`UPDATE inbox SET received_at = now() - interval '36 days' WHERE event_id = 'old'`).Error)
	purged, err := b.engine.Purge(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, purged)
	require.Len(t, b.inbox(), 1)
}
