package ledger_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/ledger"
)

func TestPagesHoldEveryLineOnceNewestFirst(t *testing.T) {
	t.Parallel()
	db := setup(t)
	var want []string
	now := time.Now()
	for i := range 23 { // over several days, the last of them in the default partition
		c := change(fmt.Sprint(i))
		c.ID, c.At = [16]byte{}, now.Add(time.Duration(i-3)*20*time.Hour)
		appendAll(t, db, ledger.Entries{Changes: []ledger.Change{c}})
		want = append(want, c.RecordID)
	}
	slices.Reverse(want)

	var got []string
	for cursor := ""; ; {
		page, err := ledger.List(t.Context(), db, admin.ChangeFilter{Page: admin.Page{Limit: 5, Cursor: cursor}})
		require.NoError(t, err)
		for _, c := range page.Data {
			got = append(got, c.RecordID)
		}
		require.Equal(t, page.HasMore, page.NextCursor != "")
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	require.Equal(t, want, got)
}

func TestAListIsNarrowed(t *testing.T) {
	t.Parallel()
	db := setup(t)
	old, failed, inbound := change("old"), change("failed"), change("inbound")
	record, trace := uuid.NewString(), strings.Repeat("0a", 16)
	failed.RecordID, inbound.TraceID = record, trace
	old.ID, old.At = [16]byte{}, time.Now().Add(-50*time.Hour)
	failed.State = admin.StateFailed
	inbound.Direction, inbound.State = admin.Inbound, admin.StateSkipped
	appendAll(t, db, ledger.Entries{Changes: []ledger.Change{old, failed, inbound}})
	appendAll(t, db, ledger.Entries{Attempts: []ledger.Attempt{{ChangeID: failed.ID, RecordID: record, RequestID: "req_1"}}})

	for name, c := range map[string]struct {
		filter admin.ChangeFilter
		want   []string
	}{
		"by nothing":                    {admin.ChangeFilter{}, []string{"inbound", "failed", "old"}},
		"by record":                     {admin.ChangeFilter{RecordID: "old"}, []string{"old"}},
		"by direction":                  {admin.ChangeFilter{Direction: admin.Outbound}, []string{"failed", "old"}},
		"by state":                      {admin.ChangeFilter{State: admin.StateSkipped}, []string{"inbound"}},
		"by a state that there is not":  {admin.ChangeFilter{State: "x' OR '1'='1"}, nil},
		"by a direction there is not":   {admin.ChangeFilter{Direction: "up"}, nil},
		"since":                         {admin.ChangeFilter{Window: admin.Window{Since: time.Now().Add(-time.Hour)}}, []string{"inbound", "failed"}},
		"until":                         {admin.ChangeFilter{Window: admin.Window{Until: time.Now().Add(-time.Hour)}}, []string{"old"}},
		"local id":                      {admin.ChangeFilter{Search: record}, []string{"failed"}},
		"remote id":                     {admin.ChangeFilter{Search: "cus_failed"}, []string{"failed"}},
		"event":                         {admin.ChangeFilter{Search: "evt_failed"}, []string{"failed"}},
		"request":                       {admin.ChangeFilter{Search: "req-inbound"}, []string{"inbound"}},
		"the remote's request":          {admin.ChangeFilter{Search: "req_1"}, []string{"failed"}},
		"trace":                         {admin.ChangeFilter{Search: trace}, []string{"inbound"}},
		"the line's own id":             {admin.ChangeFilter{Search: failed.ID.String()}, []string{"failed"}},
		"what is nowhere":               {admin.ChangeFilter{Search: "\x00nothing"}, nil},
		"a search with another filter":  {admin.ChangeFilter{Search: "cus_failed", Direction: admin.Inbound}, nil},
		"a page of what the search met": {admin.ChangeFilter{Search: "cus_failed", Page: admin.Page{Limit: 1}}, []string{"failed"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page, err := ledger.List(t.Context(), db, c.filter)
			require.NoError(t, err)
			var got []string
			for _, change := range page.Data {
				got = append(got, strings.TrimPrefix(change.RemoteID, "cus_"))
			}
			require.Equal(t, c.want, got)
		})
	}
	for _, cursor := range []string{"?", "abcd"} {
		_, err := ledger.List(t.Context(), db, admin.ChangeFilter{Page: admin.Page{Cursor: cursor}})
		require.ErrorIs(t, err, ledger.ErrCursor)
	}
}
