package adminapi_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/ledger"
)

func TestTheStatusIsThatOfTheService(t *testing.T) {
	t.Parallel()
	b := setup(t)
	status, err := b.viewer.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, "stripe", status.Service)
	require.Equal(t, "1.2.3", status.Version)
	require.Equal(t, []admin.Check{{Name: "database", OK: true}}, status.Checks)
	require.Equal(t, []admin.Hop{{Name: "outbox"}}, status.Hops)

	settings, err := b.viewer.Config(t.Context())
	require.NoError(t, err)
	require.Equal(t, b.options.Settings, settings)
	points, err := b.viewer.Series(t.Context(), admin.Window{Since: time.Now().Add(-24 * time.Hour)})
	require.NoError(t, err)
	require.Empty(t, points)
}

func TestQueuesTellWhatIsWrongWithThem(t *testing.T) {
	t.Parallel()
	queues, err := setup(t).viewer.Queues(t.Context())
	require.NoError(t, err)
	require.Equal(t, []admin.Queue{
		{Name: "stripe.events.v1", Messages: 3, Consumers: 1, Expected: true, UI: "http://rabbit:15672/#/queues/%2F/stripe.events.v1"},
		{Name: "gone.v1", Problem: "cannot be looked at: RabbitMQ cannot be reached", UI: "http://rabbit:15672/#/queues/%2F/gone.v1"},
	}, queues)
}

func TestPersonalDataIsShownToThoseWhoMayReadCustomers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	record := uuid.NewString()
	change := ledger.Change{
		ID: uuid.Must(uuid.NewV7()), Direction: admin.Outbound, Kind: "customer", RecordID: record, Op: "update", State: admin.StateApplied,
		Fields: []admin.FieldDiff{{Field: "name", Before: "Ada", After: "Eva"}},
	}
	require.NoError(t, ledger.Append(b.db.WithContext(t.Context()), ledger.Entries{
		Changes: []ledger.Change{change}, Attempts: []ledger.Attempt{{ChangeID: change.ID, RecordID: record, Number: 1, Op: "update"}},
	}))
	letter := b.bury("m1")
	for name, c := range map[string]struct {
		client *admin.Client
		sees   bool
	}{"a viewer": {b.viewer, false}, "an operator": {b.operator, false}, "a reader": {b.reader, true}, "an administrator": {b.boss, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list, err := c.client.Changes(t.Context(), admin.ChangeFilter{Search: record})
			require.NoError(t, err)
			timeline, err := c.client.Timeline(t.Context(), record, admin.Page{})
			require.NoError(t, err)
			one, err := c.client.Change(t.Context(), change.ID.String())
			require.NoError(t, err)
			for _, shown := range []admin.Change{list.Data[0], timeline.Data[0], one} {
				require.Equal(t, "stripe", shown.Service)
				require.Equal(t, "name", shown.Conflicts[0].Field)
				require.Equal(t, c.sees, len(shown.Fields) == 1)
				require.Equal(t, c.sees, shown.Conflicts[0].RemoteValue == "Eva")
			}
			require.Len(t, timeline.Data[0].Attempts, 1)
			dead, err := c.client.DeadLetter(t.Context(), letter)
			require.NoError(t, err)
			require.Equal(t, c.sees, dead.Body != "")
		})
	}
}
