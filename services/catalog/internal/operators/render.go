package operators

import (
	"context"

	"github.com/google/uuid"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/adminapi"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

func shown(c customers.Conflict) admin.Conflict {
	return admin.Conflict{
		ID: c.ID.String(), At: c.CreatedAt.UTC(), RecordID: c.CustomerID.String(), Remote: c.Remote, Field: c.Field,
		CatalogValue: c.CatalogValue, CatalogBy: c.CatalogBy, CatalogAt: c.CatalogAt.UTC(), CatalogVersion: c.CatalogVersion,
		RemoteValue: c.RemoteValue, RemoteAt: c.RemoteAt.UTC(), Policy: string(c.Policy), Winner: c.Winner, ResolvedBy: c.ResolvedBy,
	}
}

// visible leaves the values out for those who may not see them.
func visible(ctx context.Context, c admin.Conflict) admin.Conflict {
	if !adminapi.Personal(ctx) {
		c.CatalogValue, c.RemoteValue = "", ""
	}
	return c
}

// fold adds to each line of the ledger the conflicts that it met or settled.
func (s *server) fold(ctx context.Context, changes []admin.Change) error {
	places, ids := map[uuid.UUID]int{}, make([]uuid.UUID, len(changes))
	for i, change := range changes {
		ids[i] = uuid.MustParse(change.ID)
		places[ids[i]] = i
	}
	conflicts, err := customers.ConflictsOf(ctx, s.DB, ids)
	if err != nil {
		return err
	}
	for _, c := range conflicts {
		change := &changes[places[*c.ChangeID]]
		change.Conflicts = append(change.Conflicts, shown(c))
	}
	return nil
}
