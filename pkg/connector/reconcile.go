package connector

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/record"
)

// staleIntent is the age from which an intent's key cannot be trusted: remotes forget keys (Stripe after 24 hours),
// and a forgotten key would make the call a second time.
const staleIntent = 20 * time.Hour

// job is one turn of a worker at one link: the row under its lease, and the messages that go out with the next commit.
type job struct {
	*Engine
	link    *link
	flight  *flight
	opening *opening // nil: it has ended
	was     report   // what the catalog was last told
	trace   string   // id of the trace that the turn belongs to
	out     []event.Envelope

	seenVersion, seenChecks int64 // the inputs that this turn knows of
	outages                 int   // how many had ended when the turn began
	conceded                int   // how many of the row's overwritten values the next commit covers
	overruled               int64 // the row's wish that the catalog wins, if the next commit covers it
	looked                  bool  // the remote's state was seen since the last commit
	waits                   hold  // the paused directions that this turn ran into

	entries    ledger.Entries // for the ledger, with the next commit
	before     record.Fields  // the shadow before the look whose findings are told
	lookID     uuid.UUID      // the line of this turn's look, if there was one
	lookListed bool
}

// reconcile brings the link to rest: the one function that decides. It finishes what was begun, looks at the remote
// where that may have moved, and pushes what the catalog wants. Whatever happens, the row is left either at rest or
// with a due time; only a lost lease or an unreachable database leave it to the next holder.
func (j *job) reconcile(ctx context.Context) error {
	looked, failure := j.advance(ctx)
	if lost, ok := errors.AsType[*notCommitted](failure); ok {
		return j.settle(ctx, lost)
	}
	j.closeLook(failure)
	if looked {
		j.link.Checked = j.seenChecks
	}
	return j.settle(ctx, j.rest(ctx, failure))
}

// advance does the steps of reconcile up to the first failure. looked reports whether the remote's state was read, or
// need not be.
func (j *job) advance(ctx context.Context) (looked bool, failure error) {
	l := j.link
	if l.erased() {
		return true, j.erase(ctx)
	}
	j.retell()
	l.landed(time.Now()) // before anything that shows the object
	if l.Intent != nil {
		if j.held(holdOutbound) { // what it has done has to be known before anything else
			return false, nil
		}
		if err := j.finishOld(ctx); err != nil {
			return false, err
		}
	}
	l.reattach()
	looked = l.Checks <= l.Checked
	if l.Doubt != nil || l.restored() || l.Repair != nil || l.Forced > 0 || !looked && !j.held(holdInbound) {
		if err := j.look(ctx); err != nil {
			return false, err
		}
		looked = true
	}
	j.tell(l.renew(j.o.Name))
	if len(l.Overwritten) > 0 && !j.held(holdInbound) {
		j.tell(l.concede(j.o.Name))
		j.conceded = len(l.Overwritten)
	}
	l.settleRepair(j.o.Name)
	if l.behind() {
		return looked, j.push(ctx)
	}
	return looked, nil
}

// held reports whether a direction is paused, and notes that the link waits for it.
func (j *job) held(direction hold) bool {
	if !j.paused(direction) {
		return false
	}
	j.waits |= direction
	return true
}

// retell tells the catalog what it was not told while the way there was paused. What it was told is a duplicate to it.
func (j *job) retell() {
	if j.link.Held&holdInbound != 0 && !j.held(holdInbound) {
		j.tell(j.link.untold(j.o.Name))
	}
}

// finishOld makes a call again that an earlier turn left behind.
func (j *job) finishOld(ctx context.Context) error {
	l, version := j.link, j.link.Intent.Version
	err := j.finish(ctx)
	switch {
	case err == nil:
		l.Checked = min(l.Checked, l.Checks-1) // the reply may be the replay of an old one: look, if only the next holder
	case l.Intent == nil && classify(err).Class == Permanent:
		j.seenVersion, j.seenChecks = version, l.Checked // the refusal says nothing about what has come since
	}
	return err
}

// look reads the remote's present state.
func (j *job) look(ctx context.Context) error {
	l := j.link
	if l.RemoteID == "" || l.Gone {
		l.Doubt = nil // nothing is left that a late write could change
		return nil
	}
	var object Object
	err := j.calling(ctx, opGet, func(ctx context.Context) (err error) {
		object, err = j.o.Remote.Get(ctx, l.RemoteID)
		return err
	})
	if errors.Is(err, ErrGone) {
		if !l.parted() {
			j.tell(l.vanish(j.o.Name))
		}
		l.Doubt = nil
		return nil
	}
	if err != nil {
		return err
	}
	j.tell(j.read(object, time.Now()))
	if l.Doubt != nil && time.Since(l.Doubt.Since) >= j.o.VerifyAfter {
		l.Doubt = nil
	}
	return nil
}

// read folds what the remote was seen to hold into the link, as an operator or the link's repair wants it.
func (j *job) read(object Object, now time.Time) *event.Change {
	l := j.link
	j.looked, j.before = true, l.Shadow
	switch {
	case l.Forced > 0:
		j.listOverruled(object)
		l.overrule(object)
		j.overruled, l.Forced = l.Forced, 0
		return nil
	case l.adopting():
		return l.takeOver(j.o.Name, object, now)
	}
	l.prepareRepair(object)
	return l.observe(j.o.Name, object, now)
}

// push brings the remote to the version that the catalog wants.
func (j *job) push(ctx context.Context) error {
	l, want := j.link, j.link.Desired
	switch {
	case l.Gone || (want.Deleted && l.RemoteID == ""):
		j.skip("there is no object at the remote")
		l.Gone, l.Version = true, want.Version
		return nil
	case want.Deleted:
		return j.pushDelete(ctx)
	case l.RemoteID == "" && l.Offered:
		return nil // a comparison decides whether the remote has it already
	case l.RemoteID == "":
		return j.attempt(ctx, intent{Op: opCreate, Fields: want.Fields.Clone()})
	}
	patch := l.patch(j.o.Name, want.Seen[j.o.Name])
	if len(patch) == 0 && !l.unmarked {
		why := "nothing to push"
		switch known := l.acknowledge(want.Seen[j.o.Name]); {
		case len(record.Diff(l.Shadow, want.Fields)) > 0:
			why = "undecided" // between the two sides: see patch
		case known:
			why = "echo"
		}
		j.skip(why)
		l.Version = want.Version
		j.metrics.skipped.WithLabelValues(why).Inc() // how echoes end
		return nil
	}
	if completer, ok := j.o.Remote.(Completer); ok {
		patch = completer.Complete(patch, l.Shadow.Apply(patch))
	}
	return j.attempt(ctx, intent{Op: opUpdate, Patch: patch})
}

func (j *job) pushDelete(ctx context.Context) error {
	l := j.link
	switch j.o.DeletePolicy {
	case DeleteDetach:
		j.skip("detached: the object is kept by policy")
		l.Gone, l.Version, l.State = true, l.Desired.Version, event.StateDetached
		return nil
	case DeleteRefuse:
		if j.held(holdOutbound) {
			return nil
		}
		j.begin(l.Desired.Version)
		err := j.calling(ctx, "deletable", func(ctx context.Context) error { return j.guard.Deletable(ctx, l.RemoteID) })
		if err != nil && !errors.Is(err, ErrGone) {
			j.listFailure(&intent{Op: opDelete, Version: l.Desired.Version}, err)
			return err
		}
	case DeleteAlways:
	}
	return j.attempt(ctx, intent{Op: opDelete})
}

// attempt commits the intent, then makes the call. It is where every new write to the remote begins.
func (j *job) attempt(ctx context.Context, in intent) error {
	if j.held(holdOutbound) {
		return nil
	}
	want := j.link.Desired
	in.Version, in.Seen, in.CreatedAt = want.Version, want.Seen[j.o.Name], time.Now().UTC()
	if in.Op == opUpdate {
		j.link.Seq = j.link.next()
		in.Seq = j.link.Seq
	}
	in.Key = j.newKey(in.Version)
	j.begin(in.Version)
	j.link.Intent = &in
	if err := j.hold(ctx); err != nil {
		return err
	}
	return j.finish(ctx)
}

// newKey is unique: a lease token is never used twice for a link, and a turn makes at most one key.
func (j *job) newKey(version int64) string {
	return fmt.Sprintf("%s%s-%d-%d", KeyPrefix(j.o.Name), j.link.LocalID, version, j.link.LeaseToken)
}

// finish makes the call that the intent holds and folds in the reply. On a failure the intent stays, unless the
// failure means that making the call again is pointless.
func (j *job) finish(ctx context.Context) error {
	l, in := j.link, j.link.Intent
	if time.Since(in.CreatedAt) > staleIntent {
		in.Look = true
	}
	if in.Look && in.Op == opUpdate {
		l.giveUpKey(time.Now())
		return nil
	}
	if in.Look && in.Op == opCreate {
		if found, err := j.find(ctx); found || err != nil {
			return err
		}
	}
	reply, err := j.call(ctx, in)
	switch {
	case err == nil:
		op, moved := in.Op, l.changes(in)
		l.complete(reply)
		j.outcome(in, moved, admin.StateApplied, "")
		j.looked, j.before = true, l.Shadow
		if op != opDelete {
			j.tell(l.observe(j.o.Name, reply, time.Now()))
		}
		return nil
	case errors.Is(err, ErrGone):
		j.outcome(in, nil, admin.StateSkipped, "there is no object at the remote")
		l.LastKey, l.Intent = in.Key, nil
		j.tell(l.vanish(j.o.Name))
		return nil
	}
	j.listFailure(in, err)
	j.keepOrDrop(classify(err))
	return err
}

// keepOrDrop decides what a failed call means for its intent.
func (j *job) keepOrDrop(failure *Error) {
	l := j.link
	switch {
	case failure.Class == Permanent: // nothing was done, and the same call would be refused again
		l.LastKey, l.Intent = l.Intent.Key, nil
	case !failure.Burnt:
	case l.Intent.Op == opCreate:
		l.Intent.Look = true
	case l.Intent.Op == opUpdate:
		l.giveUpKey(time.Now())
	case l.Intent.Op == opDelete: // harmless to do twice
		l.LastKey, l.Intent = l.Intent.Key, nil
	}
}

// find looks for what a create with a doubtful outcome may have made. If there is nothing, the intent gets a new key.
func (j *job) find(ctx context.Context) (found bool, err error) {
	l, in := j.link, j.link.Intent
	var object Object
	err = j.calling(ctx, "find", func(ctx context.Context) (err error) {
		object, err = j.o.Remote.Find(ctx, in.call(l.LocalID), in.Fields)
		return err
	})
	if err == nil {
		moved := l.changes(in)
		l.complete(object)
		j.outcome(in, moved, admin.StateApplied, "")
		j.before = l.Shadow
		j.tell(l.observe(j.o.Name, object, time.Now()))
		return true, nil
	}
	if !errors.Is(err, ErrGone) {
		return false, err
	}
	in.Key, in.Look, in.CreatedAt = j.newKey(in.Version), false, time.Now().UTC()
	return false, j.hold(ctx)
}

// errNotCalled: the call was not made, or not waited for: the program stops, or the remote went down while the record
// waited for a worker. Whoever comes next makes it.
var errNotCalled = errors.New("not called")

// tell puts a change in the outbox with the next commit; nil is nothing to tell. While the way to the catalog is paused
// it only notes that there is something.
func (j *job) tell(change *event.Change) {
	if change == nil {
		return
	}
	held := j.held(holdInbound)
	j.listTold(change, held)
	if !held {
		j.out = append(j.out, event.NewChange(*change))
	}
}
