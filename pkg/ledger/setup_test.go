package ledger_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
)

func setup(t testing.TB) *gorm.DB {
	t.Helper()
	return postgrestest.Open(t, ledger.Migrations)
}

func appendAll(t testing.TB, db *gorm.DB, e ledger.Entries) {
	t.Helper()
	require.NoError(t, db.WithContext(t.Context()).Transaction(func(tx *gorm.DB) error { return ledger.Append(tx, e) }))
}

// change is a line with everything in it.
func change(record string) ledger.Change {
	return ledger.Change{
		ID: uuid.Must(uuid.NewV7()), Direction: admin.Outbound, Kind: "customer", RecordID: record, RemoteID: "cus_" + record,
		Origin: "a key", Op: "update", Version: 7, State: admin.StateApplied,
		Fields:  []admin.FieldDiff{{Field: "name", Before: "Ada", After: "Eva"}},
		EventID: "evt_" + record, RequestID: "req-" + record, TraceID: "trace-" + record, Latency: 80 * time.Millisecond,
	}
}
