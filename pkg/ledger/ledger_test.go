package ledger_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/ledger"
)

func TestALineIsReadAsItWasWrittenWithItsAttempts(t *testing.T) {
	t.Parallel()
	db := setup(t)
	c := change("1")
	begun := time.Now().UTC().Truncate(time.Microsecond)
	attempt := ledger.Attempt{
		ChangeID: c.ID, RecordID: "1", Number: 2, Op: "update", Worker: "here/3", StartedAt: begun, Duration: 70 * time.Millisecond,
		Status: 402, RequestID: "req_9", Class: "permanent", Field: "email", Error: "refused",
	}

	appendAll(t, db, ledger.Entries{Changes: []ledger.Change{c}, Attempts: []ledger.Attempt{attempt}})

	got, err := ledger.Get(t.Context(), db, c.ID.String())
	require.NoError(t, err)
	require.NotEmpty(t, got.Attempts[0].ID)
	got.Attempts[0].ID = ""
	require.WithinDuration(t, time.Now(), got.At, time.Minute)
	require.Equal(t, admin.Change{
		ID: c.ID.String(), At: got.At, Direction: "outbound", Kind: "customer", RecordID: "1", RemoteID: "cus_1", Origin: "a key",
		Op: "update", Version: 7, State: "applied", Fields: c.Fields, EventID: "evt_1", RequestID: "req-1", TraceID: "trace-1", LatencyMS: 80,
		Attempts: []admin.Attempt{{
			ChangeID: c.ID.String(), RecordID: "1", Number: 2, Op: "update", Worker: "here/3", StartedAt: begun, DurationMS: 70,
			Status: 402, RequestID: "req_9", Class: "permanent", Field: "email", Error: "refused",
		}},
	}, got)
	timeline, err := ledger.Timeline(t.Context(), db, "1", admin.Page{})
	require.NoError(t, err)
	timeline.Data[0].Attempts[0].ID = ""
	require.Equal(t, []admin.Change{got}, timeline.Data)
}

func TestWhatIsRolledBackIsNotInTheLedger(t *testing.T) {
	t.Parallel()
	db := setup(t)
	c := change("1")
	require.Error(t, db.WithContext(t.Context()).Transaction(func(tx *gorm.DB) error {
		require.NoError(t, ledger.Append(tx, ledger.Entries{Changes: []ledger.Change{c}}))
		return fmt.Errorf("no")
	}))
	for _, id := range []string{c.ID.String(), "nothing like an id"} {
		_, err := ledger.Get(t.Context(), db, id)
		require.ErrorIs(t, err, ledger.ErrNotFound)
	}
}

func TestWhateverTextComesFromElsewhereIsTaken(t *testing.T) {
	t.Parallel()
	db := setup(t)
	c := change("1")
	c.Fields[0].After, c.Skip, c.RequestID = "a\x00b\xff", strings.Repeat("ü", 5000), strings.Repeat("r", 5000)
	attempt := ledger.Attempt{ChangeID: c.ID, Error: "\x00\xff" + strings.Repeat("x", 9000), RequestID: strings.Repeat("r", 9000)}

	appendAll(t, db, ledger.Entries{Changes: []ledger.Change{c}, Attempts: []ledger.Attempt{attempt}})

	got, err := ledger.Get(t.Context(), db, c.ID.String())
	require.NoError(t, err)
	require.Equal(t, "ab\ufffd", got.Fields[0].After)
	require.Len(t, got.Attempts, 1)
	require.Equal(t, "a\x00b\xff", c.Fields[0].After, "what the caller has is left alone")
}

func TestNoEntriesAreNoStatement(t *testing.T) {
	t.Parallel()
	statements, err := ledger.Entries{}.Statements()
	require.NoError(t, err)
	require.Empty(t, statements)
	require.NoError(t, ledger.Append(nil, ledger.Entries{}))
}

func TestALineReachesItsStateLater(t *testing.T) {
	t.Parallel()
	db := setup(t)
	c := change("1")
	c.State, c.Latency = admin.StateRetrying, 0
	appendAll(t, db, ledger.Entries{Changes: []ledger.Change{c}})

	appendAll(t, db, ledger.Entries{Settled: []ledger.Settlement{
		{ChangeID: c.ID, State: admin.StateApplied, Latency: time.Second},
		{ChangeID: uuid.Must(uuid.NewV7()), State: admin.StateApplied},
	}})

	got, err := ledger.Get(t.Context(), db, c.ID.String())
	require.NoError(t, err)
	require.Equal(t, admin.StateApplied, got.State)
	require.InDelta(t, 1000, got.LatencyMS, 0.1)
}

func TestErasingARecordLeavesWhatHappenedAndNoneOfItsValues(t *testing.T) {
	t.Parallel()
	db := setup(t)
	mine, other := change("1"), change("2")
	appendAll(t, db, ledger.Entries{Changes: []ledger.Change{mine, other}, Attempts: []ledger.Attempt{
		{ChangeID: mine.ID, RecordID: "1", Error: "jane@example.com is refused", Class: "permanent"},
		{ChangeID: other.ID, RecordID: "2", Error: "refused"},
	}})

	values, err := ledger.Values(db.WithContext(t.Context()), "1", "name", "phone")
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"Ada", "Eva"}, values)
	require.NoError(t, ledger.EraseRecord(db.WithContext(t.Context()), "1"))

	got, err := ledger.Get(t.Context(), db, mine.ID.String())
	require.NoError(t, err)
	require.Empty(t, got.Fields)
	require.Empty(t, got.Attempts[0].Error)
	require.Equal(t, "permanent", got.Attempts[0].Class)
	kept, err := ledger.Get(t.Context(), db, other.ID.String())
	require.NoError(t, err)
	require.Equal(t, other.Fields, kept.Fields)
	require.Equal(t, "refused", kept.Attempts[0].Error)
}

func TestTheAuditIsReadNewestFirst(t *testing.T) {
	t.Parallel()
	db := setup(t)
	for i := range 3 {
		require.NoError(t, ledger.Audit(db.WithContext(t.Context()), admin.AuditEntry{
			Actor: "ops", Action: fmt.Sprintf("did.%d", i), Target: "it", Reason: "why", Detail: map[string]any{"count": 2.0},
		}))
	}
	first, err := ledger.ListAudit(t.Context(), db, admin.Page{Limit: 2})
	require.NoError(t, err)
	require.Equal(t, "did.2", first.Data[0].Action)
	require.Equal(t, map[string]any{"count": 2.0}, first.Data[0].Detail)
	require.True(t, first.HasMore)
	second, err := ledger.ListAudit(t.Context(), db, admin.Page{Limit: 2, Cursor: first.NextCursor})
	require.NoError(t, err)
	require.Len(t, second.Data, 1)
	require.Equal(t, "did.0", second.Data[0].Action)
	require.Empty(t, second.NextCursor)
	_, err = ledger.ListAudit(t.Context(), db, admin.Page{Cursor: "!"})
	require.ErrorIs(t, err, ledger.ErrCursor)
}
