package inbound_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

func TestAChangeAtTheRemoteIsTakenAndAnnounced(t *testing.T) {
	t.Parallel()
	b := setup(t, "newest")
	c := b.born(`{"name": "Jane", "phone": "1"}`)

	b.apply(change(c.ID, 1, 1, record.Fields{"email": "jane@example.com", "phone": ""}))

	now := b.get(c.ID)
	require.EqualValues(t, 2, now.Version)
	require.Equal(t, record.Fields{"name": "Jane", "email": "jane@example.com"}, now.Fields)
	require.Equal(t, "stripe", now.Clock["email"].By)
	require.EqualValues(t, 2, now.Clock["email"].Version)
	events := b.events()
	require.Len(t, events, 2)
	require.Equal(t, map[string]int64{"stripe": 1}, events[1].Seen)
	require.Equal(t, now.Fields, events[1].Fields)
	require.Empty(t, b.conflicts(c.ID))
	require.Equal(t, "cus_1", now.SyncAt("stripe").RemoteID, "filters by the remote's id find it")
}

func TestADuplicateChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, "newest")
	c := b.born(`{"name": "Jane"}`)
	one, two := change(c.ID, 1, 1, record.Fields{"name": "A"}), change(c.ID, 2, 1, record.Fields{"name": "B"})

	b.apply(two)
	b.apply(one)
	b.apply(two)

	require.Equal(t, "B", b.get(c.ID).Fields["name"])
	require.EqualValues(t, 2, b.get(c.ID).Version)
	require.Len(t, b.events(), 2)
}

// The first change was overtaken: the second one repeats what is pending.
func TestCumulativeChangesLoseNothingWhenReordered(t *testing.T) {
	t.Parallel()
	b := setup(t, "newest")
	c := b.born(`{"name": "Jane"}`)
	first := change(c.ID, 1, 1, record.Fields{"phone": "1"})
	second := change(c.ID, 2, 1, record.Fields{"email": "jane@example.com"})
	second.Fields["phone"] = first.Fields["phone"]

	b.apply(second)
	b.apply(first)

	require.Equal(t, record.Fields{"name": "Jane", "phone": "1", "email": "jane@example.com"}, b.get(c.ID).Fields)
}

func TestFieldsThatWereSeenAreNotTakenTwice(t *testing.T) {
	t.Parallel()
	b := setup(t, "remote")
	c := b.born(`{"name": "Jane"}`)
	first := change(c.ID, 1, 1, record.Fields{"phone": "1"})
	b.apply(first)
	b.patch(c.ID, `{"phone": "2"}`)
	second := change(c.ID, 2, 1, record.Fields{"email": "jane@example.com"})
	second.Fields["phone"] = first.Fields["phone"] // still pending there

	b.apply(second)

	require.Equal(t, "2", b.get(c.ID).Fields["phone"])
	require.Empty(t, b.conflicts(c.ID))
}

func TestAChangeThatMovesNothingIsAcknowledgedAllTheSame(t *testing.T) {
	t.Parallel()
	b := setup(t, "newest")
	c := b.born(`{"name": "Jane"}`)

	b.apply(change(c.ID, 1, 1, record.Fields{"name": "Jane"}))

	events := b.events()
	require.Len(t, events, 2)
	require.EqualValues(t, 2, events[1].Version)
	require.EqualValues(t, 1, events[1].Seen["stripe"])
}

func TestAnUnknownCustomerIsCreated(t *testing.T) {
	t.Parallel()
	b := setup(t, "catalog")
	id := uuid.NewSHA1(uuid.NameSpaceURL, []byte("stripe/cus_1"))

	b.apply(change(id, 1, 0, record.Fields{"name": "Jane", "email": "not an address"}))

	c := b.get(id)
	require.EqualValues(t, 1, c.Version)
	require.Equal(t, record.Fields{"name": "Jane", "email": "not an address"}, c.Fields, "as the remote has it")
	require.Len(t, b.events(), 1)
	require.Equal(t, "cus_1", c.SyncAt("stripe").RemoteID)
}

func TestTheSameUnknownCustomerFromTwoSidesAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, "newest")
	id := uuid.New()
	var all sync.WaitGroup
	for _, remote := range []string{"stripe", "salesforce", "stripe", "salesforce"} {
		all.Go(func() {
			c := change(id, 1, 0, record.Fields{remote: "x"})
			c.Remote = remote
			b.apply(c)
		})
	}
	all.Wait()

	c := b.get(id)
	require.EqualValues(t, 2, c.Version)
	require.Equal(t, record.Fields{"stripe": "x", "salesforce": "x"}, c.Fields)
	events := b.events()
	require.Len(t, events, 2)
	require.EqualValues(t, 1, events[0].Version)
	require.EqualValues(t, 2, events[1].Version)
}

func TestADeleteMakesATombstoneThatBeatsEveryChange(t *testing.T) {
	t.Parallel()
	b := setup(t, "remote")
	c := b.born(`{"name": "Jane"}`)

	b.apply(deletion(c.ID, 2))
	b.apply(change(c.ID, 1, 1, record.Fields{"name": "late"}))
	b.apply(change(c.ID, 3, 1, record.Fields{"name": "later"}))

	now := b.get(c.ID)
	require.True(t, now.Deleted())
	require.Equal(t, "Jane", now.Fields["name"], "kept for a restore")
	require.EqualValues(t, 2, now.Version)
	events := b.events()
	require.Len(t, events, 2)
	require.True(t, events[1].Deleted)
}

func TestADeleteThatArrivesBeforeItsCreateLeavesATombstone(t *testing.T) {
	t.Parallel()
	b := setup(t, "newest")
	id := uuid.New()

	b.apply(deletion(id, 2))
	b.apply(change(id, 1, 0, record.Fields{"name": "Jane"}))

	require.True(t, b.get(id).Deleted())
	events := b.events()
	require.Len(t, events, 1)
	require.True(t, events[0].Deleted)
}

func TestAChangeOfAnEarlierGenerationIsIgnored(t *testing.T) {
	t.Parallel()
	b := setup(t, "remote")
	c := b.born(`{"name": "Jane"}`)
	b.apply(deletion(c.ID, 1))
	require.NoError(t, b.db.Transaction(func(tx *gorm.DB) error {
		_, err := customers.Restore(tx, jane, c.ID, nil)
		return err
	}))

	b.apply(change(c.ID, 2, 9, record.Fields{"name": "late"}))
	b.apply(deletion(c.ID, 3))
	require.Equal(t, "Jane", b.get(c.ID).Fields["name"])
	require.False(t, b.get(c.ID).Deleted())
	require.Len(t, b.events(), 3)

	fresh := change(c.ID, 4, 3, record.Fields{"name": "Janet"})
	fresh.Generation = 2
	b.apply(fresh)
	require.Equal(t, "Janet", b.get(c.ID).Fields["name"])
}

func TestConflictsAreSettledByThePolicyAndRecorded(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		policy string
		at     time.Duration // of the remote's edit, from the catalog's
		winner string
	}{
		"the catalog wins":              {"catalog", time.Hour, record.LocalWriter},
		"the remote wins":               {"remote", -time.Hour, "stripe"},
		"the newest: the remote's":      {"newest", time.Hour, "stripe"},
		"the newest: the catalog's":     {"newest", -time.Hour, record.LocalWriter},
		"the newest: a tie is ours too": {"newest", 0, record.LocalWriter},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, test.policy)
			c := b.born(`{"name": "Jane"}`)
			b.patch(c.ID, `{"name": "ours"}`)
			theirs := change(c.ID, 1, 1, record.Fields{"name": "theirs", "phone": "1"}) // knew version 1 only
			for field, inbound := range theirs.Fields {
				inbound.At = b.get(c.ID).Clock["name"].At.Add(test.at)
				theirs.Fields[field] = inbound
			}

			b.apply(theirs)

			now, conflicts := b.get(c.ID), b.conflicts(c.ID)
			want := map[string]string{record.LocalWriter: "ours", "stripe": "theirs"}[test.winner]
			require.Equal(t, want, now.Fields["name"])
			require.Equal(t, "1", now.Fields["phone"], "a field without a conflict is taken")
			require.Len(t, conflicts, 1)
			require.Equal(t, "name", conflicts[0].Field)
			require.Equal(t, "ours", conflicts[0].CatalogValue)
			require.Equal(t, "theirs", conflicts[0].RemoteValue)
			require.EqualValues(t, 2, conflicts[0].CatalogVersion)
			require.Equal(t, test.winner, conflicts[0].Winner)
			events := b.events()
			require.Equal(t, want, events[len(events)-1].Fields["name"], "the event corrects the remote, if need be")
		})
	}
}

func TestEditsOfDifferentFieldsOnBothSidesAreKept(t *testing.T) {
	t.Parallel()
	b := setup(t, "catalog")
	c := b.born(`{"name": "Jane", "phone": "1"}`)
	b.patch(c.ID, `{"name": "Janet"}`)

	b.apply(change(c.ID, 1, 1, record.Fields{"phone": "2"}))

	require.Equal(t, record.Fields{"name": "Janet", "phone": "2"}, b.get(c.ID).Fields)
	require.Empty(t, b.conflicts(c.ID))
}

func TestOutboxOrderOfARecordIsTheOrderOfItsVersions(t *testing.T) {
	t.Parallel()
	b := setup(t, "remote")
	c := b.born(`{"name": "Jane"}`)
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() { b.patch(c.ID, `{"metadata": {"k`+string(rune('a'+i))+`": "v"}}`) })
		all.Go(func() { b.apply(change(c.ID, int64(i)+1, 1, record.Fields{"phone": string(rune('a' + i))})) })
	}
	all.Wait()

	for i, e := range b.events() {
		require.EqualValues(t, i+1, e.Version)
	}
}
