package timeline_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/timeline"
)

// noon is when the stories begin.
func noon(after time.Duration) time.Time {
	return time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC).Add(after)
}

func change(service, direction, id string, after time.Duration, version int64, state string) admin.Change {
	return admin.Change{ID: id, Service: service, Direction: direction, At: noon(after), Version: version, State: state, Op: "update"}
}

func local(id string, after time.Duration, version int64) admin.Change {
	return change("catalog", admin.Local, id, after, version, admin.StateAccepted)
}

func TestAWriteAndWhatBecameOfItAreOneEntry(t *testing.T) {
	t.Parallel()
	pushed := change("stripe", admin.Outbound, "s", 20*time.Millisecond, 3, admin.StateApplied)
	pushed.RemoteID, pushed.Attempts = "cus_1", []admin.Attempt{{Number: 1, Status: 200}}
	written := local("c", 0, 3)
	written.Origin, written.Fields = "billing-app", []admin.FieldDiff{{Field: "email", After: "a@b.example"}}

	story := timeline.Fold([]admin.Change{pushed, written}, "catalog")

	require.Len(t, story, 1)
	entry := story[0]
	require.True(t, entry.Left)
	require.Equal(t, "mirrored", entry.State)
	require.Equal(t, 20*time.Millisecond, entry.Latency)
	require.Equal(t, "billing-app", entry.Origin)
	require.Equal(t, []string{"email"}, entry.Names())
	require.Equal(t, "cus_1", entry.RemoteID)
	require.Len(t, entry.Attempts, 1)
}

func TestWritesThatTravelTogetherSaySo(t *testing.T) {
	t.Parallel()
	story := timeline.Fold([]admin.Change{
		change("stripe", admin.Outbound, "s", 3*time.Second, 5, admin.StateApplied),
		local("c5", 2*time.Second, 5), local("c4", time.Second, 4), local("c6", 4*time.Second, 6),
	}, "catalog")
	require.Len(t, story, 3)
	require.Equal(t, admin.StateAccepted, story[0].State, "version 6 is still on its way")
	require.Equal(t, "mirrored", story[1].State)
	require.Empty(t, story[1].Note)
	require.Equal(t, "mirrored", story[2].State)
	require.Equal(t, "together with version 5", story[2].Note)
}

func TestAChangeAtTheRemoteAndItsArrivalAreOneEntry(t *testing.T) {
	t.Parallel()
	seen := change("stripe", admin.Inbound, "s", 0, 7, admin.StateSent)
	seen.Origin, seen.EventID, seen.Fields = "stripe", "evt_1", []admin.FieldDiff{{Field: "name", Before: "A", After: "B"}}
	taken := change("catalog", admin.Inbound, "c", 12*time.Millisecond, 7, admin.StateApplied)
	taken.Origin = "stripe"

	story := timeline.Fold([]admin.Change{taken, seen}, "catalog")

	require.Len(t, story, 1)
	require.False(t, story[0].Left)
	require.Equal(t, admin.StateApplied, story[0].State)
	require.Equal(t, 12*time.Millisecond, story[0].Latency)
	require.Equal(t, "evt_1", story[0].EventID)
}

func TestEchoesAreQuietAndSayWhy(t *testing.T) {
	t.Parallel()
	echo := change("stripe", admin.Inbound, "s", 0, 0, admin.StateSkipped)
	echo.Skip = "echo"
	nothing := change("stripe", admin.Outbound, "t", time.Second, 9, admin.StateSkipped)
	nothing.Skip = "nothing to push"
	story := timeline.Fold([]admin.Change{nothing, echo}, "catalog")
	require.Len(t, story, 2)
	for _, entry := range story {
		require.True(t, entry.Quiet)
		require.NotEmpty(t, entry.Note)
	}
	require.True(t, story[0].Left)
	require.False(t, story[1].Left)
}

func TestARedeliveryDoesNotHideWhatWasDone(t *testing.T) {
	t.Parallel()
	done := change("stripe", admin.Outbound, "s1", time.Second, 2, admin.StateApplied)
	again := change("stripe", admin.Outbound, "s2", 2*time.Second, 2, admin.StateSkipped)
	again.Skip = "stale"
	for _, changes := range [][]admin.Change{{again, done, local("c", 0, 2)}, {done, again, local("c", 0, 2)}} {
		story := timeline.Fold(changes, "catalog")
		require.Len(t, story, 2)
		require.True(t, story[0].Quiet)
		require.Equal(t, "mirrored", story[1].State)
	}
}

func TestAnOpenConflictIsWhatAnEntryIsAbout(t *testing.T) {
	t.Parallel()
	taken := change("catalog", admin.Inbound, "c", time.Second, 1, admin.StateApplied)
	taken.Origin, taken.Conflicts = "stripe", []admin.Conflict{{Field: "phone"}}
	seen := change("stripe", admin.Inbound, "s", 0, 1, admin.StateSent)
	story := timeline.Fold([]admin.Change{taken, seen}, "catalog")
	require.Len(t, story, 1)
	require.Equal(t, "conflict", story[0].State)

	taken.Conflicts[0].Winner = "catalog"
	require.Equal(t, admin.StateApplied, timeline.Fold([]admin.Change{taken, seen}, "catalog")[0].State)
}

func TestHalvesThatAreAloneAreShown(t *testing.T) {
	t.Parallel()
	failed := change("stripe", admin.Outbound, "s", 0, 4, admin.StateFailed)
	arrived := change("catalog", admin.Inbound, "c", time.Second, 2, admin.StateApplied)
	arrived.Origin = "stripe"
	story := timeline.Fold([]admin.Change{failed, arrived}, "catalog")
	require.Len(t, story, 2)
	require.Equal(t, "stripe", story[0].Remote)
	require.Equal(t, admin.StateFailed, story[1].State)
	require.Empty(t, timeline.Fold(nil, "catalog"))
}

func TestLinkingByHandStandsForItselfAndHidesNoPush(t *testing.T) {
	t.Parallel()
	pushed := change("stripe", admin.Outbound, "s1", time.Second, 3, admin.StateApplied)
	unlinked := change("stripe", admin.Outbound, "s2", 2*time.Second, 3, admin.StateApplied)
	unlinked.Op, unlinked.Origin = "unlink", "console (ada)"
	for _, changes := range [][]admin.Change{{unlinked, pushed, local("c", 0, 3)}, {pushed, unlinked, local("c", 0, 3)}} {
		story := timeline.Fold(changes, "catalog")
		require.Len(t, story, 2)
		require.True(t, story[0].ByHand())
		require.Equal(t, "done", story[0].State)
		require.Equal(t, "unlinked: nothing moves until it is linked again", story[0].Title())
		require.Equal(t, "mirrored", story[1].State)
		require.Equal(t, time.Second, story[1].Latency)
	}
}
