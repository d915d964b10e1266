package ledger_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/ledger"
)

// seed writes n changes, evenly over the last 29 days, of n/20 records: one in a thousand failed, one in a hundred came
// from the remote, and one record has a tenth of all changes. Each second one has an attempt.
func seed(t testing.TB, db *gorm.DB, n int) {
	t.Helper()
	const days = 29
	for back := range days {
		at := time.Now().Add(-time.Duration(back) * 24 * time.Hour).UTC().Format(time.DateOnly)
		require.NoError(t, db.Exec(`SELECT ledger_prepare('changes', ?::date), ledger_prepare('attempts', ?::date)`, at, at).Error)
	}
	require.NoError(t, db.Exec(`
		INSERT INTO changes
		SELECT (substr(ledger_floor(at)::text, 1, 14) || '7' || lpad(to_hex(i % 4096), 3, '0') || '-8' || lpad(to_hex(i / 4096), 3, '0') || '-' ||
		        lpad(to_hex(i), 12, '0'))::uuid,
		    at, CASE WHEN i % 100 = 0 THEN 'inbound' ELSE 'outbound' END, 'customer', record, 'cus_' || md5(record), 'a key', 'update', i,
		    CASE WHEN i % 1000 = 0 THEN 'failed' ELSE 'applied' END, '', '[{"field":"name","before":"Jane Doe","after":"Jane Roe"}]',
		    'evt_' || md5('e' || i), 'req-' || md5('r' || i), md5('t' || i), 80
		FROM (SELECT i, now() - make_interval(secs => (?::int - i) * 29 * 86400.0 / ?::int) AS at,
		             md5(CASE WHEN i % 10 = 5 THEN 'hot' ELSE (i % (?::int / 20))::text END)::uuid::text AS record
		      FROM generate_series(1, ?::int) AS i) AS s`, n, n, n, n).Error)
	require.NoError(t, db.Exec(`
		INSERT INTO attempts SELECT id, id, record_id, 1, 'update', 'here/1', at, 75, 200, 'req_' || md5('a' || version), '', '', ''
		FROM changes WHERE version % 2 = 0`).Error)
	require.NoError(t, db.Exec("ANALYZE changes, attempts").Error)
}

// TestFirstPagesStayQuick is about the plan of every query: with a bad one, all of the changes are read for a page. The
// bound has room for a busy machine; `go test -run - -bench FirstPages` measures with a million.
func TestFirstPagesStayQuick(t *testing.T) {
	t.Parallel()
	db := setup(t)
	seed(t, db, 20_000)
	for name, read := range pages(t, db) {
		for range 8 { // the sixth execution of a prepared statement may get another plan
			begun := time.Now()
			read()
			took := time.Since(begun)
			require.Less(t, took, time.Second, name)
		}
	}
}

func pages(t testing.TB, db *gorm.DB) map[string]func() {
	t.Helper()
	var sample struct {
		ID                                              uuid.UUID
		RecordID, RemoteID, EventID, RequestID, TraceID string
	}
	require.NoError(t, db.Raw(`SELECT id, record_id, remote_id, event_id, request_id, trace_id FROM changes
		WHERE record_id <> ? ORDER BY id DESC OFFSET 500 LIMIT 1`, hot(t, db)).Scan(&sample).Error)
	list := func(f admin.ChangeFilter) func() {
		return func() {
			page, err := ledger.List(t.Context(), db, f)
			require.NoError(t, err)
			require.NotEmpty(t, page.Data)
		}
	}
	timeline := func(record string) func() {
		return func() {
			page, err := ledger.Timeline(t.Context(), db, record, admin.Page{})
			require.NoError(t, err)
			require.NotEmpty(t, page.Data)
		}
	}
	return map[string]func(){
		"all":             list(admin.ChangeFilter{}),
		"inbound":         list(admin.ChangeFilter{Direction: admin.Inbound}),
		"failed":          list(admin.ChangeFilter{State: admin.StateFailed}),
		"inbound+applied": list(admin.ChangeFilter{Direction: admin.Inbound, State: admin.StateApplied}),
		"window": list(admin.ChangeFilter{Window: admin.Window{
			Since: time.Now().Add(-20 * 24 * time.Hour), Until: time.Now().Add(-19 * 24 * time.Hour),
		}}),
		"record":           timeline(sample.RecordID),
		"hot record":       timeline(hot(t, db)),
		"search record":    list(admin.ChangeFilter{Search: sample.RecordID}),
		"search hot":       list(admin.ChangeFilter{Search: hot(t, db)}),
		"search remote":    list(admin.ChangeFilter{Search: sample.RemoteID}),
		"search event":     list(admin.ChangeFilter{Search: sample.EventID}),
		"search request":   list(admin.ChangeFilter{Search: sample.RequestID}),
		"search trace":     list(admin.ChangeFilter{Search: sample.TraceID}),
		"search own id":    list(admin.ChangeFilter{Search: sample.ID.String()}),
		"one with attempt": func() { _, err := ledger.Get(t.Context(), db, sample.ID.String()); require.NoError(t, err) },
	}
}

// hot is the record with most changes.
func hot(t testing.TB, db *gorm.DB) string {
	t.Helper()
	var id string
	require.NoError(t, db.Raw("SELECT md5('hot')::uuid::text").Scan(&id).Error)
	return id
}

func BenchmarkFirstPages(b *testing.B) {
	db := setup(b)
	seed(b, db, 1_000_000)
	for name, read := range pages(b, db) {
		b.Run(name, func(b *testing.B) {
			slowest := time.Duration(0)
			for b.Loop() {
				begun := time.Now()
				read()
				slowest = max(slowest, time.Since(begun))
			}
			b.ReportMetric(float64(slowest.Microseconds())/1000, "ms-slowest")
		})
	}
}

// BenchmarkAppend measures what a line costs a transaction that does nothing else.
func BenchmarkAppend(b *testing.B) {
	for name, e := range map[string]func() ledger.Entries{
		"nothing":     func() ledger.Entries { return ledger.Entries{} },
		"a change":    func() ledger.Entries { return ledger.Entries{Changes: []ledger.Change{change("1")}} },
		"100 changes": func() ledger.Entries { return many(100) },
		"a change and an attempt": func() ledger.Entries {
			c := change("1")
			return ledger.Entries{Changes: []ledger.Change{c}, Attempts: []ledger.Attempt{{ChangeID: c.ID, RequestID: "req_" + c.ID.String()}}}
		},
	} {
		b.Run(name, func(b *testing.B) {
			db := setup(b)
			for b.Loop() {
				require.NoError(b, db.Transaction(func(tx *gorm.DB) error { return ledger.Append(tx, e()) }))
			}
		})
	}
}

func many(n int) ledger.Entries {
	var e ledger.Entries
	for range n {
		e.Changes = append(e.Changes, change("1"))
	}
	return e
}
