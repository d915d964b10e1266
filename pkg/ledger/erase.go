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

// Values returns what some fields of a record were set to, as far as the ledger knows.
func Values(tx *gorm.DB, recordID string, fields ...string) ([]string, error) {
	var values []string
	err := tx.Raw(`
SELECT DISTINCT held FROM changes, json_array_elements(fields) AS f, LATERAL (VALUES (f->>'before'), (f->>'after')) AS v (held)
WHERE record_id = ? AND json_typeof(fields) = 'array' AND f->>'field' IN ? AND held <> ''`, recordID, fields).Scan(&values).Error
	if err != nil {
		return nil, fmt.Errorf("read the values of record %s: %w", recordID, err)
	}
	return values, nil
}
