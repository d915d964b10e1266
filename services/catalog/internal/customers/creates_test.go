package customers_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/outbox"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/pkg/tracing"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

func TestCreatesThatShareATransactionAreEachTheirOwn(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t, outbox.Migrations, ledger.Migrations, customers.Migrations)
	creates := customers.NewCreates(db)
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b71692033%02x-01"
	const many = 100
	made := make([]customers.Customer, many)
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			edit, err := customers.Decode(fmt.Appendf(nil, `{"name": "customer %d"}`, i))
			if !assert.NoError(t, err) {
				return
			}
			ctx := tracing.Continue(t.Context(), fmt.Sprintf(parent, i))
			made[i], err = creates.Create(ctx, customers.Author{Name: "tests", RequestID: fmt.Sprint(i)}, edit)
			assert.NoError(t, err)
		})
	}
	all.Wait()
	for i, c := range made {
		stored, err := customers.Get(t.Context(), db, c.ID)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("customer %d", i), stored.Fields["name"])
		require.True(t, stored.CreatedAt.Equal(c.CreatedAt))
		require.Equal(t, fmt.Sprintf(parent, i), text(t, db, `SELECT headers->>'traceparent' FROM outbox WHERE convert_from(body, 'UTF8') LIKE ?`, "%"+c.ID.String()+"%"))
		require.Equal(t, fmt.Sprint(i), text(t, db, `SELECT request_id FROM changes WHERE record_id = ?`, c.ID.String()))
	}
	require.Equal(t, "100", text(t, db, `SELECT count(*)::text FROM outbox`))
}

func TestACreateThatIsRefusedDisturbsNobody(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t, outbox.Migrations, ledger.Migrations, customers.Migrations)
	fresh := func() customers.Customer {
		return customers.New(uuid.New()).Edited(record.Patch{"name": "Ada"}, time.Now())
	}
	taken := fresh()
	commit := func(c customers.Customer) *customers.Commit {
		return &customers.Commit{After: c, Verb: event.Created, Line: ledger.Change{Direction: admin.Local, Op: "create"}}
	}
	require.NoError(t, customers.InsertAll(db.WithContext(t.Context()), []*customers.Commit{commit(taken)}))
	err := customers.InsertAll(db.WithContext(t.Context()), []*customers.Commit{commit(fresh()), commit(taken)})
	require.Error(t, err)
	require.Equal(t, "1", text(t, db, `SELECT count(*)::text FROM customers`), "all or none")
	require.Equal(t, "1", text(t, db, `SELECT count(*)::text FROM outbox`))
}

// text is the one value that a query returns.
func text(t *testing.T, db *gorm.DB, query string, args ...any) (value string) {
	t.Helper()
	require.NoError(t, db.Raw(query, args...).Scan(&value).Error)
	return value
}
