package syncstate_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/outbox"
	"github.com/datasync-dev/datasync/pkg/postgres"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
	"github.com/datasync-dev/datasync/services/catalog/internal/syncstate"
)

func state(id uuid.UUID, generation, revision int64, s event.SyncState) event.State {
	return event.State{
		Remote: "stripe", Kind: event.KindCustomer, ID: id.String(), RemoteID: "cus_1",
		Generation: generation, Version: revision, Revision: revision, State: s, At: time.Now(),
	}
}

func stored(t *testing.T, db *gorm.DB) (rows []struct {
	State, RemoteID      string
	Generation, Revision int64
	SyncedAt             *time.Time
},
) {
	t.Helper()
	require.NoError(t, db.Raw("SELECT * FROM customer_sync").Scan(&rows).Error)
	return rows
}

func TestTheNewestReportWinsInWhateverOrderTheyCome(t *testing.T) {
	t.Parallel()
	id := uuid.New()
	reports := []event.State{
		state(id, 1, 1, event.StateRetrying), state(id, 1, 9, event.StateDeleted),
		state(id, 2, 1, event.StateRetrying), state(id, 2, 2, event.StateSynced),
	}
	for _, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 3, 0, 1}, {1, 3, 0, 2}} {
		one, batch := postgrestest.Open(t, outbox.Migrations, customers.Migrations), []event.State{}
		for _, i := range order {
			require.NoError(t, syncstate.Store(one, reports[i:i+1]))
			batch = append(batch, reports[i])
		}
		require.Equal(t, "synced", stored(t, one)[0].State)
		require.NoError(t, one.Exec("DELETE FROM customer_sync").Error)

		require.NoError(t, syncstate.Store(one, batch), "the same customer four times in one statement")
		rows := stored(t, one)
		require.Len(t, rows, 1)
		require.Equal(t, "synced", rows[0].State)
		require.EqualValues(t, 2, rows[0].Generation)
	}
}

func TestWhatWasKnownIsNotForgotten(t *testing.T) {
	t.Parallel()
	db, id := postgrestest.Open(t, outbox.Migrations, customers.Migrations), uuid.New()
	require.NoError(t, syncstate.Store(db, []event.State{state(id, 1, 1, event.StateSynced)}))
	failed := state(id, 1, 2, event.StateFailed)
	failed.RemoteID = ""

	require.NoError(t, syncstate.Store(db, []event.State{failed}))

	rows := stored(t, db)
	require.Equal(t, "failed", rows[0].State)
	require.Equal(t, "cus_1", rows[0].RemoteID)
	require.NotNil(t, rows[0].SyncedAt)
	require.NoError(t, syncstate.Store(db, nil))
}

func TestALinkNeverTakesAnythingFromAReport(t *testing.T) {
	t.Parallel()
	db, id := postgrestest.Open(t, outbox.Migrations, customers.Migrations), uuid.New()
	require.NoError(t, postgres.Exec(db, syncstate.Link(id, "stripe", "", 1)...))
	require.Empty(t, stored(t, db))
	require.NoError(t, postgres.Exec(db, syncstate.Link(id, "stripe", "cus_0", 1)...))
	require.Equal(t, "cus_0", stored(t, db)[0].RemoteID)

	require.NoError(t, syncstate.Store(db, []event.State{state(id, 1, 1, event.StateSynced)}))
	require.NoError(t, postgres.Exec(db, syncstate.Link(id, "stripe", "cus_late", 1)...))

	rows := stored(t, db)
	require.Equal(t, "cus_1", rows[0].RemoteID)
	require.Equal(t, "synced", rows[0].State)
}

func TestALinkTellsWhenACustomerWasCreatedThatAReportOvertook(t *testing.T) {
	t.Parallel()
	db, id := postgrestest.Open(t, outbox.Migrations, customers.Migrations), uuid.New()
	known := func() (created bool) {
		require.NoError(t, db.Raw(`SELECT created_at IS NOT NULL FROM customer_sync`).Scan(&created).Error)
		return created
	}
	failed := state(id, 1, 1, event.StateFailed)
	require.NoError(t, syncstate.Store(db, []event.State{failed}))
	require.False(t, known(), "the customer is not there yet")

	require.NoError(t, postgres.Exec(db, syncstate.Link(id, "stripe", "cus_late", 1)...))
	require.True(t, known())
	require.Equal(t, "cus_1", stored(t, db)[0].RemoteID)

	require.NoError(t, syncstate.Store(db, []event.State{state(id, 1, 2, event.StateSynced)}))
	require.False(t, known(), "only those that are not in sync are listed by it")
}
