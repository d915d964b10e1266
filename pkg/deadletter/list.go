package deadletter

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// Errors that concern the caller's request.
var (
	ErrNotFound = errors.New("there is no such dead letter")
	ErrCursor   = errors.New("the cursor is not one of this list")
	// ErrSettled means that a letter was replayed or discarded before.
	ErrSettled = errors.New("the dead letter does not wait any more")
	// ErrNoQueue means that a letter does not tell which queue it came from. It can only be discarded.
	ErrNoQueue = errors.New("the dead letter does not tell which queue it came from")
)

// Filter says which letters to list. Zero values do not filter.
type Filter struct {
	State string // waiting, replayed or discarded
	Queue string
	admin.Page
}

const (
	defaultLimit = 50
	maxLimit     = 200
)

const summary = `id, at, queue, exchange, key, message_id, reason, state, length(body) AS bytes, settled_at, settled_by, settled_for`

// List returns a page, what died last first, without headers and bodies. ErrCursor: Page.Cursor is none of ours.
func List(ctx context.Context, db *gorm.DB, f Filter) (admin.List[admin.DeadLetter], error) {
	page := admin.List[admin.DeadLetter]{Object: "list", Data: []admin.DeadLetter{}}
	query := db.WithContext(ctx).Table("dead_letters").Select(summary).Order("at DESC, id DESC")
	if f.State != "" {
		query = query.Where("state = ?", f.State)
	}
	if f.Queue != "" {
		query = query.Where("queue = ?", f.Queue)
	}
	if f.Cursor != "" {
		at, id, err := parseCursor(f.Cursor)
		if err != nil {
			return page, err
		}
		query = query.Where("(at, id) < (?, ?)", at, id)
	}
	limit := min(f.Limit, maxLimit)
	if limit <= 0 {
		limit = defaultLimit
	}
	var letters []letter
	if err := query.Limit(limit + 1).Scan(&letters).Error; err != nil {
		return page, fmt.Errorf("list dead letters: %w", err)
	}
	for _, l := range letters[:min(limit, len(letters))] {
		page.Data = append(page.Data, l.shape())
	}
	if page.HasMore = len(letters) > limit; page.HasMore {
		page.NextCursor = cursor(letters[limit-1])
	}
	return page, nil
}

// Get returns one letter with its headers and body, which may hold personal data. Errors: ErrNotFound.
func Get(ctx context.Context, db *gorm.DB, id uuid.UUID) (admin.DeadLetter, error) {
	var found []letter
	err := db.WithContext(ctx).Raw(`SELECT `+summary+`, headers::text AS headers, body FROM dead_letters WHERE id = ?`, id).
		Scan(&found).Error
	if err != nil {
		return admin.DeadLetter{}, fmt.Errorf("read dead letter %s: %w", id, err)
	}
	if len(found) == 0 {
		return admin.DeadLetter{}, ErrNotFound
	}
	shape := found[0].shape()
	shape.Body = clean(string(found[0].Body))
	shape.Headers, err = found[0].headers()
	return shape, err
}

func (l letter) headers() (headers map[string]string, err error) {
	if err := json.Unmarshal([]byte(l.Headers), &headers); err != nil {
		return nil, fmt.Errorf("headers of dead letter %s: %w", l.ID, err)
	}
	return headers, nil
}

func (l letter) shape() admin.DeadLetter {
	shape := admin.DeadLetter{
		ID: l.ID.String(), At: l.At.UTC(), Queue: l.Queue, Exchange: l.Exchange, Key: l.Key, MessageID: l.MessageID,
		Reason: l.Reason, State: l.State, Bytes: l.Bytes, SettledBy: l.SettledBy, SettledFor: l.SettledFor,
	}
	if l.SettledAt != nil {
		shape.SettledAt = l.SettledAt.UTC()
	}
	return shape
}

func cursor(last letter) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d.%s", last.At.UnixMicro(), last.ID))
}

func parseCursor(text string) (time.Time, uuid.UUID, error) {
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return time.Time{}, uuid.Nil, ErrCursor
	}
	micros, id, _ := strings.Cut(string(decoded), ".")
	at, err := strconv.ParseInt(micros, 10, 64)
	if err != nil {
		return time.Time{}, uuid.Nil, ErrCursor
	}
	parsed, err := uuid.Parse(id)
	if err != nil {
		return time.Time{}, uuid.Nil, ErrCursor
	}
	return time.UnixMicro(at), parsed, nil
}
