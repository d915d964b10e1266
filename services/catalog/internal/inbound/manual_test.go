package inbound_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

// contested is a customer whose name was changed on both sides: Janet here, Jackie at Stripe.
func contested(t *testing.T) (b *bundle, id uuid.UUID) {
	t.Helper()
	b = setup(t, "manual")
	c := b.born(`{"name": "Jane", "phone": "1"}`)
	b.patch(c.ID, `{"name": "Janet"}`)
	b.apply(change(c.ID, 1, 1, record.Fields{"name": "Jackie", "phone": "2"}))
	return b, c.ID
}

// open is the one conflict, which waits.
func (b *bundle) open(id uuid.UUID) customers.Conflict {
	b.t.Helper()
	conflicts := b.conflicts(id)
	require.Len(b.t, conflicts, 1)
	require.Nil(b.t, conflicts[0].SettledAt)
	require.Empty(b.t, conflicts[0].Winner)
	return conflicts[0]
}

func (b *bundle) held() map[string][]string {
	b.t.Helper()
	events := b.events()
	return events[len(events)-1].Held
}

func (b *bundle) resolve(id uuid.UUID, value string) (customers.Conflict, error) {
	b.t.Helper()
	return customers.Resolve(b.t.Context(), b.db.WithContext(b.t.Context()), customers.Author{Name: "ops"}, id, customers.Choice{Value: &value})
}

func TestAManualConflictLeavesBothSidesAsTheyAre(t *testing.T) {
	t.Parallel()
	b, id := contested(t)
	require.Equal(t, "Janet", b.get(id).Fields["name"])
	require.Equal(t, "2", b.get(id).Fields["phone"], "what is no conflict is taken")
	require.Equal(t, map[string][]string{"stripe": {"name"}}, b.held(), "the connector is told to leave it alone")
	open := b.open(id)
	require.Equal(t, "Janet Jackie manual", open.CatalogValue+" "+open.RemoteValue+" "+string(open.Policy))
}

func TestLaterEditsAreInTheOpenConflict(t *testing.T) {
	t.Parallel()
	b, id := contested(t)
	first := b.open(id)
	b.patch(id, `{"name": "Joan"}`)
	b.apply(change(id, 2, 9, record.Fields{"name": "Jill"})) // the remote reflected everything: still no reason to take it

	open := b.open(id)
	require.Equal(t, first.ID, open.ID)
	require.Equal(t, "Joan Jill", open.CatalogValue+" "+open.RemoteValue)
	require.Equal(t, "Joan", b.get(id).Fields["name"])

	late := change(id, 3, 9, record.Fields{"name": "older"}) // overwritten by a push that was made before
	moved := late.Fields["name"]
	moved.Over, moved.Push = 1, 1
	late.Fields["name"] = moved
	b.apply(late)
	require.Equal(t, "Jill", b.open(id).RemoteValue)
}

func TestAPersonSettlesAConflict(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ value, winner string }{
		"with the catalog's value": {"Janet", "catalog"},
		"with the remote's value":  {"Jackie", "stripe"},
		"with another one":         {"Jo", "catalog"},
		"with none at all":         {"", "catalog"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, id := contested(t)
			before := b.get(id).Version

			settled, err := b.resolve(b.open(id).ID, c.value)

			require.NoError(t, err)
			require.Equal(t, c.winner, settled.Winner)
			require.Equal(t, "ops", settled.ResolvedBy)
			require.NotNil(t, settled.SettledAt)
			require.Equal(t, "Janet Jackie", settled.CatalogValue+" "+settled.RemoteValue, "what there was to choose from")
			customer := b.get(id)
			require.Equal(t, c.value, customer.Fields["name"])
			require.Equal(t, before+1, customer.Version, "an event brings it to the remote")
			require.Empty(t, b.held())
			_, err = b.resolve(settled.ID, "again")
			require.ErrorIs(t, err, customers.ErrSettled)

			b.apply(change(id, 2, before, record.Fields{"name": "meanwhile"})) // did not know of the decision
			require.Equal(t, c.value, b.get(id).Fields["name"])
			require.Len(t, b.conflicts(id), 2)
		})
	}
}

func TestAConflictCannotBeSettledWithWhatNobodyMayWrite(t *testing.T) {
	t.Parallel()
	b, id := contested(t)
	_, err := b.resolve(b.open(id).ID, string(make([]byte, 3)))
	var invalid *customers.Invalid
	require.ErrorAs(t, err, &invalid)
	b.open(id)
	_, err = b.resolve(uuid.New(), "x")
	require.ErrorIs(t, err, customers.ErrNoConflict)
}

func TestAConflictEndsWhenThereIsNothingLeftToDecide(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end    func(b *bundle, id uuid.UUID)
		winner string
	}{
		"the catalog comes to the remote's value": {func(b *bundle, id uuid.UUID) { b.patch(id, `{"name": "Jackie"}`) }, "stripe"},
		"the remote comes to the catalog's value": {
			func(b *bundle, id uuid.UUID) { b.apply(change(id, 2, 9, record.Fields{"name": "Janet"})) }, "catalog",
		},
		"deleted at the remote": {func(b *bundle, id uuid.UUID) { b.apply(deletion(id, 2)) }, "stripe"},
		"deleted in the catalog": {func(b *bundle, id uuid.UUID) {
			_, err := customers.Delete(b.db.WithContext(b.t.Context()), jane, id, nil)
			require.NoError(b.t, err)
		}, "catalog"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, id := contested(t)
			c.end(b, id)
			conflicts := b.conflicts(id)
			require.Len(t, conflicts, 1)
			require.NotNil(t, conflicts[0].SettledAt)
			require.Equal(t, c.winner, conflicts[0].Winner)
			require.Empty(t, conflicts[0].ResolvedBy)
			require.Empty(t, b.get(id).Held)
			require.Empty(t, b.held())
		})
	}
}
