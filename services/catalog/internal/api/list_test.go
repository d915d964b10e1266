package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

// names lists with a query and returns the names found.
func (b *bundle) names(query string) []any {
	b.t.Helper()
	answer := b.do(http.MethodGet, "/v1/customers?"+query, "")
	require.Equal(b.t, http.StatusOK, answer.Status, answer.Raw)
	names := []any{}
	for _, item := range answer.data(b.t) {
		names = append(names, item["name"])
	}
	return names
}

func TestListPagesNewestFirstWithoutGapsOrRepeats(t *testing.T) {
	t.Parallel()
	b := setup(t)
	want := []any{}
	for i := range 7 {
		name := fmt.Sprintf("customer %d", i)
		b.create(`{"name": "` + name + `"}`)
		want = append([]any{name}, want...)
	}
	require.NoError(t, b.db.Exec("UPDATE customers SET created_at = '2026-01-01' WHERE fields->>'name' < 'customer 3'").Error)

	got, cursor := []any{}, ""
	for pages := 0; ; pages++ {
		require.Less(t, pages, 4)
		answer := b.do(http.MethodGet, "/v1/customers?limit=3"+cursor, "")
		require.Equal(t, "list", answer.Body["object"])
		for _, item := range answer.data(t) {
			got = append(got, item["name"])
		}
		b.create(`{"name": "newer"}`) // does not disturb who pages on
		if answer.Body["has_more"] == false {
			require.Nil(t, answer.Body["next_cursor"])
			break
		}
		cursor = "&cursor=" + fmt.Sprint(answer.Body["next_cursor"])
	}
	require.Equal(t, want, got)
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	jane := b.create(`{"name": "Jane Doe", "email": "Jane.Doe@Example.com"}`)
	b.create(`{"name": "J%ck_", "email": "jack@example.com"}`)
	gone := b.create(`{"name": "Gone"}`)
	b.do(http.MethodDelete, pathOf(gone), "")
	b.report(jane, event.State{Version: 1, Revision: 1, State: event.StateSynced, RemoteID: "cus_jane"})
	require.NoError(t, b.db.Exec(`UPDATE customers SET created_at = '2026-01-02T03:04:05Z', updated_at = '2026-02-03T04:05:06Z'
		WHERE fields->>'name' = 'Jane Doe'`).Error)

	for query, want := range map[string][]any{
		"":                                  {"J%ck_", "Jane Doe"},
		"include_deleted=true":              {"Gone", "J%ck_", "Jane Doe"},
		"email=jane.doe@example.COM":        {"Jane Doe"},
		"email=jane":                        {},
		"q=JANE":                            {"Jane Doe"},
		"q=jane.d":                          {"Jane Doe"},
		"q=j":                               {"J%ck_", "Jane Doe"},
		"q=J%25":                            {"J%ck_"},
		"q=doe":                             {},
		"sync_state=synced":                 {"Jane Doe"},
		"sync_state=pending":                {"J%ck_"},
		"sync_state=pending&remote=another": {"J%ck_", "Jane Doe"},
		"stripe_customer_id=cus_jane":       {"Jane Doe"},
		"stripe_customer_id=cus_jan":        {},
		"stripe_customer_id=cus_jane&sync_state=synced&q=jane":                                              {"Jane Doe"},
		"created_before=2026-01-02T03:04:06Z":                                                               {"Jane Doe"},
		"created_before=2026-01-02T03:04:05Z":                                                               {},
		"created_after=2026-01-02T03:04:05Z":                                                                {"J%ck_"},
		"updated_after=2026-02-03T04:05:05Z&updated_before=" + url.QueryEscape("2026-02-03T04:05:07+00:00"): {"Jane Doe"},
		"limit=1": {"J%ck_"},
	} {
		require.Equal(t, want, b.names(query), query)
	}
}

func TestListsOfAStatePageNewestFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 12 {
		c := b.create(fmt.Sprintf(`{"name": "customer %02d"}`, i))
		if i%3 != 0 {
			refused := &event.SyncError{Class: "permanent", Reason: "refused", Version: 1}
			b.report(c, event.State{Revision: 1, State: event.StateFailed, Error: refused})
		}
	}
	page := func(query string) (names []string) {
		for cursor, more := "", true; more; {
			answer := b.do(http.MethodGet, "/v1/customers?limit=3&"+query+cursor, "")
			require.Equal(t, http.StatusOK, answer.Status, answer.Raw)
			for _, item := range answer.data(t) {
				names = append(names, fmt.Sprint(item["name"]))
			}
			more, _ = answer.Body["has_more"].(bool)
			cursor = "&cursor=" + fmt.Sprint(answer.Body["next_cursor"])
		}
		return names
	}
	require.Equal(t, []string{
		"customer 11", "customer 10", "customer 08", "customer 07", "customer 05", "customer 04", "customer 02", "customer 01",
	}, page("sync_state=failed"))
	require.Equal(t, []string{"customer 09", "customer 06", "customer 03", "customer 00"}, page("sync_state=pending"))
	require.Empty(t, page("sync_state=failed&q=customer%2000"))
	require.Equal(t, []string{"customer 01"}, page("sync_state=failed&q=customer%2001"))
}

func TestConflictsAreListed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	jane, jack := b.create(`{"name": "Jane"}`), b.create(`{"name": "Jack"}`)
	at := time.Now()
	for _, c := range []map[string]any{jane, jack} {
		before, err := customers.Get(t.Context(), b.db, uuid.MustParse(idOf(c)))
		require.NoError(t, err)
		met := []record.Conflict{{
			Field: "name", CatalogValue: "Jane", CatalogVersion: 1, CatalogBy: record.LocalWriter, CatalogAt: at,
			RemoteAt: at, Policy: record.PolicyNewest, Winner: "stripe",
		}}
		commit := customers.Commit{
			Before: before, After: before.Merged("stripe", 1, nil, nil, met), Verb: event.Updated,
			Line: ledger.Change{Direction: admin.Inbound}, Remote: "stripe", Conflicts: met,
		}
		require.NoError(t, commit.Update(b.db.WithContext(t.Context())))
	}

	mine := b.do(http.MethodGet, pathOf(jane)+"/conflicts", "")
	require.Equal(t, http.StatusOK, mine.Status, mine.Raw)
	data, _ := mine.Body["data"].([]any)
	require.Len(t, data, 1)
	conflict, _ := data[0].(map[string]any)
	require.Equal(t, jane["id"], conflict["customer_id"])
	require.Equal(t, "Jane", conflict["catalog_value"])
	require.Nil(t, conflict["remote_value"])

	first := b.do(http.MethodGet, "/v1/conflicts?limit=1", "")
	require.Equal(t, true, first.Body["has_more"])
	second := b.do(http.MethodGet, "/v1/conflicts?limit=1&cursor="+fmt.Sprint(first.Body["next_cursor"]), "")
	require.Equal(t, false, second.Body["has_more"])
	require.NotEqual(t, first.Body["data"], second.Body["data"])
}
