package connector_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/connector/connectortest"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/pkg/record"
)

func TestANewCustomerIsCreatedOnceAndReported(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := customer("Ada")
	b.deliver(s, s)
	b.deliver(s)
	b.work()
	object := b.object(s.ID)
	require.Equal(t, s.Fields, object.Fields)
	require.Equal(t, 1, b.remote.Writes())
	changes, states := b.sent()
	require.Empty(t, changes)
	require.Len(t, states, 1)
	require.Equal(t, event.StateSynced, states[0].State)
	require.Equal(t, object.ID, states[0].RemoteID)
	require.EqualValues(t, 1, states[0].Version)
}

func TestFiftyEditsInABacklogCostOneCall(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, _ := b.synced()
	before := b.remote.Writes()
	for range 50 {
		s = next(s, record.Patch{"name": s.Fields["name"] + "!"})
		b.deliver(s)
	}
	b.work()
	require.Equal(t, before+1, b.remote.Writes())
	require.Equal(t, s.Fields, b.object(s.ID).Fields)
}

func TestAnOlderEventThatArrivesLateChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, _ := b.synced()
	older := next(s, record.Patch{"name": "older"})
	newer := next(older, record.Patch{"name": "newer"})
	b.deliver(newer)
	b.work()
	b.deliver(older)
	b.deliver(older, newer)
	b.work()
	require.Equal(t, "newer", b.object(s.ID).Fields["name"])
}

func TestAPushCarriesOnlyWhatDiffers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, object := b.synced()
	b.remote.Edit(object.ID, record.Patch{"phone": "1"}) // nobody told us yet
	b.deliver(next(s, record.Patch{"email": "a@example.com"}))
	b.work()
	require.Equal(t, record.Fields{"name": "Ada", "phone": "1", "email": "a@example.com"}, b.object(s.ID).Fields)
	changes, _ := b.sent()
	require.Len(t, changes, 1, "the reply to the push shows the edit by a person")
	require.Equal(t, map[string]string{"phone": "1@2"}, values(changes[0]))
}

func TestAClearedFieldIsClearedAtTheRemote(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, _ := b.synced()
	s = next(s, record.Patch{"email": "a@example.com", "name": ""})
	b.deliver(s)
	b.work()
	require.Equal(t, record.Fields{"email": "a@example.com"}, b.object(s.ID).Fields)
}

func TestDeleteInTheCatalog(t *testing.T) {
	t.Parallel()
	for policy, c := range map[connector.DeletePolicy]struct {
		objects int
		state   event.SyncState
	}{
		connector.DeleteAlways: {0, event.StateDeleted},
		connector.DeleteDetach: {1, event.StateDetached},
	} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(o *connector.Options) { o.DeletePolicy = policy })
			s, _ := b.synced()
			gone := deleted(s)
			b.deliver(gone)
			b.work()
			b.webhooks()
			b.deliver(next(s, record.Patch{"name": "late"}), gone)
			b.work()
			require.Len(t, b.remote.Objects(), c.objects)
			changes, states := b.sent()
			require.Empty(t, changes, "the webhook of our own delete is no news")
			require.Len(t, states, 1)
			require.Equal(t, c.state, states[0].State)
		})
	}
}

func TestACustomerDeletedBeforeItWasEverMirroredIsNeverCreated(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.deliver(deleted(customer("Ada")))
	b.work()
	require.Zero(t, b.remote.Created())
}

func TestARestoredCustomerGetsANewObject(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, old := b.synced()
	gone := deleted(s)
	b.deliver(gone)
	b.work()
	again := next(gone, record.Patch{"name": "Ada again"})
	again.Deleted, again.Generation = false, 2
	b.deliver(again)
	b.work()
	b.webhooks() // the late ones of the old object
	b.deliver(gone)
	b.work()
	object := b.object(s.ID)
	require.NotEqual(t, old.ID, object.ID)
	require.Equal(t, again.Fields, object.Fields)
	require.Len(t, b.remote.Objects(), 1)
	require.Equal(t, 2, b.remote.Created())
}

func TestARestoreThatOvertakesItsDeleteKeepsTheObjectAndWhatMovedThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, object := b.synced()
	b.remote.Edit(object.ID, record.Patch{"phone": "1"})
	b.webhooks()
	b.work()
	b.sent()
	again := next(deleted(s), nil)
	again.Deleted, again.Generation = false, 2
	b.deliver(again)
	b.work()
	require.Equal(t, object.ID, b.object(s.ID).ID)
	changes, _ := b.sent()
	require.Len(t, changes, 1)
	require.EqualValues(t, 2, changes[0].Generation)
	require.Equal(t, map[string]string{"phone": "1@1"}, values(changes[0]))
}

func TestOneObjectWhateverGoesWrong(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string][]connectortest.Fault{
		"killed before the call":                      {connectortest.FaultBeforeCall},
		"killed after the call":                       {connectortest.FaultAfterCall},
		"killed twice after the call":                 {connectortest.FaultAfterCall, connectortest.FaultAfterCall},
		"killed with the call in flight":              {connectortest.FaultInFlight},
		"the answer is lost":                          {connectortest.FaultNoAnswer},
		"throttled":                                   {connectortest.FaultThrottled, connectortest.FaultThrottled},
		"a replayed failure without effect":           {connectortest.FaultBurntBefore},
		"a replayed failure after the effect":         {connectortest.FaultBurntAfter},
		"two replayed failures, the last with effect": {connectortest.FaultBurntBefore, connectortest.FaultBurntAfter},
		"killed, then a failure after the effect":     {connectortest.FaultBeforeCall, connectortest.FaultBurntAfter},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			s := customer("Ada")
			b.faults(faults...)
			b.deliver(s)
			b.work()
			require.Equal(t, s.Fields, b.object(s.ID).Fields)

			b.faults(faults...)
			s = next(s, record.Patch{"name": "Grace"})
			b.deliver(s)
			b.work()
			require.Equal(t, s.Fields, b.object(s.ID).Fields)
			require.Equal(t, 1, b.remote.Created())

			b.faults(faults...)
			b.deliver(deleted(s))
			b.work()
			require.Empty(t, b.remote.Objects())
			b.webhooks()
			b.work()
			changes, _ := b.sent()
			require.Empty(t, changes, "nothing of this was done by anybody else")
		})
	}
}

func TestAWriteThatLandsAfterANewerOneIsRepairedAndIsNoEditByAPerson(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, object := b.synced()
	b.engine = b.newEngine(func(o *connector.Options) { o.VerifyAfter = time.Hour })
	b.faults(connectortest.FaultBurntBefore)
	b.deliver(next(s, record.Patch{"name": "doubtful"}))
	b.turn()
	newer := next(next(s, nil), record.Patch{"name": "newer"})
	b.deliver(newer)
	b.turn()
	require.Equal(t, "newer", b.object(s.ID).Fields["name"])

	b.remote.Edit(object.ID, record.Patch{"name": "doubtful"}) // the doubtful write lands after all
	b.turn()
	b.webhooks()
	b.turn()
	require.Equal(t, "newer", b.object(s.ID).Fields["name"])
	changes, _ := b.sent()
	require.Empty(t, changes)
}

func TestAnIntentTooOldForItsKeyIsLookedUpFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := customer("Ada")
	b.faults(connectortest.FaultAfterCall)
	b.deliver(s)
	b.turn()
	b.remote.Forget() // as after 24 hours
	require.NoError(t, b.db.Exec(`UPDATE links SET intent = jsonb_set(intent, '{created_at}', to_jsonb(now() - interval '21 hours'))`).Error)
	b.work()
	require.Equal(t, s.Fields, b.object(s.ID).Fields)
	require.Equal(t, 1, b.remote.Created())
}

func TestAnEventThatCannotBeDecodedHoldsNothingUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := customer("Ada")
	poison := &rabbitmq.Delivery{Body: []byte(`{"specversion":"1.0"}`)}
	good := &rabbitmq.Delivery{Body: event.NewSnapshot(event.Created, s).JSON()}
	require.NoError(t, b.engine.HandleEvents(t.Context(), []*rabbitmq.Delivery{poison, good}))
	b.work()
	require.Equal(t, s.Fields, b.object(s.ID).Fields)
}

func TestAnOldLeaseWritesNothingBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := customer("Ada")
	zombie := b.newEngine(func(o *connector.Options) {
		o.Remote = remoteFunc{b.remote, func() { b.work() }} // while it calls, another replica does everything
	})
	b.deliver(s)
	_, err := zombie.RunOnce(t.Context())
	require.NoError(t, err)
	b.work()
	require.Equal(t, 1, b.remote.Created())
	_, states := b.sent()
	require.Len(t, states, 1, "only the holder of the lease reports")
}

// remoteFunc calls a function before each create.
type remoteFunc struct {
	*connectortest.Memory
	before func()
}

func (r remoteFunc) Create(ctx context.Context, call connector.Call, fields record.Fields) (connector.Object, error) {
	r.before()
	return r.Memory.Create(context.WithoutCancel(ctx), call, fields)
}

func TestReplicasShareTheWorkAndDoubleNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const customers = 60
	for range customers {
		b.deliver(customer("Ada"))
	}
	ctx, stop := context.WithCancel(t.Context())
	var replicas sync.WaitGroup
	for range 2 {
		engine := b.newEngine(func(o *connector.Options) { o.Workers = 5 })
		replicas.Go(func() { assert.NoError(t, engine.Run(ctx)) })
	}
	require.Eventually(t, func() bool { return len(b.remote.Objects()) == customers && !b.due() },
		20*time.Second, 10*time.Millisecond)
	stop()
	replicas.Wait()
	require.Equal(t, customers, b.remote.Created())
}
