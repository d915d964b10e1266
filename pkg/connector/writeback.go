package connector

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/postgres"
)

// Workers that write back at the same time share a transaction and a round trip: a commit costs the database about the
// same for one link as for many.

// write is what a worker writes back about one link.
type write struct {
	localID   string
	statement postgres.Statement
}

// leaseLost is what PostgreSQL cannot make a number of, and then says.
const leaseLost = "the lease was lost"

// fenced returns a statement that executes save together with the others, and fails when that changes no row: then none
// of them takes effect.
func fenced(save postgres.Statement, others ...postgres.Statement) postgres.Statement {
	save.SQL += " RETURNING 1"
	return postgres.With(postgres.Statement{
		SQL: "SELECT (SELECT CASE count(*) WHEN 0 THEN '" + leaseLost + "' ELSE '1' END FROM other0)::integer",
	}, append([]postgres.Statement{save}, others...)...)
}

// writeAll commits what workers write back, all of it or nothing. Rows are locked in the order of their ids, as the
// inputs do it.
func (e *Engine) writeAll(ctx context.Context, writes []write) ([]struct{}, error) {
	sorted := slices.SortedFunc(slices.Values(writes), func(a, b write) int { return cmp.Compare(a.localID, b.localID) })
	statements := make([]postgres.Statement, len(sorted))
	for i, w := range sorted {
		statements[i] = w.statement
	}
	return make([]struct{}, len(writes)), postgres.Batch(ctx, e.o.DB, statements...)
}

// undecided reports whether nobody knows if a transaction took effect, or why it did not. Only what the server has
// refused may be tried again by itself: what was written twice would be told twice.
func undecided(err error) bool { return postgres.Code(err) == "" || postgres.Unavailable(err) }

// commit executes the statement that writes the link back.
func (j *job) commit(ctx context.Context, statement postgres.Statement) (err error) {
	l := j.link
	switch {
	case j.opening != nil:
		return j.commitOpening(ctx, statement)
	case l.erased():
		err = j.o.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
			if err := tx.Exec(statement.SQL, statement.Args...).Error; err != nil {
				return err
			}
			return j.eraseElsewhere(tx, l.LocalID, l.RemoteID)
		})
	default:
		_, err = j.writes.Do(ctx, write{l.LocalID, statement})
	}
	const notANumber, duplicate = "22P02", "23505"
	switch {
	case err == nil:
		return nil
	case postgres.Code(err) == notANumber && strings.Contains(err.Error(), leaseLost):
		return errLeaseLost
	case postgres.Code(err) == duplicate || errors.Is(err, gorm.ErrDuplicatedKey):
		return &takenError{l.RemoteID}
	}
	return fmt.Errorf("save link: %w", err)
}
