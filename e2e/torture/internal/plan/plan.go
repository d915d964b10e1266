// Package plan decides what a torture run will do: who writes what when, and what breaks when. Everything follows from
// the seed.
package plan

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/datasync-dev/datasync/pkg/record"
)

// Side is where somebody writes.
type Side string

// The sides.
const (
	Catalog Side = "catalog"
	Stripe  Side = "stripe"
)

// Verb is what somebody does.
type Verb string

// The verbs.
const (
	Create Verb = "create"
	Edit   Verb = "edit"
	Delete Verb = "delete"
	Erase  Verb = "erase" // in the catalog: as delete, and the personal data goes everywhere
)

// Op is one write by one person.
type Op struct {
	At      time.Duration // after the begin
	Side    Side
	Verb    Verb
	Subject int // whom it is about: an index into Plan.Subjects
	Patch   record.Patch
}

// Subject is a customer of the plan.
type Subject struct {
	Born   Side
	Poison bool // Stripe will refuse it
}

// Settings say how much of everything there shall be.
type Settings struct {
	Seed   uint64
	Writes int // by people, of which about 7 in 10 in the catalog
	Faults int
	Length time.Duration // writes and faults are spread over it
	Drop   bool          // webhooks may also be lost for good
	// Cluster says that the broker has several nodes, of which one may be killed at a time.
	Cluster bool
}

// Plan is what will happen.
type Plan struct {
	Subjects []Subject
	Ops      []Op    // in order of time
	Faults   []Fault // in order of time
}

const (
	hotSubjects    = 8
	hotFromStripe  = 2
	hotDeleted     = 2
	poisonSubjects = 10
	catalogShare   = 0.7
)

// New makes the plan of a seed. The first half of the time is the hot phase: few customers, many edits. The second is
// the wide one: about one write to each customer, so that a lost one is not hidden by a later one.
func New(s Settings) Plan {
	w := &writer{random: rand.New(rand.NewPCG(s.Seed, 1)), settings: s} //nolint:gosec // has to be repeatable
	w.poison()
	w.hot(s.Writes / 2)
	w.wide(s.Writes - len(w.plan.Ops))
	slices.SortStableFunc(w.plan.Ops, func(a, b Op) int { return cmp.Compare(a.At, b.At) })
	w.plan.Faults = faults(rand.New(rand.NewPCG(s.Seed, 2)), s) //nolint:gosec // as above
	return w.plan
}

// writer makes the ops.
type writer struct {
	random   *rand.Rand
	settings Settings
	plan     Plan
	values   int
}

func (w *writer) subject(s Subject) int {
	w.plan.Subjects = append(w.plan.Subjects, s)
	return len(w.plan.Subjects) - 1
}

func (w *writer) add(op Op) { w.plan.Ops = append(w.plan.Ops, op) }

// between draws a time in a part of the run.
func (w *writer) between(from, to float64) time.Duration {
	part := from + w.random.Float64()*(to-from)
	return time.Duration(part * float64(w.settings.Length))
}

func (w *writer) chance(p float64) bool { return w.random.Float64() < p }

func (w *writer) side() Side {
	if w.chance(catalogShare) {
		return Catalog
	}
	return Stripe
}

// poison makes customers that Stripe refuses: half of them at once, half when they change.
func (w *writer) poison() {
	for i := range poisonSubjects {
		subject := w.subject(Subject{Born: Catalog, Poison: true})
		birth := w.birth()
		at := w.between(0, 0.4)
		if i%2 == 0 {
			birth[poisonField] = poisonValue
		}
		w.add(Op{At: at, Side: Catalog, Verb: Create, Subject: subject, Patch: birth})
		change := record.Patch{"description": w.value("description")} // a change that heals nothing
		if i%2 == 1 {
			change[poisonField] = poisonValue
		}
		w.add(Op{At: at + w.between(0.2, 0.5), Side: Catalog, Verb: Edit, Subject: subject, Patch: change})
	}
}

// hot makes the writes of the hot phase: single ones, bursts, and both sides at the same field at once.
func (w *writer) hot(count int) {
	const begin, end, deletes = 0.02, 0.5, 0.45
	first := len(w.plan.Subjects)
	for i := range hotSubjects {
		born := Catalog
		if i < hotFromStripe {
			born = Stripe
		}
		w.add(Op{At: 0, Side: born, Verb: Create, Subject: w.subject(Subject{Born: born}), Patch: w.birth()})
	}
	for range hotDeleted {
		w.add(Op{At: w.between(deletes, end), Side: w.side(), Verb: Delete, Subject: first + hotSubjects/2 + w.random.IntN(hotSubjects/2)})
	}
	for stop := len(w.plan.Ops) + count - hotSubjects - hotDeleted; len(w.plan.Ops) < stop; {
		at, subject := w.between(begin, end), first+w.random.IntN(hotSubjects)
		switch draw := w.random.Float64(); {
		case draw < 0.1:
			w.clash(at, subject)
		case draw < 0.12:
			w.burst(at, subject)
		default:
			w.add(Op{At: at, Side: w.side(), Verb: Edit, Subject: subject, Patch: w.edit()})
		}
	}
}

// clash lets both sides write the same field at once.
func (w *writer) clash(at time.Duration, subject int) {
	field := fields[w.random.IntN(len(fields))]
	for _, side := range []Side{Catalog, Stripe} {
		w.add(Op{At: at, Side: side, Verb: Edit, Subject: subject, Patch: record.Patch{field: w.value(field)}})
	}
}

// burst lets one side write many times without a pause.
func (w *writer) burst(at time.Duration, subject int) {
	side := w.side()
	for range 5 + w.random.IntN(15) {
		w.add(Op{At: at, Side: side, Verb: Edit, Subject: subject, Patch: w.edit()})
	}
}

// wide makes the writes of the wide phase.
func (w *writer) wide(count int) {
	const begin, end, pause = 0.5, 1.0, 0.05
	type birth struct {
		subject int
		at      float64
	}
	var born []birth
	var beside *Op // comes at the same time as the last one
	for i := range max(count, 0) {
		if beside != nil {
			w.add(*beside)
			beside = nil
			continue
		}
		now := begin + (end-begin)*float64(i)/float64(count)
		at := time.Duration(now * float64(w.settings.Length))
		old := 0 // how many are old enough to be known on both sides
		for old < len(born) && born[old].at < now-pause {
			old++
		}
		draw := w.random.Float64()
		if old == 0 || draw < 0.6 {
			side := w.side()
			subject := w.subject(Subject{Born: side})
			born = append(born, birth{subject, now})
			w.add(Op{At: at, Side: side, Verb: Create, Subject: subject, Patch: w.birth()})
			continue
		}
		op := Op{At: at, Side: w.side(), Verb: Edit, Subject: born[0].subject, Patch: w.edit()}
		born = born[1:] // nobody writes to it again
		switch {
		case draw > 0.96: // and what a person writes at Stripe just then must not bring anything back
			beside = &Op{At: at, Side: Stripe, Verb: Edit, Subject: op.Subject, Patch: record.Patch{"email": w.value("email")}}
			op.Side, op.Verb, op.Patch = Catalog, Erase, nil
		case draw > 0.92:
			op.Verb, op.Patch = Delete, nil
		}
		w.add(op)
	}
}
