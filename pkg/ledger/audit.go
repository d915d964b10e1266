package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// Audit notes what an operator does, in the transaction that does it. ID and At are made here.
func Audit(tx *gorm.DB, e admin.AuditEntry) error {
	var detail *string
	if len(e.Detail) > 0 {
		encoded, err := json.Marshal(e.Detail)
		if err != nil {
			return fmt.Errorf("audit %s: %w", e.Action, err)
		}
		text := string(encoded)
		detail = &text
	}
	err := tx.Exec(`INSERT INTO audit (id, at, actor, action, target, reason, detail) VALUES (?, now(), ?, ?, ?, ?, ?)`,
		uuid.Must(uuid.NewV7()), key(e.Actor), key(e.Action), key(e.Target), text(e.Reason), detail).Error
	if err != nil {
		return fmt.Errorf("audit %s: %w", e.Action, err)
	}
	return nil
}

// audited is a row of audit.
type audited struct {
	ID     uuid.UUID
	At     time.Time
	Actor  string
	Action string
	Target string
	Reason string
	Detail []byte
}

func (a audited) entry() (admin.AuditEntry, error) {
	e := admin.AuditEntry{
		ID: a.ID.String(), At: a.At.UTC(), Actor: a.Actor, Action: a.Action, Target: a.Target, Reason: a.Reason,
	}
	if len(a.Detail) > 0 {
		if err := json.Unmarshal(a.Detail, &e.Detail); err != nil {
			return e, fmt.Errorf("detail of audit entry %s: %w", a.ID, err)
		}
	}
	return e, nil
}

// ListAudit returns a page of what operators did, newest first, or ErrCursor.
func ListAudit(ctx context.Context, db *gorm.DB, p admin.Page) (admin.List[admin.AuditEntry], error) {
	query := db.WithContext(ctx).Table("audit")
	if p.Cursor != "" {
		last, err := parseCursor(p.Cursor)
		if err != nil {
			return admin.List[admin.AuditEntry]{}, err
		}
		query = query.Where("id < ?", last)
	}
	limit := limitOf(p)
	var rows []audited
	if err := query.Order("id DESC").Limit(limit + 1).Scan(&rows).Error; err != nil {
		return admin.List[admin.AuditEntry]{}, fmt.Errorf("list the audit: %w", err)
	}
	return pageOf(rows, limit, audited.entry, func(a audited) uuid.UUID { return a.ID })
}
