package connector_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/pkg/tracing"
)

// parents are the trace contexts of what waits in the outbox, oldest first; it is taken out.
func (b *bundle) parents() (parents []string) {
	b.t.Helper()
	require.NoError(b.t, b.db.Raw(`WITH gone AS (DELETE FROM outbox RETURNING id, headers)
		SELECT COALESCE(headers->>'traceparent', '') FROM gone ORDER BY id`).Scan(&parents).Error)
	return parents
}

func TestWhatIsSentContinuesTheTraceOfWhatCausedIt(t *testing.T) {
	t.Parallel()
	const (
		write  = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
		notice = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	)
	b := setup(t, withLedger)
	s := customer("Ada")
	require.NoError(t, b.engine.HandleEvents(t.Context(), []*rabbitmq.Delivery{{
		Body: event.NewSnapshot(event.Created, s).JSON(), Headers: map[string]string{tracing.Header: write},
	}}))
	b.work()
	require.Equal(t, []string{write}, b.parents(), "the state of a write in the catalog")

	object := b.object(s.ID)
	b.notices = nil
	b.remote.Edit(object.ID, record.Patch{"name": "Eve"})
	for _, n := range b.notices {
		require.NoError(t, b.engine.Notify(tracing.Continue(t.Context(), notice), n))
	}
	b.work()
	require.Equal(t, notice, b.parents()[0], "the change that a notice told of")
	lines := b.timeline(s.ID)
	require.Equal(t, "4bf92f3577b34da6a3ce929d0e0e4736", lines[0].TraceID)
	require.Equal(t, "0af7651916cd43dd8448eb211c80319c", lines[1].TraceID)

	require.NoError(t, b.transactPull(s.ID))
	b.work()
	pulled := b.timeline(s.ID)[2]
	require.Empty(t, pulled.TraceID, "nobody told of anything")
	require.Empty(t, pulled.EventID)
}
