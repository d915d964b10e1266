// Package erasure removes a customer's personal data from everywhere in the catalog.
package erasure

import (
	"fmt"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/deadletter"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/outbox"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
	"github.com/datasync-dev/datasync/services/catalog/internal/idempotency"
	"github.com/datasync-dev/datasync/services/catalog/internal/imports"
)

// Request says whom to erase.
type Request struct {
	ID     uuid.UUID
	Guard  customers.Guard
	By     customers.Author
	Answer []byte // what clients get who repeat a request about the customer under its Idempotency-Key
}

// Erase removes what the catalog holds of a customer's personal data, all in the caller's transaction, and announces
// that, so that the connectors do the same. The customer stays as an empty tombstone: it beats every message that is
// still under way. Doing it again does no harm, and removes what has come in since.
func Erase(tx *gorm.DB, r Request) (customers.Customer, error) {
	before, err := customers.Lock(tx, r.ID)
	if err != nil {
		return before, err
	}
	ids := []string{r.ID.String()}
	for _, row := range before.Sync {
		ids = append(ids, row.RemoteID)
	}
	// What is not sent yet is older than the erasure, and nobody needs it.
	if err := outbox.Discard(tx, ids[0]); err != nil {
		return before, err
	}
	c, err := customers.Erase(tx, r.By, r.ID, r.Guard)
	if err != nil {
		return c, err
	}
	known, err := ledger.Values(tx, ids[0], "email", "phone") // rows that were refused are nobody's, but tell whose they are
	if err != nil {
		return c, err
	}
	if err := imports.Erase(tx, append(known, before.Fields["email"], before.Fields["phone"])...); err != nil {
		return c, err
	}
	if err := idempotency.Erase(tx, r.ID, r.Answer); err != nil {
		return c, err
	}
	if err := ledger.EraseRecord(tx, ids[0]); err != nil {
		return c, err
	}
	letters, err := deadletter.Erase(tx, r.By.Name, ids...)
	if err != nil {
		return c, err
	}
	err = ledger.Audit(tx, admin.AuditEntry{
		Actor: r.By.Name, Action: "customer.erase", Target: ids[0],
		Detail: map[string]any{"again": before.Erased(), "dead_letters": letters},
	})
	if err != nil {
		return c, fmt.Errorf("erase customer %s: %w", r.ID, err)
	}
	return c, nil
}
