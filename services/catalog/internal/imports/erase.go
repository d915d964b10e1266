package imports

import (
	"fmt"

	"gorm.io/gorm"
)

// Erase removes the refused rows in which one of the texts occurs, such as the email of somebody who is erased, inside tx.
// A file that is still being worked through is not touched: it is deleted when that is done.
func Erase(tx *gorm.DB, texts ...string) error {
	for _, text := range texts {
		if text == "" {
			continue // occurs everywhere
		}
		if err := tx.Exec(`DELETE FROM import_errors WHERE position(lower(?) IN lower(source)) > 0`, text).Error; err != nil {
			return fmt.Errorf("erase refused rows of imports: %w", err)
		}
	}
	return nil
}
