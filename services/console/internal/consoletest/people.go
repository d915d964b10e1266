package consoletest

import (
	"math"
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// Ids of the customers of a world.
const (
	Ada    = "0199c2a4-7d1c-7a3e-9f6e-2a5f0c9d8b71" // in sync
	Grace  = "0199c2a4-7d1c-7a3e-9f6e-2a5f0c9d8b72" // has an open conflict
	Edsger = "0199c2a4-7d1c-7a3e-9f6e-2a5f0c9d8b73" // refused by Stripe
)

type customer = map[string]any

func (w *World) populate(now time.Time) {
	w.state(now)
	w.people(now)
	w.history(now)
	w.control(now)
	w.operations(now)
}

func (w *World) state(now time.Time) {
	w.Answers["catalog /admin/v1/me"] = admin.Me{ID: "1", Name: "first key", Scopes: []string{"admin"}}
	w.Answers["catalog /admin/v1/status"] = admin.Status{
		Service: "catalog", Role: "catalog", Version: "dev", StartedAt: now.Add(-time.Hour), Records: admin.Records{Total: 12483, Pending: 3, Failed: 2, Conflicts: 1},
		Hops: []admin.Hop{{Name: "outbox"}, {Name: "changes queue", Depth: 1, OldestSeconds: 0.02}},
	}
	w.Answers["stripe /admin/v1/status"] = admin.Status{
		Service: "stripe", Role: "connector", Version: "dev", StartedAt: now.Add(-time.Hour),
		Records: admin.Records{Total: 12483, Pending: 3, Failed: 2},
		Hops:    []admin.Hop{{Name: "events queue"}, {Name: "due links", Depth: 3, OldestSeconds: 0.1}, {Name: "checks"}, {Name: "outbox"}},
		Feed:    &admin.Feed{NoticedAt: now.Add(-4 * time.Second)}, RemoteURL: "https://dashboard.stripe.com/test",
	}
	var points []admin.Point
	for i := range 60 {
		latency := make([]int64, 81)
		latency[12+i%5], latency[20+i%7] = 40, 1
		points = append(points, admin.Point{
			At: now.Truncate(time.Minute).Add(time.Duration(i-60) * time.Minute), Waiting: &admin.Waiting{Outbound: int64(i % 13), Inbound: int64(i % 5)}, Latency: latency, Calls: latency,
			Outbound: int64(60 + 40*math.Sin(float64(i)/6)), Inbound: int64(20 + 10*math.Cos(float64(i)/4)), Errors: map[string]int64{"transient": int64(i % 11 / 9 * 4)},
		})
	}
	w.Answers["catalog /admin/v1/series"] = ListOf(admin.Point{At: now.Truncate(time.Minute).Add(-time.Minute), Outbound: 1000, Waiting: &admin.Waiting{Outbound: 90}})
	w.Answers["stripe /admin/v1/series"] = ListOf(points...)
	w.Answers["stripe /admin/v1/failures"] = ListOf(admin.FailureGroup{
		Fingerprint: "f1", Class: "permanent", Field: "email", Reason: "Invalid email address: edsger@localhost", Count: 2,
		FirstSeen: now.Add(-20 * time.Minute), LastSeen: now.Add(-2 * time.Minute), Sample: []string{Edsger}, Fix: "Correct the email address in the catalog; the customer is tried again by itself.",
	})
	w.Answers["catalog /admin/v1/conflicts"] = ListOf(conflict(now))
}

func conflict(now time.Time) admin.Conflict {
	return admin.Conflict{
		ID: "c1", At: now.Add(-11 * time.Minute), RecordID: Grace, Remote: "stripe", Field: "phone", CatalogValue: "+1 212 555 0100", CatalogBy: "billing-app",
		CatalogAt: now.Add(-11 * time.Minute), CatalogVersion: 4, RemoteValue: "+1 212 555 0199", RemoteAt: now.Add(-11*time.Minute + time.Second), Policy: "manual",
	}
}

func (w *World) people(now time.Time) {
	one := func(id, name, email, state, remote string, failure any) customer {
		return customer{
			"id": id, "name": name, "email": email, "phone": "+44 20 7946 0123", "version": 4, "created_at": now.Add(-72 * time.Hour), "updated_at": now.Add(-38 * time.Second),
			"address": map[string]any{"city": "London", "country": "GB"}, "metadata": map[string]string{"plan": "pro"},
			"sync": map[string]any{"stripe": map[string]any{"state": state, "customer_id": remote, "version": 4, "last_synced_at": now.Add(-38 * time.Second), "last_error": failure}},
		}
	}
	refused := &admin.Failure{Class: "permanent", Field: "email", Reason: "Invalid email address: edsger@localhost", Attempt: 1, Version: 4}
	all := []customer{
		one(Ada, "Ada Lovelace", "ada@lovelace.example", "pending", "cus_QXg7vN2dAda", nil),
		one(Grace, "Grace Hopper", "grace@navy.example", "conflict", "cus_QXg7vN2dGrace", nil),
		one(Edsger, "Edsger Dijkstra", "edsger@localhost", "failed", "", refused),
	}
	w.Answers["catalog /v1/customers"] = ListOf(all...)
	fields := map[string]string{"name": "Ada Lovelace", "email": "ada@lovelace.example", "address.city": "London", "address.country": "GB", "metadata.plan": "pro"}
	for _, c := range all {
		id, _ := c["id"].(string)
		w.Answers["catalog /v1/customers/"+id] = c
		link := admin.Link{RecordID: id, Kind: "customer", State: "synced", RemoteID: "cus_QXg7vN2dAda", Version: 3, DesiredVersion: 4, UpdatedAt: now, Shadow: fields, Remote: fields}
		if id == Edsger {
			link.State, link.Error, link.RemoteID, link.Shadow, link.Remote = "failed", refused, "", nil, nil
		}
		w.Answers["stripe /admin/v1/links/"+id] = link
		w.Answers["catalog /admin/v1/records/"+id+"/timeline"] = ListOf[admin.Change]()
		w.Answers["stripe /admin/v1/records/"+id+"/timeline"] = ListOf[admin.Change]()
	}
	edsger, _ := w.Answers["stripe /admin/v1/links/"+Edsger].(admin.Link)
	w.Answers["stripe /admin/v1/links"] = ListOf(edsger)
}
