package plan_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/e2e/torture/internal/plan"
)

func settings(seed uint64) plan.Settings {
	return plan.Settings{Seed: seed, Writes: 2000, Faults: 200, Length: time.Minute}
}

func TestASeedMakesOnePlan(t *testing.T) {
	t.Parallel()
	require.Equal(t, plan.New(settings(7)), plan.New(settings(7)))
	require.NotEqual(t, plan.New(settings(7)), plan.New(settings(8)))
}

func TestAPlanHasWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	p := plan.New(settings(1))
	require.Len(t, p.Ops, 2000)
	require.Len(t, p.Faults, 200)
	catalog, kills, kinds := 0, 0, map[plan.Kind]bool{}
	for _, op := range p.Ops {
		if op.Side == plan.Catalog {
			catalog++
		}
	}
	for _, f := range p.Faults {
		kinds[f.Kind] = true
		switch f.Kind {
		case plan.KillCatalog, plan.KillConnector:
			kills++
		case plan.KillAfterCommit, plan.KillAfterPublish, plan.KillBeforeAck, plan.KillAfterIntent, plan.KillAfterCall:
			kills += 2 // all replicas of a service: two or three
		default:
		}
	}
	require.InDelta(t, 1400, catalog, 100)
	require.InDelta(t, 100, kills, 15)
	require.Len(t, kinds, 39, "every kind of fault")
	poison := 0
	for _, s := range p.Subjects {
		if s.Poison {
			poison++
		}
	}
	require.Equal(t, 10, poison)
}

func TestEverybodyIsBornBeforeAnythingElseHappensToThem(t *testing.T) {
	t.Parallel()
	p := plan.New(settings(3))
	born := map[int]bool{}
	last := time.Duration(0)
	for _, op := range p.Ops {
		require.GreaterOrEqual(t, op.At, last)
		last = op.At
		require.Equal(t, op.Verb != plan.Create, born[op.Subject], "%+v", op)
		born[op.Subject] = true
		if op.Verb == plan.Create {
			require.Equal(t, op.Side, p.Subjects[op.Subject].Born)
		}
	}
}

func TestNoValueIsWrittenTwice(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, op := range plan.New(settings(5)).Ops {
		for field, value := range op.Patch {
			if value == "" || value == "ZZ" {
				continue
			}
			require.False(t, seen[field+value], "%s %s", field, value)
			seen[field+value] = true
		}
	}
}

func TestMostCustomersOfTheWidePhaseAreWrittenOnce(t *testing.T) {
	t.Parallel()
	writes := map[int]int{}
	for _, op := range plan.New(settings(9)).Ops {
		writes[op.Subject]++
	}
	once := 0
	for _, n := range writes {
		if n == 1 {
			once++
		}
	}
	require.Greater(t, once, 200)
	require.Greater(t, len(writes), 500)
}
