package customers

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// Walk returns the customers with the next higher ids, tombstones included: whoever calls it again and again with the
// last one's id sees everybody who was there at the beginning, in little memory. Nobody writes or erases them until tx
// ends.
func Walk(tx *gorm.DB, after uuid.UUID, limit int) ([]Customer, error) {
	return some(tx, "walk over the customers",
		"SELECT "+columns+" FROM customers c WHERE c.id > ? ORDER BY c.id LIMIT ? FOR SHARE OF c", after, limit)
}

// After is Walk without a transaction: it holds nobody up, and each customer is as it was at some moment of the walk.
func After(ctx context.Context, db *gorm.DB, after uuid.UUID, limit int) ([]Customer, error) {
	return some(db.WithContext(ctx), "read on through the customers",
		"SELECT "+columns+" FROM customers c WHERE c.id > ? ORDER BY c.id LIMIT ?", after, limit)
}

// LockAll returns those of the customers that exist, and holds their rows until tx ends. It takes them in one order, so
// that two who lock several never wait for each other in a circle.
func LockAll(tx *gorm.DB, ids []uuid.UUID) (map[uuid.UUID]Customer, error) {
	if len(ids) == 0 {
		return nil, nil //nolint:nilnil // nobody asked for, nobody found
	}
	list, err := some(tx, "lock customers", "SELECT "+columns+" FROM customers c WHERE c.id IN ? ORDER BY c.id FOR UPDATE OF c", ids)
	found := make(map[uuid.UUID]Customer, len(list))
	for _, c := range list {
		found[c.ID] = c
	}
	return found, err
}

func some(db *gorm.DB, what, query string, args ...any) ([]Customer, error) {
	var rows []row
	if err := db.Raw(query, args...).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
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
