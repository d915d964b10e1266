package inbound_test

import (
	"flag"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/datasync-dev/datasync/pkg/connector/connectortest"
	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

// schedules is how many random schedules TestProtocol plays, over all policies. -protocol.schedules=100000 for a long run.
var schedules = flag.Int("protocol.schedules", 150, "random schedules that TestProtocol plays")

// TestProtocol plays random schedules of one customer, the catalog, and two remotes: messages are delayed, reordered
// and delivered twice, workers die before, during and after a call, calls fail with and without effect, people write
// on every side at once, and settle by hand what is left to them. The code is the real one on both sides of the broker, over a real database. Whatever the
// schedule, once it is quiet all sides must agree, on values that somebody wrote last, in one object per remote.
func TestProtocol(t *testing.T) {
	t.Parallel()
	const lanes = 2 // per policy, each over schemas of its own
	policies := []record.Policy{record.PolicyCatalog, record.PolicyRemote, record.PolicyNewest, record.PolicyManual}
	require.NoError(t, flag.Set("rapid.checks", fmt.Sprint(max(1, *schedules/(lanes*len(policies))))))
	for _, policy := range policies {
		for lane := range lanes {
			t.Run(fmt.Sprintf("%s/%d", policy, lane), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, policy)
				rapid.Check(t, func(r *rapid.T) { w.play(r) })
			})
		}
	}
}

// play runs one schedule from birth to quiet, and checks what must hold.
func (w *world) play(r *rapid.T) {
	w.begin(r)
	writes := rapid.IntRange(1, 18).Draw(r, "writes")
	for step := 0; ; step++ {
		if step > 3000 {
			r.Fatalf("it never gets quiet: %d events, %d changes, %d notices wait", len(w.events), len(w.changes), len(w.notices))
		}
		w.calm = writes == 0
		moves := w.moves(writes > 0)
		if len(moves) == 0 {
			break
		}
		move := moves[rapid.IntRange(0, len(moves)-1).Draw(r, "move")]
		if move.write {
			writes--
		}
		r.Log(move.name)
		move.run()
	}
	w.check()
}

// move is something that can happen next.
type move struct {
	name  string
	run   func()
	write bool // by a person; a schedule has a limited number
}

func (w *world) moves(mayWrite bool) (moves []move) {
	add := func(weight int, name string, run func(), write bool) {
		for range weight {
			moves = append(moves, move{name, run, write})
		}
	}
	if len(w.events) > 0 {
		add(3, "an event arrives", func() { w.deliver(&w.events) }, false)
	}
	if len(w.changes) > 0 {
		add(3, "a change arrives", func() { w.deliver(&w.changes) }, false)
	}
	if len(w.notices) > 0 {
		add(3, "a notice arrives", func() { w.deliver(&w.notices) }, false)
	}
	for _, s := range w.sides {
		if s.remote.InFlight() {
			add(1, "a late call lands at "+s.name, s.remote.LandLate, false)
		}
		if w.due(s) {
			add(2, "a worker turns at "+s.name, func() { w.work(s) }, false)
		}
		switch {
		case mayWrite:
			add(1, s.name+" is looked at for no reason", func() { w.sweep(s) }, true)
			add(1, "an operator pauses or resumes at "+s.name, func() { w.pauseOrResume(s) }, true)
		case w.stopped(s):
			add(1, "an operator resumes everything at "+s.name, func() { w.resumeAll(s) }, false)
		}
		if w.parked(s) {
			add(1, "a person lets "+s.name+" try again", func() { w.retry(s) }, false)
		}
		if objects := w.living(s); mayWrite && len(objects) > 0 {
			add(1, "a person writes at "+s.name, func() { w.remoteUserWrites(s, objects) }, true)
		}
	}
	if mayWrite && w.known {
		add(1, "a person writes in the catalog", w.catalogUserWrites, true)
	}
	if open := w.waiting(); len(open) > 0 {
		add(1, "a person settles a conflict", func() { w.personResolves(open) }, false)
	}
	return moves
}

// check holds the quiet world against what the protocol promises.
func (w *world) check() {
	customer := w.customer()
	require.Empty(w.r, customer.Held, "no conflict waits any more")
	for _, s := range w.sides {
		objects := w.living(s)
		created, lives := s.remote.Created()-s.createdBefore, int(customer.Generation)+s.unseen
		require.LessOrEqual(w.r, created, lives, "one object at %s for each life of the customer", s.name)
		if customer.Deleted() {
			require.Empty(w.r, objects, "deleted in the catalog, alive at %s", s.name)
			continue
		}
		require.Len(w.r, objects, 1, "objects at %s", s.name)
		require.Equal(w.r, customer.Fields, objects[0].Fields, "%s differs from the catalog", s.name)
		require.Equal(w.r, customer.Fields, w.shadow(s), "the shadow of %s differs", s.name)
	}
	if w.removed && !w.reborn {
		require.True(w.r, customer.Deleted(), "somebody deleted the customer, yet it lives")
	}
	if customer.Deleted() || w.reborn {
		return
	}
	for field, writers := range w.written {
		values := make([]string, 0, len(writers))
		for _, value := range writers {
			values = append(values, value)
		}
		require.Contains(w.r, values, customer.Fields[field], "%s ends at a value that was overwritten by its own writer", field)
	}
	w.checkNothingWasLostUnseen()
}

// checkNothingWasLostUnseen: the last word of every writer was the customer's value at some version, or is recorded in
// a conflict. It may have lost, but not without a trace.
func (w *world) checkNothingWasLostUnseen() {
	conflicts, err := customers.ListConflicts(w.ctx, w.catalog, customers.ConflictFilter{Customer: w.id}, customers.Cursor{}, 1000)
	w.must(err)
	for _, c := range conflicts.Items {
		w.heard[c.Field+"="+c.RemoteValue] = true
	}
	for field, writers := range w.written {
		for writer, value := range writers {
			require.True(w.r, w.heard[field+"="+value], "what %s wrote to %s was lost without a trace: %q", writer, field, value)
		}
	}
}

// fault draws what goes wrong with the next write to a remote. Once people have stopped writing, nothing does.
func (w *world) fault() connectortest.Fault {
	if w.calm {
		return connectortest.FaultNone
	}
	return rapid.SampledFrom([]connectortest.Fault{
		connectortest.FaultNone, connectortest.FaultNone, connectortest.FaultNone, connectortest.FaultNone,
		connectortest.FaultBeforeCall, connectortest.FaultAfterCall, connectortest.FaultInFlight,
		connectortest.FaultNoAnswer, connectortest.FaultThrottled,
		connectortest.FaultBurntBefore, connectortest.FaultBurntAfter, connectortest.FaultRefused, connectortest.FaultBurntLate,
	}).Draw(w.r, "fault")
}

// unreadable draws whether the next read of a remote goes unanswered.
func (w *world) unreadable() bool {
	return !w.calm && rapid.IntRange(0, 5).Draw(w.r, "unreadable") == 0
}
