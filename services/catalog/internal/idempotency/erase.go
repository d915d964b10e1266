package idempotency

import (
	"fmt"
	"net/http"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// Erase replaces every stored answer about a customer by the one that says that it was erased, inside tx. The keys stay:
// a client that repeats an old request must not make the customer again.
func Erase(tx *gorm.DB, customer uuid.UUID, answer []byte) error {
	err := tx.Exec(`
		UPDATE idempotency_keys SET status = ?, headers = '{}', body = ?
		WHERE customer_id = ? OR customer_id IS NULL AND position(? IN body) > 0`,
		http.StatusGone, string(answer), customer, customer.String()).Error
	if err != nil {
		return fmt.Errorf("erase the answers about customer %s: %w", customer, err)
	}
	return nil
}
