package consoletest

import (
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// history is Ada's: created, edited on both sides, throttled once, with echoes.
func (w *World) history(now time.Time) {
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	base := admin.Change{Kind: "customer", RecordID: Ada, Op: "update"}
	at := func(service, direction, id string, when time.Time, version int64, state string, edit func(*admin.Change)) admin.Change {
		c := base
		c.ID, c.Service, c.Direction, c.At, c.Version, c.State = id, service, direction, when, version, state
		edit(&c)
		return c
	}
	w.Answers["catalog /admin/v1/records/"+Ada+"/timeline"] = ListOf(
		at("catalog", admin.Local, "k5", ago(time.Second), 4, admin.StateAccepted, func(c *admin.Change) {
			c.Origin, c.RequestID, c.Fields = "billing-app", "7f3c9a", []admin.FieldDiff{{Field: "phone", After: "+44 20 7946 0123"}}
		}),
		at("catalog", admin.Inbound, "k4", ago(38*time.Second-12*time.Millisecond), 1, admin.StateApplied, func(c *admin.Change) { c.Origin = "stripe" }),
		at("catalog", admin.Local, "k2", ago(2*time.Hour), 2, admin.StateAccepted, func(c *admin.Change) {
			c.Origin, c.TraceID = "crm-import", "4bf92f3577b34da6a3ce929d0e0e4736"
			c.Fields = []admin.FieldDiff{{Field: "name", Before: "A. King", After: "Ada Lovelace"}, {Field: "address.city", Before: "Ockham", After: "London"}}
		}),
		at("catalog", admin.Local, "k1", ago(72*time.Hour), 1, admin.StateAccepted, func(c *admin.Change) {
			c.Origin, c.Op, c.Fields = "billing-app", "create", []admin.FieldDiff{{Field: "name", After: "A. King"}, {Field: "email", After: "ada@old.example"}}
		}),
	)
	w.Answers["stripe /admin/v1/records/"+Ada+"/timeline"] = ListOf(
		at("stripe", admin.Outbound, "s5", ago(37*time.Second), 3, admin.StateSkipped, func(c *admin.Change) { c.Skip, c.Origin = "echo", "stripe" }),
		at("stripe", admin.Inbound, "s4", ago(38*time.Second), 1, admin.StateSent, func(c *admin.Change) {
			c.Origin, c.EventID, c.Fields = "stripe", "evt_1Q8aBcDeFgHiJkLmNoPq", []admin.FieldDiff{{Field: "email", Before: "ada@old.example", After: "ada@lovelace.example"}}
		}),
		at("stripe", admin.Inbound, "s3", ago(2*time.Hour-time.Second), 0, admin.StateSkipped, func(c *admin.Change) {
			c.Skip, c.Op, c.EventID = "echo", "check", "evt_1Q7zYxWvUtSrQpOnMlKj"
		}),
		at("stripe", admin.Outbound, "s2", ago(2*time.Hour-941*time.Millisecond), 2, admin.StateApplied, func(c *admin.Change) {
			c.RemoteID = "cus_QXg7vN2dAda"
			c.Attempts = []admin.Attempt{
				{ID: "a1", Number: 1, Op: "update", Worker: "host-1/2", StartedAt: ago(2 * time.Hour), DurationMS: 9, Status: 429, RequestID: "req_aX1kP0", Class: "throttled", Error: "Too many requests"},
				{ID: "a2", Number: 2, Op: "update", Worker: "host-1/3", StartedAt: ago(2*time.Hour - 800*time.Millisecond), DurationMS: 141, Status: 200, RequestID: "req_bY2mN8"},
			}
		}),
		at("stripe", admin.Outbound, "s1", ago(72*time.Hour-10200*time.Millisecond), 1, admin.StateApplied, func(c *admin.Change) {
			c.Op, c.RemoteID = "create", "cus_QXg7vN2dAda"
			c.Attempts = []admin.Attempt{
				{ID: "a3", Number: 1, Op: "create", Worker: "host-1/1", DurationMS: 10000, Class: "transient", Error: "no answer in time; the same key is used again"},
				{ID: "a4", Number: 2, Op: "create", Worker: "host-1/1", DurationMS: 112, Status: 200, RequestID: "req_cZ3oL7"},
			}
		}),
	)
}

func (w *World) control(now time.Time) {
	workers := 3
	w.Answers["stripe /admin/v1/control"] = admin.Control{Workers: &workers, Outbound: true, Inbound: true, Revision: 7, UpdatedAt: now.Add(-time.Hour), UpdatedBy: "console (ada)", Applied: 1, Replicas: 1}
	w.Answers["PATCH stripe /admin/v1/control"] = w.Answers["stripe /admin/v1/control"]
	w.Answers["stripe /admin/v1/workers"] = ListOf(admin.Instance{
		Name: "host-1-3f2a", Version: "dev", StartedAt: now.Add(-time.Hour), SeenAt: now, Workers: 3, Rate: 25, Revision: 7,
		InFlight: []admin.InFlight{{Worker: 2, RecordID: Ada, Op: "update", ElapsedSeconds: 0.14}},
	})
	w.Answers["POST stripe /admin/v1/failures/discard"] = admin.Job{ID: "j1", Kind: "discard", State: "queued", Total: 2, CreatedAt: now}
	w.Answers["POST stripe /admin/v1/failures/retry"] = admin.Job{ID: "j1", Kind: "retry", State: "queued", Total: 2, CreatedAt: now}
	for _, id := range []string{Ada, Grace, Edsger} {
		for _, action := range []string{"push", "pull", "retry", "pause", "resume", "unlink", "link"} {
			w.Answers["POST stripe /admin/v1/links/"+id+"/"+action] = w.Answers["stripe /admin/v1/links/"+id]
		}
	}
}
