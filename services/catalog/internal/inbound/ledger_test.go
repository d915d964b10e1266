package inbound_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

// lines returns the ledger of a customer, oldest first.
func (b *bundle) lines(id uuid.UUID) []admin.Change {
	b.t.Helper()
	page, err := ledger.Timeline(b.t.Context(), b.db, id.String(), admin.Page{})
	require.NoError(b.t, err)
	lines := make([]admin.Change, 0, len(page.Data))
	for i := range page.Data {
		lines = append(lines, page.Data[len(page.Data)-1-i])
	}
	return lines
}

func TestEveryWriteOfTheCatalogIsInTheLedger(t *testing.T) {
	t.Parallel()
	b := setup(t, "newest")
	c := b.born(`{"name": "Jane", "phone": "1"}`)
	b.patch(c.ID, `{"name": "Janet", "phone": null}`)
	b.patch(c.ID, `{"name": "Janet"}`) // changes nothing
	for _, write := range []func(*gorm.DB, customers.Author, uuid.UUID, customers.Guard) (customers.Customer, error){
		customers.Delete, customers.Restore,
	} {
		_, err := write(b.db.WithContext(t.Context()), jane, c.ID, nil)
		require.NoError(t, err)
	}

	lines := b.lines(c.ID)

	require.Len(t, lines, 4)
	for i, op := range []string{"create", "update", "delete", "restore"} {
		line := lines[i]
		require.Equal(t, op, line.Op)
		require.EqualValues(t, i+1, line.Version)
		require.Equal(t, "local jane req-1 accepted customer", line.Direction+" "+line.Origin+" "+line.RequestID+" "+line.State+" "+line.Kind)
		require.NotEmpty(t, line.EventID, "the message that announces it")
	}
	require.Equal(t, []admin.FieldDiff{{Field: "name", After: "Jane"}, {Field: "phone", After: "1"}}, lines[0].Fields)
	require.Equal(t, []admin.FieldDiff{{Field: "name", Before: "Jane", After: "Janet"}, {Field: "phone", Before: "1"}}, lines[1].Fields)
	require.Empty(t, lines[2].Fields)
}

func TestEveryChangeOfARemoteIsInTheLedger(t *testing.T) {
	t.Parallel()
	b := setup(t, "newest")
	id := uuid.New()
	b.apply(change(id, 1, 0, record.Fields{"name": "Jane"}))
	b.apply(change(id, 1, 0, record.Fields{"name": "Jane"}))
	b.apply(change(id, 2, 1, record.Fields{"name": "Janet"}))
	b.apply(change(id, 3, 2, record.Fields{"name": "Janet"}))
	b.apply(deletion(id, 4))
	b.apply(change(id, 5, 3, record.Fields{"name": "late"}))

	var got []string
	for _, line := range b.lines(id) {
		require.Equal(t, "inbound stripe cus_1 m1", line.Direction+" "+line.Origin+" "+line.RemoteID+" "+line.EventID)
		got = append(got, line.Op+" "+line.State+" "+line.Skip)
	}

	require.Equal(t, []string{
		"create applied ", "update skipped duplicate", "update applied ", "update skipped the catalog had these values",
		"delete applied ", "update skipped tombstone",
	}, got)
}

func TestALineTellsOfTheConflictsThatItMet(t *testing.T) {
	t.Parallel()
	b := setup(t, "catalog")
	c := b.born(`{"name": "Jane"}`)
	b.patch(c.ID, `{"name": "Janet"}`)
	b.apply(change(c.ID, 1, 1, record.Fields{"name": "Jackie"}))

	line := b.lines(c.ID)[2]

	require.Equal(t, admin.StateApplied, line.State)
	require.Empty(t, line.Fields, "nothing of the customer has moved")
	met, err := customers.ConflictsOf(t.Context(), b.db, []uuid.UUID{uuid.MustParse(line.ID)})
	require.NoError(t, err)
	require.Len(t, met, 1)
	require.Equal(t, "Jackie", met[0].RemoteValue)
}
