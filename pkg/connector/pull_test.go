package connector_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/record"
)

func TestAnEditAtTheRemoteIsSentToTheCatalogOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, object := b.synced()
	b.remote.Edit(object.ID, record.Patch{"phone": "1", "name": ""})
	b.notices = append(b.notices, b.notices...) // delivered twice
	b.webhooks()
	b.work()
	changes, _ := b.sent()
	require.Len(t, changes, 1)
	require.Equal(t, map[string]string{"phone": "1@1", "name": "@1"}, values(changes[0]))
	require.Equal(t, s.ID, changes[0].ID)
	require.Equal(t, object.ID, changes[0].RemoteID)
	require.Equal(t, []string{"check"}, b.inbox())
}

func TestAChangeRepeatsWhatTheCatalogHasNotBeenSeenToApply(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, object := b.synced()
	for _, patch := range []record.Patch{{"phone": "1"}, {"email": "a@example.com"}, {"phone": "2"}} {
		b.remote.Edit(object.ID, patch)
		b.webhooks()
		b.work()
	}
	changes, _ := b.sent()
	require.Len(t, changes, 3)
	require.Equal(t, map[string]string{"phone": "2@1", "email": "a@example.com@1"}, values(changes[2]))
	require.EqualValues(t, 6, changes[2].Seq)
	require.EqualValues(t, 4, changes[2].Fields["email"].Seq)

	acknowledged := next(s, record.Patch{"phone": "1", "email": "a@example.com"})
	acknowledged.Seen = map[string]int64{"stripe": 4}
	b.deliver(acknowledged)
	b.work()
	require.Equal(t, "2", b.object(s.ID).Fields["phone"], "the catalog has yet to judge it: not pushed over")

	b.remote.Edit(object.ID, record.Patch{"description": "d"})
	b.webhooks()
	b.work()
	changes, _ = b.sent()
	require.Equal(t, map[string]string{"phone": "2@1", "description": "d@2"}, values(changes[0]))
}

func TestTheEchoOfAChangeCostsNoCall(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, object := b.synced()
	b.remote.Edit(object.ID, record.Patch{"phone": "1"})
	b.webhooks()
	b.work()
	before := b.remote.Writes()
	echo := next(s, record.Patch{"phone": "1"})
	echo.Seen = map[string]int64{"stripe": 1}
	b.deliver(echo)
	b.work()
	require.Equal(t, before, b.remote.Writes())
	_, states := b.sent()
	require.EqualValues(t, 2, states[len(states)-1].Version)
}

func TestTheWebhookOfOurOwnCallIsAnEcho(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := customer("Ada")
	b.deliver(s)
	b.work()
	b.deliver(next(s, record.Patch{"name": "Grace"}))
	b.work()
	b.webhooks() // of the create, whose content is no longer what we see, and of the update
	require.Equal(t, []string{"check", "echo"}, b.inbox())
	b.work()
	changes, _ := b.sent()
	require.Empty(t, changes)
}

func TestTheWebhookThatOvertakesOurOwnAnswerIsAnEcho(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.remote.Moved = func(n connector.Notice) { require.NoError(t, b.engine.Notify(t.Context(), n)) }
	s := customer("Ada")
	b.deliver(s)
	b.work()
	require.Equal(t, []string{"echo"}, b.inbox())
	b.object(s.ID)
}

func TestAValueThatOurUpdateOverwroteUnseenGoesToTheCatalog(t *testing.T) {
	t.Parallel()
	for name, hearEarly := range map[string]bool{"told after our answer": false, "told before our answer": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			s, object := b.synced()
			b.remote.Edit(object.ID, record.Patch{"name": "theirs", "phone": "1"}) // not told yet
			late := b.notices
			b.notices = nil
			if hearEarly {
				b.remote.Moved = func(n connector.Notice) { require.NoError(t, b.engine.Notify(t.Context(), n)) }
			}
			ours := next(s, record.Patch{"name": "ours"})
			b.deliver(ours)
			b.work()
			b.notices = append(b.notices, late...)
			b.webhooks()
			b.work()
			changes, _ := b.sent()
			change := changes[len(changes)-1]
			require.Equal(t, map[string]string{"name": "theirs@1", "phone": "1@2"}, values(change))
			require.EqualValues(t, 2, change.Fields["name"].Over)
			require.Contains(t, b.inbox(), "overwrote")

			settled := next(ours, record.Patch{"name": "theirs", "phone": "1"}) // by the policy, say
			settled.Seen = map[string]int64{"stripe": change.Seq}
			b.deliver(settled)
			b.work()
			require.Equal(t, settled.Fields, b.object(s.ID).Fields)
			b.webhooks()
			b.work()
			changes, _ = b.sent()
			require.Empty(t, changes, "and it is quiet")
		})
	}
}

func TestADeleteAtTheRemoteIsFinal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, object := b.synced()
	b.remote.Remove(object.ID)
	b.webhooks()
	b.work()
	changes, states := b.sent()
	require.Len(t, changes, 1)
	require.True(t, changes[0].Deleted)
	require.Equal(t, event.StateDeleted, states[0].State)
	b.deliver(next(s, record.Patch{"name": "late"}))
	b.deliver(deleted(next(s, nil)))
	b.work()
	require.Empty(t, b.remote.Objects())
	changes, _ = b.sent()
	require.Empty(t, changes)
}

func TestAnUpdateOfAnObjectThatWasJustRemovedTellsTheCatalog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, object := b.synced()
	b.remote.Remove(object.ID)
	b.deliver(next(s, record.Patch{"name": "Grace"}))
	b.work()
	changes, _ := b.sent()
	require.Len(t, changes, 1)
	require.True(t, changes[0].Deleted)
}

func TestAnObjectMadeAtTheRemoteIsAdopted(t *testing.T) {
	t.Parallel()
	for name, fields := range map[string]record.Fields{"with fields": {"name": "Ada"}, "empty": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			id := b.remote.Add(fields)
			b.notices[0].LocalID = "" // no mark
			b.webhooks()
			b.work()
			changes, _ := b.sent()
			require.Len(t, changes, 1)
			require.Equal(t, connector.AdoptedID("stripe", id), changes[0].ID)
			require.Len(t, changes[0].Fields, len(fields))

			s := event.Snapshot{
				Kind: event.KindCustomer, ID: changes[0].ID, Version: 1, Generation: 1, Fields: fields,
				Seen: map[string]int64{"stripe": changes[0].Seq},
			}
			b.deliver(s)
			b.work()
			require.Equal(t, 1, b.remote.Writes(), "nothing to push")
			b.deliver(next(s, record.Patch{"name": "Grace"}))
			b.work()
			require.Equal(t, "Grace", b.remote.Objects()[0].Fields["name"])
			require.Equal(t, 1, b.remote.Created())
		})
	}
}

func TestNoticesThatNeedNoWork(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		notice connector.Notice
		links  int64
	}{
		"about nothing that is synced":           {connector.Notice{EventID: "1", Type: "charge.succeeded"}, 0},
		"to be ignored, with a reason":           {connector.Notice{EventID: "1", RemoteID: "cus_9", Ignore: "of the live side"}, 0},
		"deleted before it was ever synced":      {connector.Notice{EventID: "1", RemoteID: "cus_9", Gone: true}, 0},
		"of an object with a foreign mark":       {connector.Notice{EventID: "1", RemoteID: "cus_9", LocalID: customer("").ID}, 1},
		"of an object with a mark that is no id": {connector.Notice{EventID: "1", RemoteID: "cus_9", LocalID: "x'y"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			require.NoError(t, b.engine.Notify(t.Context(), c.notice))
			require.NoError(t, b.engine.Notify(t.Context(), c.notice))
			var links int64
			require.NoError(t, b.db.Raw(`SELECT count(*) FROM links`).Scan(&links).Error)
			require.Equal(t, c.links, links)
			require.Len(t, b.inbox(), 1)
		})
	}
}

func TestANoticeThatArrivesDuringTheReadIsNotLost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, object := b.synced()
	b.remote.Edit(object.ID, record.Patch{"phone": "1"})
	b.webhooks()
	b.engine = b.newEngine(func(o *connector.Options) { o.Remote = &editDuringGet{b: b, Remote: b.remote} })
	b.work()
	changes, _ := b.sent()
	require.Len(t, changes, 2)
	require.Equal(t, map[string]string{"phone": "2@1"}, values(changes[1]))
}

// editDuringGet lets a person edit the object right after it was read, once.
type editDuringGet struct {
	connector.Remote
	b    *bundle
	done bool
}

func (e *editDuringGet) Get(ctx context.Context, id string) (connector.Object, error) {
	object, err := e.Remote.Get(ctx, id)
	if !e.done {
		e.done = true
		e.b.remote.Edit(id, record.Patch{"phone": "2"})
		e.b.webhooks() //nolint:contextcheck // another request
	}
	return object, err
}

func TestTwoReplicasAdoptOneObjectOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.remote.Add(record.Fields{"name": "Ada"})
	other := b.newEngine()
	require.NoError(t, b.engine.Notify(t.Context(), connector.Notice{EventID: "1", RemoteID: id}))
	require.NoError(t, other.Notify(t.Context(), connector.Notice{EventID: "2", RemoteID: id}))
	b.work()
	changes, _ := b.sent()
	require.Len(t, changes, 1)
	require.WithinDuration(t, time.Now(), changes[0].Fields["name"].At, time.Minute)
}
