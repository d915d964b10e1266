package consoletest

import (
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// Ids of a world's jobs and of its dead letter.
const (
	DryRun = "j9"
	Letter = "d1"
)

// operations is what the pages for running DataSync show.
func (w *World) operations(now time.Time) {
	w.Answers["catalog /admin/v1/queues"] = ListOf(
		admin.Queue{Name: "catalog.changes.v1", Messages: 1, Consumers: 1, Expected: true, UI: "http://localhost:15672/#/queues/%2F/catalog.changes.v1"},
		admin.Queue{Name: "catalog.dead.v1", Consumers: 1, Expected: true, UI: "http://localhost:15672/#/queues/%2F/catalog.dead.v1"})
	w.Answers["stripe /admin/v1/queues"] = ListOf(
		admin.Queue{Name: "stripe-connector.events.v1", Messages: 1204, Consumers: 1, Expected: true, UI: "http://localhost:15672/#/queues/%2F/stripe-connector.events.v1"},
		admin.Queue{Name: "stripe-connector.dead.v1", Consumers: 0, Problem: "is a classic queue and has to be a quorum queue: delete it when it is empty, and restart the connector"})
	letter := admin.DeadLetter{
		ID: Letter, At: now.Add(-3 * time.Hour), Queue: "stripe-connector.events.v1", Exchange: "datasync.events", Key: "customer.updated.v1", MessageID: "0199c2a4-0000-7a3e-9f6e-2a5f0c9d8b00",
		Reason: "cannot be decoded: unknown version 9", State: "waiting", Bytes: 412,
	}
	w.Answers["catalog /admin/v1/dead-letters"] = ListOf[admin.DeadLetter]()
	w.Answers["stripe /admin/v1/dead-letters"] = ListOf(letter)
	letter.Headers, letter.Body = map[string]string{"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}, `{"specversion":"1.0","type":"customer.updated.v9"}`
	w.Answers["stripe /admin/v1/dead-letters/"+Letter] = letter
	w.jobs(now)
	w.Answers["catalog /admin/v1/audit"] = ListOf(admin.AuditEntry{ID: "u1", At: now.Add(-time.Hour), Actor: "console (ada)", Action: "conflict.resolve", Target: Grace})
	w.Answers["stripe /admin/v1/audit"] = ListOf(
		admin.AuditEntry{ID: "u2", At: now.Add(-30 * time.Minute), Actor: "console (grace)", Action: "workers.scale", Target: "stripe", Detail: map[string]any{"workers": 8}},
		admin.AuditEntry{ID: "u3", At: now.Add(-2 * time.Hour), Actor: "first key", Action: "dead-letters.discard", Target: Letter, Reason: "a test of ours"})
	for _, service := range []string{"catalog", "stripe"} {
		w.Answers[service+" /admin/v1/config"] = ListOf(
			admin.Setting{Name: "ADDR", Value: "127.0.0.1:8000", Default: "127.0.0.1:8000"},
			admin.Setting{Name: "DATABASE_URL", Value: "postgres://datasync:***@localhost:5432/datasync", Secret: true},
			admin.Setting{Name: "WORKERS", Value: "8", Default: "3"})
		w.Answers[service+" /admin/v1/keys"] = ListOf(
			admin.Key{ID: "k1", Name: "first key", Prefix: "ds_8fK2", Scopes: []string{"admin"}, CreatedAt: now.Add(-72 * time.Hour), UsedAt: now.Add(-time.Minute)},
			admin.Key{ID: "k2", Name: "billing-app", Prefix: "ds_Qw71", Scopes: []string{"customers:read", "customers:write"}, CreatedAt: now.Add(-48 * time.Hour), RevokedAt: now.Add(-time.Hour)})
		w.Answers["POST "+service+" /admin/v1/keys"] = admin.Key{ID: "k3", Name: "reports", Secret: "ds_shownOnceAndNeverAgain"}
	}
}

func (w *World) jobs(now time.Time) {
	report := admin.Reconcile{Compared: 12480, Equal: 12476, Drifted: 2, Moving: 2, OnlyRemote: 1, OnlyLocal: 1, Fields: map[string]int64{"email": 1, "address.city": 1}}
	dry := admin.Job{ID: DryRun, Kind: "reconcile", State: "done", Done: 12481, Total: 12481, CreatedAt: now.Add(-time.Hour), CreatedBy: "console (ada)", FinishedAt: now.Add(-50 * time.Minute), Reconcile: &report}
	running := admin.Job{ID: "j1", Kind: "retry", State: "running", Done: 40, Total: 120, Counts: map[string]int64{"retried": 40}, CreatedAt: now.Add(-time.Minute), CreatedBy: "console (ada)", StartedAt: now.Add(-time.Minute)}
	w.Answers["catalog /admin/v1/jobs"] = ListOf[admin.Job]()
	w.Answers["stripe /admin/v1/jobs"] = ListOf(running, dry)
	w.Answers["stripe /admin/v1/jobs/j1"] = running
	w.Answers["stripe /admin/v1/jobs/"+DryRun] = dry
	w.Answers["POST stripe /admin/v1/reconciles"] = dry
	w.Answers["POST stripe /admin/v1/jobs/j1/cancel"] = running
	w.Answers["stripe /admin/v1/reconciles/"+DryRun+"/findings"] = ListOf(
		admin.Finding{Kind: "drift", RecordID: Ada, RemoteID: "cus_QXg7vN2dAda", Fields: []admin.FieldDiff{{Field: "email", Before: "ada@lovelace.example", After: "ada@old.example"}}, Outcome: "reported"},
		admin.Finding{Kind: "only_remote", RemoteID: "cus_R1k2mN3o", Candidates: []string{Grace}, Outcome: "reported"})
	w.Answers["catalog /admin/v1/changes"] = w.Answers["catalog /admin/v1/records/"+Ada+"/timeline"]
	w.Answers["stripe /admin/v1/changes"] = w.Answers["stripe /admin/v1/records/"+Ada+"/timeline"]
	w.Answers["POST stripe /admin/v1/dead-letters/replay"] = running
	w.Answers["POST stripe /admin/v1/dead-letters/"+Letter+"/discard"] = admin.DeadLetter{ID: Letter, State: "discarded"}
	w.Answers["POST catalog /admin/v1/conflicts/c1/resolve"] = conflict(now)
}
