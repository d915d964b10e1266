package ledger

import (
	"fmt"

	"gorm.io/gorm"
)

// EraseRecord removes what may be personal data of one record, inside tx: the values of its fields, and the texts of
// errors, since remotes quote what they refuse. That something happened, and when, stays.
func EraseRecord(tx *gorm.DB, recordID string) error {
	for _, sql := range []string{
		`UPDATE changes SET fields = NULL WHERE record_id = ? AND fields IS NOT NULL`,
		`UPDATE attempts SET error = '' WHERE record_id = ? AND error <> ''`,
	} {
		if err := tx.Exec(sql, recordID).Error; err != nil {
			return fmt.Errorf("erase record %s from the ledger: %w", recordID, err)
		}
	}
	return nil
}
