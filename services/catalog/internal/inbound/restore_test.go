package inbound_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

func TestWhatMovedAtARemoteWhileTheCustomerWasDeletedIsTakenAfterItsRestore(t *testing.T) {
	t.Parallel()
	b := setup(t, "catalog")
	c := b.born(`{"name": "Jane"}`)
	require.NoError(t, b.db.Transaction(func(tx *gorm.DB) error {
		_, err := customers.Delete(tx, jane, c.ID, nil)
		return err
	}))
	moved := change(c.ID, 1, 1, record.Fields{"phone": "1"})
	b.apply(moved)
	require.NoError(t, b.db.Transaction(func(tx *gorm.DB) error {
		_, err := customers.Restore(tx, jane, c.ID, nil)
		return err
	}))
	b.apply(moved) // again, late
	require.Empty(t, b.get(c.ID).Fields["phone"])

	moved.Generation, moved.Seq = 2, 2 // told again by a connector that heard of the restore alone
	b.apply(moved)

	require.Equal(t, "1", b.get(c.ID).Fields["phone"])
}
