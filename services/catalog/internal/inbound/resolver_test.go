package inbound_test

import (
	"context"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"pgregory.net/rapid"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

// resolver is the person who settles conflicts by hand.
var resolver = customers.Author{Name: "operator"}

// guarded is a remote of a world that sees to it that no call overwrites what waits for a person.
type guarded struct {
	grouped
	w *world
	s *side
}

// Update implements connector.Remote. A field that is held may travel with others, as the connector believes it to be.
func (g guarded) Update(ctx context.Context, call connector.Call, id string, patch record.Patch) (connector.Object, error) {
	if call.LocalID == g.w.id.String() && g.w.known {
		shadow := g.w.shadow(g.s)
		for field := range g.w.customer().Held[g.s.name] {
			if value, set := patch[field]; set {
				require.Equal(g.w.r, shadow[field], value, "%s at %s is overwritten while its conflict waits for a person", field, g.s.name)
			}
		}
	}
	return g.grouped.Update(ctx, call, id, patch)
}

// waiting are the conflicts that wait for a person.
func (w *world) waiting() []customers.Conflict {
	open, err := customers.ListConflicts(w.ctx, w.catalog, customers.ConflictFilter{Customer: w.id, Open: true}, customers.Cursor{}, 1000)
	w.must(err)
	return open.Items
}

// personResolves settles one of the open conflicts: with one of the two values, or with one that nobody thought of.
func (w *world) personResolves(open []customers.Conflict) {
	conflict := open[rapid.IntRange(0, len(open)-1).Draw(w.r, "conflict")]
	c := w.customer()
	require.Equal(w.r, c.Fields[conflict.Field], conflict.CatalogValue, "an open conflict shows what the catalog holds")
	value := rapid.SampledFrom([]string{conflict.CatalogValue, conflict.RemoteValue}).Draw(w.r, "choice")
	if conflict.Field == "name" && rapid.IntRange(0, 3).Draw(w.r, "another") == 0 {
		value = w.value()
	}
	w.written[conflict.Field][resolver.Name] = value
	w.transact(func(tx *gorm.DB) error {
		settled, err := customers.Resolve(w.ctx, tx, resolver, conflict.ID, customers.Choice{Value: &value})
		if err == nil {
			require.NotNil(w.r, settled.SettledAt)
			require.Equal(w.r, resolver.Name, settled.ResolvedBy)
		}
		return err
	})
}
