package inbound_test

import (
	"context"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"pgregory.net/rapid"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/connector/connectortest"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/outbox"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
	"github.com/datasync-dev/datasync/services/catalog/internal/inbound"
)

// worldFields are the fields that people write in a schedule: few, so that they meet.
var worldFields = []string{"name", "email", "phone"}

// world is a catalog, two connectors with their remotes, and everything that is on its way between them. One world
// plays many schedules, each with a customer of its own.
type world struct {
	ctx     context.Context
	catalog *gorm.DB
	applier *inbound.Applier
	sides   []*side

	// of the schedule that is being played
	r       *rapid.T
	id      uuid.UUID
	known   bool // the catalog has the customer
	calm    bool // nobody writes any more and nothing goes wrong
	removed bool // somebody deleted the customer
	reborn  bool // it was restored, or its object made again: what was written to the old one may be lost
	clock   int
	written map[string]map[string]string // field -> writer -> the last value written
	heard   map[string]bool              // "field=value" that some version of the customer had
	events  []func()                     // snapshots on their way to a connector
	changes []func()                     // changes on their way to the catalog
	notices []func()                     // webhooks on their way
}

// side is a connector and its remote.
type side struct {
	name          string
	db            *gorm.DB
	remote        *connectortest.Memory
	engine        *connector.Engine
	createdBefore int
	unseen        int // objects that a person deleted before the connector knew that its create had made them
}

func newWorld(t *testing.T, policy record.Policy) *world {
	t.Helper()
	policies, err := inbound.ParsePolicies(string(policy), "")
	require.NoError(t, err)
	w := &world{ctx: t.Context(), catalog: postgrestest.Open(t, outbox.Migrations, ledger.Migrations, customers.Migrations)}
	w.applier = inbound.NewApplier(w.catalog, policies, func() {})
	for _, name := range []string{"stripe", "salesforce"} {
		s := &side{name: name, remote: connectortest.NewMemory(name)}
		s.db = postgrestest.Open(t, connector.Migrations, outbox.Migrations)
		s.engine, err = connector.New(connector.Options{
			Name: name, Kind: event.KindCustomer, Remote: guarded{grouped{s.remote}, w, s}, DB: s.db, Log: slog.New(slog.DiscardHandler), VerifyAfter: 1,
		})
		require.NoError(t, err)
		s.remote.Next, s.remote.Unreadable = w.fault, w.unreadable
		s.remote.Moved = func(n connector.Notice) {
			w.notices = append(w.notices, func() { w.must(s.engine.Notify(w.ctx, n)) })
		}
		w.sides = append(w.sides, s)
	}
	return w
}

// begin starts a schedule with a new customer, born in the catalog or at the first remote. What an earlier, failed
// schedule left behind is put out of the way.
func (w *world) begin(r *rapid.T) {
	*w = world{ctx: w.ctx, catalog: w.catalog, applier: w.applier, sides: w.sides, r: r}
	w.written, w.heard = map[string]map[string]string{}, map[string]bool{}
	w.must(w.catalog.Exec(`DELETE FROM outbox`).Error)
	for _, s := range w.sides {
		w.must(s.db.Exec(`DELETE FROM outbox`).Error)
		w.must(s.db.Exec(`UPDATE links SET due_at = NULL`).Error)
		w.must(s.db.Exec(`DELETE FROM inbox`).Error)
		for s.remote.InFlight() {
			s.remote.LandLate()
		}
		w.resumeAll(s)
		w.must(s.db.Exec(`UPDATE links SET due_at = NULL, held = 0`).Error)
		s.createdBefore, s.unseen = s.remote.Created(), 0
	}
	w.notices = nil
	birth := record.Fields{}
	for _, field := range worldFields {
		birth[field] = w.value()
	}
	writer := "catalog"
	if rapid.IntRange(0, 2).Draw(r, "born") > 0 {
		w.insert(birth)
	} else {
		writer = w.sides[0].name
		w.id = uuid.MustParse(connector.AdoptedID(writer, w.sides[0].remote.Add(birth)))
	}
	for field, value := range birth {
		w.written[field] = map[string]string{writer: value}
	}
}

func (w *world) must(err error) { require.NoError(w.r, err) }

// value is one that was never written before.
func (w *world) value() string {
	w.clock++
	return strconv.Itoa(w.clock)
}

func (w *world) insert(fields record.Fields) {
	w.known = true
	w.transact(func(tx *gorm.DB) error {
		w.id = uuid.Must(uuid.NewV7())
		c := customers.New(w.id).Edited(record.Patch(fields), time.Now().UTC().Truncate(time.Microsecond))
		commit := customers.Commit{After: c, Verb: event.Created, Line: ledger.Change{Direction: admin.Local}}
		_, err := commit.Insert(tx)
		return err
	})
}

func (w *world) customer() customers.Customer {
	c, err := customers.Get(w.ctx, w.catalog, w.id)
	w.must(err)
	return c
}

// transact runs a write of the catalog and puts its events on their way.
func (w *world) transact(write func(tx *gorm.DB) error) {
	w.must(w.catalog.WithContext(w.ctx).Transaction(write))
	w.published()
}

func (w *world) published() {
	for _, body := range w.outbox(w.catalog) {
		w.known = true
		snapshot, err := event.DecodeSnapshot(body)
		w.must(err)
		for _, field := range worldFields {
			w.heard[field+"="+snapshot.Fields[field]] = true
		}
		for _, s := range w.sides {
			w.events = append(w.events, func() {
				w.must(s.engine.HandleEvents(w.ctx, []*rabbitmq.Delivery{{Body: body}}))
			})
		}
	}
}

func (w *world) outbox(db *gorm.DB) (bodies [][]byte) {
	w.must(db.Raw(`WITH gone AS (DELETE FROM outbox RETURNING id, body) SELECT body FROM gone ORDER BY id`).Scan(&bodies).Error)
	return bodies
}

// catalogUserWrites edits, and now and then deletes or restores, through the catalog.
func (w *world) catalogUserWrites() {
	if w.customer().Deleted() {
		if rapid.IntRange(0, 3).Draw(w.r, "restore") == 0 {
			w.reborn = true
			w.transact(func(tx *gorm.DB) error {
				_, err := customers.Restore(tx, jane, w.id, nil)
				return err
			})
		}
		return
	}
	if rapid.IntRange(0, 15).Draw(w.r, "delete") == 0 {
		w.removed = true
		w.transact(func(tx *gorm.DB) error {
			_, err := customers.Delete(tx, jane, w.id, nil)
			return err
		})
		return
	}
	patch := w.edit("catalog", w.customer().Fields)
	w.transact(func(tx *gorm.DB) error {
		c, err := customers.Lock(tx, w.id)
		if err != nil {
			return err
		}
		commit := customers.Commit{
			Before: c, After: c.Edited(patch, time.Now().UTC().Truncate(time.Microsecond)), Verb: event.Updated,
			Line: ledger.Change{Direction: admin.Local},
		}
		return commit.Update(tx)
	})
}

// edit draws one field and a new value for it, now and then a cleared one. What is clear cannot be cleared: nobody
// hears of that.
func (w *world) edit(writer string, present record.Fields) record.Patch {
	field, value := rapid.SampledFrom(worldFields).Draw(w.r, "field"), w.value()
	if rapid.IntRange(0, 7).Draw(w.r, "clear") == 0 && present[field] != "" {
		value = ""
	}
	w.written[field][writer] = value
	return record.Patch{field: value}
}

// remoteUserWrites edits, and now and then deletes, at a remote.
func (w *world) remoteUserWrites(s *side, objects []connector.Object) {
	object := objects[rapid.IntRange(0, len(objects)-1).Draw(w.r, "object")]
	if rapid.IntRange(0, 24).Draw(w.r, "remove") == 0 {
		w.remoteUserDeletes(s, object.ID)
		return
	}
	s.remote.Edit(object.ID, w.edit(s.name, object.Fields))
}

// remoteUserDeletes removes an object. When the answer to the create that made it was lost, the connector cannot find it
// any more and makes it again, which is all that it can do.
func (w *world) remoteUserDeletes(s *side, id string) {
	var known bool
	w.must(s.db.Raw(`SELECT EXISTS (SELECT FROM links WHERE remote_id = ?)`, id).Scan(&known).Error)
	if known {
		w.removed = true
	} else {
		s.unseen++
		w.reborn = true
	}
	s.remote.Remove(id)
}

// living are the customer's objects at a remote.
func (w *world) living(s *side) (objects []connector.Object) {
	for _, object := range s.remote.Objects() {
		if object.LocalID == w.id.String() || connector.AdoptedID(s.name, object.ID) == w.id.String() {
			objects = append(objects, object)
		}
	}
	return objects
}

// deliver hands over any one of the messages, and now and then keeps it to hand it over again.
func (w *world) deliver(queue *[]func()) {
	i := rapid.IntRange(0, len(*queue)-1).Draw(w.r, "message")
	message := (*queue)[i]
	if rapid.IntRange(0, 6).Draw(w.r, "again") > 0 {
		*queue = append((*queue)[:i:i], (*queue)[i+1:]...)
	}
	message()
}

// due reports whether a connector has something to do, if only later.
func (w *world) due(s *side) (due bool) {
	w.must(s.db.Raw(`SELECT EXISTS (SELECT FROM links WHERE due_at IS NOT NULL AND NOT paused)`).Scan(&due).Error)
	return due
}

// parked reports whether a connector waits for a newer version or a person, since the remote refused the last one.
func (w *world) parked(s *side) (parked bool) {
	w.must(s.db.Raw(`SELECT EXISTS (SELECT FROM links WHERE local_id = ? AND state = 'failed' AND due_at IS NULL
		AND (error->>'version')::bigint = desired_version)`, w.id).Scan(&parked).Error)
	return parked
}

// operate is an operator who stops a direction or starts it again.
func (w *world) operate(s *side, edit func(*admin.Control)) {
	w.must(s.db.WithContext(w.ctx).Transaction(func(tx *gorm.DB) error {
		_, err := s.engine.SetControl(tx, "operator", edit)
		return err
	}))
	w.must(s.engine.Heartbeat(w.ctx))
}

func (w *world) control(s *side) admin.Control {
	c, err := s.engine.Control(w.ctx)
	w.must(err)
	return c
}

// pauseOrResume turns one of the directions, or the record, off or on.
func (w *world) pauseOrResume(s *side) {
	switch rapid.IntRange(0, 2).Draw(w.r, "pause") {
	case 0:
		w.operate(s, func(c *admin.Control) { c.Outbound = !c.Outbound })
	case 1:
		w.operate(s, func(c *admin.Control) { c.Inbound = !c.Inbound })
	case 2:
		w.must(s.db.Exec(`UPDATE links SET paused = NOT paused WHERE local_id = ?`, w.id).Error)
	}
}

func (w *world) resumeAll(s *side) {
	w.must(s.db.Exec(`UPDATE links SET paused = false WHERE paused`).Error)
	w.operate(s, func(c *admin.Control) { c.Outbound, c.Inbound = true, true })
}

// stopped reports whether anything is paused at a connector.
func (w *world) stopped(s *side) (stopped bool) {
	w.must(s.db.Raw(`SELECT EXISTS (SELECT FROM links WHERE paused)`).Scan(&stopped).Error)
	c := w.control(s)
	return stopped || !c.Outbound || !c.Inbound
}

// sweep is a look that no notice asked for.
func (w *world) sweep(s *side) {
	w.must(s.db.Exec(`UPDATE links SET checks = checks + 1, due_at = COALESCE(due_at, now()) WHERE local_id = ?`, w.id).Error)
}

// retry is a person who lets a parked record be tried again.
func (w *world) retry(s *side) {
	w.must(s.db.Exec(`UPDATE links SET checks = checks + 1, due_at = now() WHERE local_id = ?`, w.id).Error)
}

// work is one turn of a worker that may die on the way, with all leases and back-offs run out.
func (w *world) work(s *side) {
	w.must(s.db.Exec(`UPDATE links SET due_at = now() WHERE due_at IS NOT NULL`).Error)
	ctx, crash := context.WithCancel(w.ctx)
	defer crash()
	s.remote.Crash = func() { w.r.Log("the worker dies"); crash() }
	_, err := s.engine.RunOnce(ctx)
	w.must(err)
	for _, body := range w.outbox(s.db) {
		report, err := event.DecodeReport(body)
		w.must(err)
		if report.Change == nil {
			continue
		}
		w.changes = append(w.changes, func() {
			w.must(w.applier.Apply(w.ctx, *report.Change, inbound.Message{}))
			w.published()
		})
	}
}

func (w *world) shadow(s *side) record.Fields {
	var shadow struct {
		Shadow record.Fields `gorm:"serializer:json"`
	}
	w.must(s.db.Raw(`SELECT shadow FROM links WHERE local_id = ?`, w.id).Scan(&shadow).Error)
	return shadow.Shadow
}
