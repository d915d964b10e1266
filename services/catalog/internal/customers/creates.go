package customers

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/groupcommit"
	"github.com/datasync-dev/datasync/pkg/postgres"
	"github.com/datasync-dev/datasync/pkg/tracing"
)

// Creates stores new customers that depend on nothing but themselves. Those that arrive at the same time share a
// transaction, which is what lets many clients create many customers. It is safe for concurrent use.
type Creates struct {
	group *groupcommit.Group[*Commit, Customer]
}

// NewCreates returns the creates of a database.
func NewCreates(db *gorm.DB) *Creates {
	return &Creates{groupcommit.New(groupcommit.Options{Shared: postgres.Unavailable},
		func(ctx context.Context, commits []*Commit) ([]Customer, error) {
			if err := InsertAll(db.WithContext(ctx), commits); err != nil {
				return nil, err
			}
			stored := make([]Customer, len(commits))
			for i, c := range commits {
				stored[i] = c.After
			}
			return stored, nil
		})}
}

// Create is the function Create in a transaction of its own, or of some who came at the same time. When ctx ends before
// that has begun, nothing is stored.
func (s *Creates) Create(ctx context.Context, by Author, e Edit) (Customer, error) {
	commit, err := NewCommit(by, uuid.Must(uuid.NewV7()), e)
	if err != nil {
		return Customer{}, err
	}
	if parent := tracing.Parent(ctx); parent != "" {
		commit.Headers = map[string]string{tracing.Header: parent}
	}
	return s.group.Do(ctx, commit)
}
