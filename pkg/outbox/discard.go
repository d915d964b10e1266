package outbox

import (
	"fmt"

	"gorm.io/gorm"
)

// Discard removes every message in which the id occurs and that was not sent yet, inside tx: those about a record that
// is erased. It reads the whole outbox. A message that is being sent at this moment still goes out.
func Discard(tx *gorm.DB, id string) error {
	err := tx.Exec(`DELETE FROM outbox WHERE position(convert_to(?, 'UTF8') IN body) > 0`, id).Error
	if err != nil {
		return fmt.Errorf("discard the messages about %s: %w", id, err)
	}
	return nil
}
