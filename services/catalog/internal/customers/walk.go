package customers

import (
	"fmt"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// Walk returns the customers with the next higher ids, tombstones included: whoever calls it again and again with the
// last one's id sees everybody who was there at the beginning, in little memory. Nobody writes or erases them until tx
// ends.
func Walk(tx *gorm.DB, after uuid.UUID, limit int) ([]Customer, error) {
	var rows []row
	err := tx.Raw("SELECT "+columns+" FROM customers c WHERE c.id > ? ORDER BY c.id LIMIT ? FOR SHARE OF c", after, limit).
		Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("walk over the customers: %w", err)
	}
	list := make([]Customer, 0, len(rows))
	for _, r := range rows {
		c, err := r.customer()
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}
