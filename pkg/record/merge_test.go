package record_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/record"
)

func TestMerge(t *testing.T) {
	t.Parallel()
	early, late := time.Unix(100, 0), time.Unix(200, 0)
	local := func(version int64, at time.Time) record.Clock {
		return record.Clock{Version: version, By: record.LocalWriter, At: at}
	}
	cases := map[string]struct {
		policy record.Policy
		ours   record.Clock
		theirs record.Inbound
		value  string // what the remote's change sets; "-" when the catalog's value stays
		winner string // of the conflict; "" when there is none
	}{
		"a change on top of what the remote had seen is taken": {
			record.PolicyCatalog, local(3, late), record.Inbound{Seq: 6, Value: "theirs", Base: 3, At: early}, "theirs", "",
		},
		"a change that was merged before is left out": {
			record.PolicyRemote, local(3, early), record.Inbound{Seq: 5, Value: "theirs", Base: 3, At: late}, "-", "",
		},
		"an equal value is no conflict": {
			record.PolicyCatalog, local(9, late), record.Inbound{Seq: 6, Value: "ours", Base: 3, At: early}, "-", "",
		},
		"a newer write by the same remote is no conflict": {
			record.PolicyCatalog,
			record.Clock{Version: 9, By: "stripe", At: late},
			record.Inbound{Seq: 6, Value: "theirs", Base: 3, At: early},
			"theirs", "",
		},
		"policy catalog keeps the catalog's value": {
			record.PolicyCatalog, local(4, early), record.Inbound{Seq: 6, Value: "theirs", Base: 3, At: late}, "-", "catalog",
		},
		"policy remote takes the remote's value": {
			record.PolicyRemote, local(4, late), record.Inbound{Seq: 6, Value: "theirs", Base: 3, At: early}, "theirs", "stripe",
		},
		"policy newest takes a later remote value": {
			record.PolicyNewest, local(4, early), record.Inbound{Seq: 6, Value: "theirs", Base: 3, At: late}, "theirs", "stripe",
		},
		"policy newest keeps a later catalog value": {
			record.PolicyNewest, local(4, late), record.Inbound{Seq: 6, Value: "theirs", Base: 3, At: early}, "-", "catalog",
		},
		"policy newest keeps the catalog's value on a tie": {
			record.PolicyNewest, local(4, late), record.Inbound{Seq: 6, Value: "theirs", Base: 3, At: late}, "-", "catalog",
		},
		"a write by another remote conflicts too": {
			record.PolicyNewest,
			record.Clock{Version: 4, By: "salesforce", At: late},
			record.Inbound{Seq: 6, Value: "theirs", Base: 3, At: early},
			"-", "catalog",
		},
		"a value that a push of the catalog's own overwrote conflicts with what was pushed": {
			record.PolicyNewest, local(4, early), record.Inbound{Seq: 6, Value: "theirs", Base: 3, At: late, Over: 4}, "theirs", "stripe",
		},
		"an overwritten value loses against a write that came after it was gone": {
			record.PolicyRemote, local(5, early), record.Inbound{Seq: 6, Value: "theirs", Base: 3, At: late, Over: 4}, "-", "catalog",
		},
		"an overwritten value is older than one that the remote sent since": {
			record.PolicyRemote,
			record.Clock{Version: 5, By: "stripe", At: early, Place: 4},
			record.Inbound{Seq: 6, Value: "theirs", Base: 3, At: late, Over: 4, Push: 3},
			"-", "",
		},
		"a value that the push of the remote's own older one overwrote is taken": {
			record.PolicyCatalog,
			record.Clock{Version: 4, By: "stripe", At: late, Place: 2},
			record.Inbound{Seq: 6, Value: "theirs", Base: 3, At: early, Over: 4, Push: 3},
			"theirs", "",
		},
		"also when the catalog took the older one after that push": {
			record.PolicyCatalog,
			record.Clock{Version: 5, By: "stripe", At: late, Place: 2},
			record.Inbound{Seq: 6, Value: "theirs", Base: 3, At: early, Over: 4, Push: 3},
			"theirs", "",
		},
		"a cleared field is a change like any other": {
			record.PolicyNewest, local(3, late), record.Inbound{Seq: 6, Value: "", Base: 3, At: early}, "", "",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			merge := record.Merge{Remote: "stripe", Seen: 5, Policy: func(string) record.Policy { return c.policy }}
			patch, conflicts := merge.Into(
				record.Fields{"name": "ours"}, map[string]record.Clock{"name": c.ours}, map[string]record.Inbound{"name": c.theirs})
			want := record.Patch{"name": c.value}
			if c.value == "-" {
				want = record.Patch{}
			}
			require.Equal(t, want, patch)
			if c.winner == "" {
				require.Empty(t, conflicts)
				return
			}
			require.Len(t, conflicts, 1)
			require.Equal(t, c.winner, conflicts[0].Winner)
			require.Equal(t, "ours", conflicts[0].CatalogValue)
			require.Equal(t, "theirs", conflicts[0].RemoteValue)
		})
	}
}

func TestAConflictThatWaitsForAPersonSetsNothing(t *testing.T) {
	t.Parallel()
	merge := record.Merge{Remote: "stripe", Policy: func(string) record.Policy { return record.PolicyManual }}
	ours := map[string]record.Clock{"name": {Version: 4, By: record.LocalWriter}}
	theirs := func(seq, base int64, value string) map[string]record.Inbound {
		return map[string]record.Inbound{"name": {Seq: seq, Value: value, Base: base}}
	}
	into := func(changed map[string]record.Inbound) []record.Conflict {
		patch, conflicts := merge.Into(record.Fields{"name": "ours"}, ours, changed)
		require.Empty(t, patch)
		return conflicts
	}
	met := into(theirs(6, 3, "theirs"))
	require.Len(t, met, 1)
	require.Empty(t, met[0].Winner)
	require.EqualValues(t, 6, met[0].RemotePlace)

	merge.Held = map[string]int64{"name": 6}
	require.Equal(t, "later", into(theirs(7, 9, "later"))[0].RemoteValue, "also when the remote has seen ours")
	require.Equal(t, "ours", into(theirs(7, 9, "ours"))[0].RemoteValue, "also when there is nothing left to decide")
	require.Empty(t, into(theirs(5, 9, "older")))

	merge.Held = nil
	overwritten := map[string]record.Inbound{"name": {Seq: 6, Value: "theirs", Base: 2, Over: 3, Push: 5}}
	require.Equal(t, record.LocalWriter, into(overwritten)[0].Winner, "the catalog was written after the value was gone")
}

func TestMergeOfAFieldThatNobodySetBeforeIsNoConflict(t *testing.T) {
	t.Parallel()
	merge := record.Merge{Remote: "stripe", Policy: func(string) record.Policy { return record.PolicyCatalog }}
	patch, conflicts := merge.Into(nil, nil, map[string]record.Inbound{"phone": {Seq: 1, Value: "1"}, "name": {Seq: 1, Value: "n"}})
	require.Equal(t, record.Patch{"phone": "1", "name": "n"}, patch)
	require.Empty(t, conflicts)
}
