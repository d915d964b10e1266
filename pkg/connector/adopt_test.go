package connector_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/record"
)

// offer tells the engine of a customer that the catalog has had for long.
func (c *comparing) offer(fields record.Fields) event.Snapshot {
	c.t.Helper()
	s := customer("")
	s.Fields, s.Version, s.Bulk, s.Offer = fields, 5, true, true
	c.deliver(s)
	s.Bulk, s.Offer = false, false
	return s
}

// stranger is an object that somebody made at the remote long ago.
func (c *comparing) stranger(fields record.Fields) (id string) {
	c.silently(func() { id = c.remote.Add(fields) })
	return id
}

func TestAnExistingObjectIsAdoptedByEmail(t *testing.T) {
	t.Parallel()
	b := setupCompare(t)
	s := b.offer(record.Fields{"name": "Ada", "email": "Ada@Example.com", "phone": "1"})
	id := b.stranger(record.Fields{"name": "Ada", "email": "ada@example.com", "description": "First"})

	preview, found := b.reported(admin.ReconcileRequest{Adopt: "email"})
	require.Equal(t, []admin.Finding{{Kind: "match", RecordID: s.ID, RemoteID: id, Outcome: "reported"}}, found)
	require.Zero(t, preview.Adopted+preview.OnlyRemote+preview.OnlyLocal)
	require.Empty(t, b.remote.Objects()[0].LocalID, "a preview changes nothing")

	report, found := b.reported(admin.ReconcileRequest{Adopt: "email", Repair: "catalog"})

	require.EqualValues(t, 1, report.Adopted)
	require.Equal(t, "adopted", found[0].Outcome)
	require.Len(t, b.remote.Objects(), 1)
	object := b.object(s.ID)
	require.Equal(t, id, object.ID)
	require.Equal(t, record.Fields{"name": "Ada", "email": "Ada@Example.com", "phone": "1", "description": "First"}, object.Fields)
	s, told := b.catalog(s)
	require.Equal(t, map[string]string{"description": "First@5"}, values(told[0]))
	require.EqualValues(t, 1, told[0].Generation)
	require.True(t, s.Fields.Equal(object.Fields))
	report, _ = b.reported(admin.ReconcileRequest{})
	require.EqualValues(t, 1, report.Equal)
}

func TestFieldsThatBothSidesHaveSetGoBySideWhenAnObjectIsAdopted(t *testing.T) {
	t.Parallel()
	for side, want := range map[string]struct {
		remote string
		told   map[string]string
	}{
		"catalog": {"1", nil},
		"remote":  {"2", map[string]string{"phone": "2@5"}},
		"policy":  {"2", map[string]string{"phone": "2@0"}}, // which no customer's field has known: a conflict
	} {
		t.Run(side, func(t *testing.T) {
			t.Parallel()
			b := setupCompare(t)
			s := b.offer(record.Fields{"email": "ada@example.com", "phone": "1"})
			b.stranger(record.Fields{"email": "ada@example.com", "phone": "2"})

			b.reported(admin.ReconcileRequest{Adopt: "email", Repair: side})

			object := b.object(s.ID)
			require.Equal(t, want.remote, object.Fields["phone"])
			require.EqualValues(t, 5, object.Version, "the mark went there in a write")
			changes, _ := b.sent()
			if want.told == nil {
				require.Empty(t, changes)
				return
			}
			require.Equal(t, want.told, values(changes[0]))
			if side == "policy" {
				require.True(t, changes[0].Fields["phone"].At.IsZero(), "nobody knows how old the remote's value is")
			}
		})
	}
}

func TestAnObjectIsMarkedWhenThereIsNothingElseToPush(t *testing.T) {
	t.Parallel()
	b := setupCompare(t)
	s := b.offer(record.Fields{"email": "ada@example.com"})
	b.stranger(record.Fields{"email": "ada@example.com"})
	b.reported(admin.ReconcileRequest{Adopt: "email", Repair: "policy"})
	require.EqualValues(t, 5, b.object(s.ID).Version)
	changes, states := b.sent()
	require.Empty(t, changes)
	require.Equal(t, event.StateSynced, states[len(states)-1].State)
}

func TestThereIsNoSilentGuess(t *testing.T) {
	t.Parallel()
	same := record.Fields{"email": "ada@example.com"}
	for name, arrange := range map[string]func(b *comparing) (ambiguous int64){
		"two objects, one customer": func(b *comparing) int64 {
			b.offer(same)
			b.stranger(same)
			b.stranger(record.Fields{"email": "ADA@example.com"})
			return 2
		},
		"one object, two customers": func(b *comparing) int64 {
			b.offer(same)
			b.offer(same)
			b.stranger(same)
			return 1
		},
		"another customer with the address is linked already": func(b *comparing) int64 {
			s := customer("Linked")
			s.Fields = same
			b.deliver(s)
			b.work()
			b.offer(same)
			b.stranger(same)
			return 1
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setupCompare(t)
			want := arrange(b)
			before := b.remote.Writes()
			report, found := b.reported(admin.ReconcileRequest{Adopt: "email", Repair: "policy", Orphans: "create"})
			require.Equal(t, want, report.Ambiguous)
			require.Zero(t, report.Adopted+report.Repaired+report.OnlyLocal+report.OnlyRemote)
			require.Equal(t, before, b.remote.Writes(), "nothing is created for what may be there already")
			for _, f := range found {
				require.Equal(t, "ambiguous", f.Kind)
				require.NotEmpty(t, f.Candidates)
				require.Equal(t, "reported", f.Outcome)
			}
		})
	}
}

func TestAnAddressThatNobodyHasIsNoMatch(t *testing.T) {
	t.Parallel()
	b := setupCompare(t)
	b.offer(record.Fields{"name": "Ada"})
	b.offer(record.Fields{"name": "Bea", "email": "bea@example.com"})
	b.stranger(record.Fields{"name": "Ada"})
	b.stranger(record.Fields{"name": "Eve", "email": "eve@example.com"})
	report, _ := b.reported(admin.ReconcileRequest{Adopt: "email"})
	require.EqualValues(t, 2, report.OnlyRemote)
	require.EqualValues(t, 2, report.OnlyLocal)
	require.Zero(t, report.Ambiguous)
}

func TestAdoptionByAnIDInTheMetadata(t *testing.T) {
	t.Parallel()
	b := setupCompare(t)
	byID := b.offer(record.Fields{"name": "Ada"})
	byKey := b.offer(record.Fields{"name": "Bea", "metadata.user": "42"})
	first := b.stranger(record.Fields{"metadata.user": byID.ID})
	second := b.stranger(record.Fields{"metadata.user": "42"})
	b.stranger(record.Fields{"metadata.other": "42"})

	report, _ := b.reported(admin.ReconcileRequest{Adopt: "external_id", ExternalKey: "user", Repair: "policy"})

	require.EqualValues(t, 2, report.Adopted)
	require.EqualValues(t, 1, report.OnlyRemote)
	require.Equal(t, first, b.object(byID.ID).ID)
	require.Equal(t, second, b.object(byKey.ID).ID)
}

func TestOurOwnMarkComesBeforeAnAddress(t *testing.T) {
	t.Parallel()
	b := setupCompare(t)
	s := b.offer(record.Fields{"name": "Ada", "email": "ada@example.com"})
	made, err := b.remote.Create(t.Context(), connector.Call{Key: "lost", LocalID: s.ID, Version: 4}, record.Fields{"name": "Ada"})
	require.NoError(t, err)
	other := b.stranger(record.Fields{"email": "ada@example.com"})
	report, found := b.reported(admin.ReconcileRequest{Adopt: "email", Repair: "policy"})
	require.EqualValues(t, 1, report.Adopted)
	require.Contains(t, found, admin.Finding{Kind: "match", RecordID: s.ID, RemoteID: made.ID, Outcome: "adopted"})
	require.Contains(t, found, admin.Finding{Kind: "only_remote", RemoteID: other, Outcome: "reported"})
}

func TestTwoObjectsWithTheSameMarkAreAmbiguous(t *testing.T) {
	t.Parallel()
	b := setupCompare(t)
	s := b.offer(record.Fields{"name": "Ada"})
	for _, key := range []string{"one", "two"} {
		_, err := b.remote.Create(t.Context(), connector.Call{Key: key, LocalID: s.ID, Version: 1}, record.Fields{"name": "Ada"})
		require.NoError(t, err)
	}
	report, found := b.reported(admin.ReconcileRequest{Adopt: "mark", Repair: "policy"})
	require.EqualValues(t, 2, report.Ambiguous)
	require.Zero(t, report.Adopted)
	require.Equal(t, []string{s.ID}, found[0].Candidates)
}

func TestAnObjectThatGoesBeforeItIsAdoptedLeavesTheCustomerAsItWas(t *testing.T) {
	t.Parallel()
	b := setupCompare(t)
	s := b.offer(record.Fields{"email": "ada@example.com"})
	id := b.stranger(record.Fields{"email": "ada@example.com"})
	b.spy.after = func(int) { b.silently(func() { b.remote.Remove(id) }) }
	b.reported(admin.ReconcileRequest{Adopt: "email", Repair: "policy"})
	changes, _ := b.sent()
	require.Empty(t, changes, "the customer is not deleted with it")
	require.Empty(t, b.remote.Objects(), "and not created: the next comparison decides")
	b.spy.after = nil
	report, _ := b.reported(admin.ReconcileRequest{Repair: "policy", Orphans: "create"})
	require.EqualValues(t, 1, report.Repaired)
	require.Equal(t, "ada@example.com", b.object(s.ID).Fields["email"])
}

func TestAPreviewIsCarriedOutAsAPlan(t *testing.T) {
	t.Parallel()
	b := setupCompare(t)
	stays := b.offer(record.Fields{"email": "ada@example.com"})
	moves := b.offer(record.Fields{"email": "bea@example.com"})
	b.stranger(record.Fields{"email": "ada@example.com"})
	b.stranger(record.Fields{"email": "bea@example.com"})
	plan := b.reconcile(admin.ReconcileRequest{Adopt: "email"})
	b.deliver(next(moves, record.Patch{"email": "new@example.com"})) // a live write, which makes an object
	b.work()

	report, _ := b.reported(admin.ReconcileRequest{Plan: plan.ID, Repair: "policy"})

	require.EqualValues(t, 1, report.Adopted)
	require.EqualValues(t, 1, report.Refused)
	require.Equal(t, "ada@example.com", b.object(stays.ID).Fields["email"])
	require.Equal(t, "new@example.com", b.object(moves.ID).Fields["email"])
}

func TestACompleteRunEndsTheGapOfAFeed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		asked   admin.ReconcileRequest
		drift   bool
		gap     time.Duration // before now
		cleared bool
	}{
		"nothing was missed":                       {cleared: true, gap: time.Hour},
		"a report alone leaves what was missed":    {drift: true, gap: time.Hour},
		"what was missed is repaired":              {asked: admin.ReconcileRequest{Repair: "policy"}, drift: true, gap: time.Hour, cleared: true},
		"a gap that was found since the run began": {gap: -time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setupCompare(t)
			_, object := b.synced()
			if c.drift {
				b.silently(func() { b.remote.Edit(object.ID, record.Patch{"name": "Eve"}) })
			}
			require.NoError(t, b.db.Exec(`INSERT INTO feeds (kind, gap, gap_at) VALUES ('customer', 'away', now() - make_interval(secs => ?))`,
				c.gap.Seconds()).Error)
			b.reported(c.asked)
			var gap string
			require.NoError(t, b.db.Raw(`SELECT gap FROM feeds`).Scan(&gap).Error)
			require.Equal(t, c.cleared, gap == "")
		})
	}
}
