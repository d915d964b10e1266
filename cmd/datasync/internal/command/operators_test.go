package command_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/pkg/admin"
)

// services are a catalog and a connector in the middle of their work.
func services(t *testing.T) (catalog, connector *fake) {
	t.Helper()
	eight, done := 8, admin.Job{ID: job, Kind: "retry", State: "done", Done: 2, Total: 2, CreatedBy: "ops", CreatedAt: at(), FinishedAt: at()}
	letter := admin.DeadLetter{ID: other, At: at(), Queue: "catalog.changes.v1", MessageID: "m1", Reason: "is no message", State: "waiting", Bytes: 3, Body: "{x"}
	conflict := admin.Conflict{
		ID: other, At: at(), RecordID: record, Remote: "stripe", Field: "name", CatalogValue: "Ada", CatalogBy: "billing", CatalogAt: at(),
		RemoteValue: "Ada King", RemoteAt: at(), Policy: "manual",
	}
	key := admin.Key{ID: other, Name: "billing", Prefix: "ds_abc", Scopes: []string{"customers:read"}, CreatedAt: at()}
	catalog = newFake(t, "catalog", "catalog", map[string]any{
		"GET /admin/v1/status": admin.Status{
			Service: "catalog", Role: "catalog", Checks: []admin.Check{{Name: "database", OK: true}},
			Hops: []admin.Hop{{Name: "outbox", Depth: 3, OldestSeconds: 65}}, Records: admin.Records{Total: 12483, Pending: 1, Failed: 2, Conflicts: 1},
		},
		"GET /admin/v1/jobs": list[admin.Job](), "GET /admin/v1/dead-letters": list(letter),
		"GET /admin/v1/dead-letters/" + other: letter, "POST /admin/v1/dead-letters/replay": done,
		"POST /admin/v1/dead-letters/" + other + "/discard": letter,
		"GET /admin/v1/conflicts":                           list(conflict), "GET /admin/v1/conflicts/" + other: conflict,
		"POST /admin/v1/conflicts/" + other + "/resolve": conflict,
		"GET /admin/v1/audit":                            list(admin.AuditEntry{At: at(), Actor: "ops", Action: "key.rotate", Target: "billing", Detail: map[string]any{"overlap": 60}}),
		"GET /admin/v1/keys":                             list(key), "DELETE /admin/v1/keys/" + other: struct{}{},
		"POST /admin/v1/keys":                      admin.Key{ID: other, Name: "new", Secret: "ds_shown_once", Scopes: []string{"admin"}, CreatedAt: at()},
		"POST /admin/v1/keys/" + other + "/rotate": admin.Key{ID: other, Name: "billing", Secret: "ds_shown_once", CreatedAt: at()},
		"GET /admin/v1/config":                     list(admin.Setting{Name: "REMOTES", Value: "stripe", Default: "stripe"}),
		"GET /admin/v1/jobs/" + job:                done,
		"GET /admin/v1/records/" + record + "/timeline": list(admin.Change{
			ID: "1", At: at(), Service: "catalog", Direction: admin.Local, RecordID: record, Origin: "billing", Op: "update", Version: 2,
			State: admin.StateAccepted, Fields: []admin.FieldDiff{{Field: "name", Before: "Ada", After: "Ada\x1b[31m King"}},
		}),
	})
	connector = newFake(t, "stripe", "connector", map[string]any{
		"GET /admin/v1/status": admin.Status{
			Service: "stripe", Role: "connector", Checks: []admin.Check{{Name: "stripe", Detail: "answers 500"}},
			Breaker: &admin.Breaker{Open: true, Reason: "Stripe is down"}, Paused: []string{"inbound"},
			Records: admin.Records{Total: 12483, Pending: 1, Failed: 2}, Hops: []admin.Hop{{Name: "due links", Depth: 1}},
		},
		"GET /admin/v1/workers":         list(admin.Instance{Name: "host/1", Workers: 8, Rate: 25, SeenAt: at(), InFlight: []admin.InFlight{{RecordID: record, Op: "update", ElapsedSeconds: 0.25}}}),
		"PATCH /admin/v1/control":       admin.Control{Workers: &eight, Outbound: true, Revision: 4, Applied: 2, Replicas: 2},
		"GET /admin/v1/control":         admin.Control{Workers: &eight, Outbound: true, Revision: 4, Applied: 2, Replicas: 2},
		"GET /admin/v1/failures":        list(admin.FailureGroup{Fingerprint: "5f3c", Class: "permanent", Field: "email", Reason: "Invalid email", Count: 2, LastSeen: at(), Fix: "Correct the email"}),
		"POST /admin/v1/failures/retry": done, "POST /admin/v1/failures/discard": admin.Job{ID: job, Kind: "discard", State: "done", Done: 2, Total: 2, Counts: map[string]int64{"discarded": 2}, CreatedAt: at(), FinishedAt: at()}, "GET /admin/v1/jobs/" + job: done, "GET /admin/v1/jobs": list(done),
		"POST /admin/v1/jobs/" + job + "/cancel":   admin.Job{ID: job, Kind: "retry", State: "cancelled", CreatedAt: at()},
		"POST /admin/v1/links/" + record + "/push": admin.Link{RecordID: record, RemoteID: "cus_1", State: "synced", Version: 2, DesiredVersion: 2},
		"GET /admin/v1/links/" + record:            admin.Link{RecordID: record, RemoteID: "cus_1", State: "failed", Error: &admin.Failure{Reason: "Invalid email"}},
		"GET /admin/v1/dead-letters":               list[admin.DeadLetter](), "GET /admin/v1/audit": list[admin.AuditEntry](),
		"GET /admin/v1/keys":             list[admin.Key](),
		"POST /admin/v1/keys":            admin.Key{ID: record, Name: "new", Secret: "ds_of_stripe", Scopes: []string{"admin"}, CreatedAt: at()},
		"GET /admin/v1/config":           list(admin.Setting{Name: "STRIPE_API_KEY", Value: "sk_test_***", Secret: true}),
		"GET /admin/v1/webhook-endpoint": admin.WebhookEndpoint{ID: "we_1", URL: "https://x/webhooks/stripe", Problem: "is disabled; enable it with --ensure"},
		"PUT /admin/v1/webhook-endpoint": admin.WebhookEndpoint{ID: "we_1", URL: "https://x/webhooks/stripe", Enabled: true, Secret: "whsec_once"},
		"GET /admin/v1/records/" + record + "/timeline": list(admin.Change{
			ID: "2", At: at().Add(1500), Service: "stripe", Direction: admin.Outbound, RecordID: record, Op: "update", Version: 2, State: admin.StateFailed,
			Attempts:  []admin.Attempt{{Number: 1, Op: "update", Status: 400, Class: "permanent", Field: "email", Error: "Invalid email", DurationMS: 81.4, RequestID: "req_1"}},
			Conflicts: []admin.Conflict{conflict},
		}, admin.Change{ID: "3", At: at().Add(2500), Service: "stripe", Direction: admin.Inbound, RecordID: record, Op: "update", Version: 7, State: admin.StateSkipped, Skip: "echo"}),
	})
	return catalog, connector
}

// A key that is ended cannot be taken back, so that a name which two of them have is not enough.
func TestANameOfTwoKeysIsNotEnough(t *testing.T) {
	t.Parallel()
	ended := admin.Key{ID: job, Name: "billing", RevokedAt: at()}
	catalog := newFake(t, "catalog", "catalog", map[string]any{
		"GET /admin/v1/keys":             list(ended, admin.Key{ID: record, Name: "billing"}, admin.Key{ID: other, Name: "billing"}),
		"DELETE /admin/v1/keys/" + other: struct{}{},
	})
	connector := newFake(t, "stripe", "connector", map[string]any{"GET /admin/v1/keys": list[admin.Key]()})
	code, _, stderr := run(t, catalog, connector, "keys", "revoke", "billing", "--yes")
	require.Equal(t, exit.Usage, code)
	require.Contains(t, stderr, "several keys are called billing. Name the one you mean by its id")
	require.Empty(t, catalog.requests())
	code, _, stderr = run(t, catalog, connector, "keys", "revoke", other, "--yes")
	require.Equal(t, exit.OK, code, stderr)
}

func TestARefusalIsTheServicesOwnSentence(t *testing.T) {
	t.Parallel()
	catalog := newFake(t, "catalog", "catalog", map[string]any{
		"GET /admin/v1/conflicts/" + record: admin.Problem{Title: "Not Found", Detail: "There is no such conflict.", Status: 404, Code: "conflict_not_found"},
	})
	connector := newFake(t, "stripe", "connector", map[string]any{})
	code, _, stderr := run(t, catalog, connector, "conflicts", "show", record)
	require.Equal(t, exit.NotFound, code)
	require.Equal(t, "datasync: There is no such conflict\n", stderr)
}

// Each command makes the requests that it should, shows what came back, and ends with the code that it should.
func TestOperatorsCommands(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		args []string
		code exit.Code
		sent []string // to either service
	}{
		"status":                   {[]string{"status"}, 0, nil},
		"status-csv":               {[]string{"status", "-o", "csv"}, 0, nil},
		"timeline":                 {[]string{"customers", "timeline", record}, 0, nil},
		"timeline-csv":             {[]string{"customers", "timeline", record, "-o", "csv"}, 0, nil},
		"workers-list":             {[]string{"workers", "list"}, 0, nil},
		"workers-scale":            {[]string{"workers", "scale", "8"}, 0, []string{`PATCH /admin/v1/control {"workers":8}`}},
		"workers-default":          {[]string{"workers", "scale", "default", "-o", "json"}, 0, []string{`PATCH /admin/v1/control {"workers":null}`}},
		"workers-rate":             {[]string{"workers", "rate", "12.5", "-q"}, 0, []string{`PATCH /admin/v1/control {"rate":12.5}`}},
		"workers-pause":            {[]string{"workers", "pause", "inbound"}, 0, []string{`PATCH /admin/v1/control {"inbound":false}`}},
		"workers-resume":           {[]string{"workers", "resume"}, 0, []string{`PATCH /admin/v1/control {"drain":false,"inbound":true,"outbound":true}`}},
		"workers-drain":            {[]string{"workers", "drain", "--connector", "stripe"}, 0, []string{`PATCH /admin/v1/control {"drain":true}`}},
		"workers-elsewhere":        {[]string{"workers", "drain", "--connector", "paypal"}, 5, nil},
		"failures-list":            {[]string{"failures", "list"}, 0, nil},
		"failures-retry":           {[]string{"failures", "retry", "--group", "5f3c", "--rate", "10"}, 0, []string{`POST /admin/v1/failures/retry {"fingerprint":"5f3c","rate":10}`}},
		"failures-no-group":        {[]string{"failures", "retry", "--group", "ffff"}, 5, nil},
		"failures-retry-discarded": {[]string{"failures", "retry", "--discarded"}, 0, []string{`POST /admin/v1/failures/retry {"discarded":true}`}},
		"failures-discard": {
			[]string{"failures", "discard", "--group", "5f3c", "--reason", "ticket 1234"},
			0,
			[]string{`POST /admin/v1/failures/discard {"fingerprint":"5f3c","reason":"ticket 1234"}`},
		},
		"failures-discard-one": {
			[]string{"failures", "discard", record, "--reason", "a test", "--dry-run", "-o", "json"},
			0,
			[]string{`POST /admin/v1/failures/discard {"record_ids":["` + record + `"],"reason":"a test","dry_run":true}`},
		},
		"failures-discard-no-group":  {[]string{"failures", "discard", "--group", "ffff", "--reason", "a test"}, 5, nil},
		"failures-discard-no-reason": {[]string{"failures", "discard", "--all", "--reason", " "}, 2, nil},
		"failures-discard-long":      {[]string{"failures", "discard", "--all", "--reason", strings.Repeat("é", 201)}, 2, nil},
		"failures-discard-what":      {[]string{"failures", "discard", "--reason", "a test"}, 2, nil},
		"failures-discard-both":      {[]string{"failures", "discard", record, "--all", "--reason", "a test"}, 2, nil},
		"dead-letters-list":          {[]string{"dead-letters", "list"}, 0, nil},
		"dead-letters-show":          {[]string{"dead-letters", "show", other}, 0, nil},
		"dead-letters-replay":        {[]string{"dead-letters", "replay", other}, 0, []string{`POST /admin/v1/dead-letters/replay {"ids":["` + other + `"]}`}},
		"dead-letters-discard": {
			[]string{"dead-letters", "discard", other, "--reason", "a test"},
			0,
			[]string{`POST /admin/v1/dead-letters/` + other + `/discard {"reason":"a test"}`},
		},
		"conflicts-list":  {[]string{"conflicts", "list"}, 0, nil},
		"conflicts-show":  {[]string{"conflicts", "show", other}, 0, nil},
		"conflicts-take":  {[]string{"conflicts", "resolve", other, "--take", "stripe"}, 0, []string{`POST /admin/v1/conflicts/` + other + `/resolve {"take":"stripe"}`}},
		"conflicts-clear": {[]string{"conflicts", "resolve", other, "--value", ""}, 0, []string{`POST /admin/v1/conflicts/` + other + `/resolve {"value":""}`}},
		"jobs-list":       {[]string{"jobs", "list"}, 0, nil},
		"jobs-show":       {[]string{"jobs", "show", job, "--follow", "--service", "stripe"}, 0, nil},
		"jobs-cancel":     {[]string{"jobs", "cancel", job, "--service", "stripe"}, 0, []string{`POST /admin/v1/jobs/` + job + `/cancel`}},
		"jobs-unknown":    {[]string{"jobs", "show", record}, 5, nil},
		"audit":           {[]string{"audit"}, 0, nil},
		"audit-json":      {[]string{"audit", "-o", "json"}, 0, nil},
		"keys-list":       {[]string{"keys", "list"}, 0, nil},
		"keys-create": {
			[]string{"keys", "create", "--name", "new", "--scope", "admin"},
			0,
			[]string{`POST /admin/v1/keys {"name":"new","scopes":["admin"]}`, `POST /admin/v1/keys {"name":"new","scopes":["admin"]}`},
		},
		"keys-create-json": {
			[]string{"keys", "create", "--name", "new", "--scope", "admin", "-o", "json"},
			0,
			[]string{`POST /admin/v1/keys {"name":"new","scopes":["admin"]}`, `POST /admin/v1/keys {"name":"new","scopes":["admin"]}`},
		},
		"keys-create-one": {
			[]string{"keys", "create", "--name", "new", "--scope", "admin", "--service", "catalog"},
			0,
			[]string{`POST /admin/v1/keys {"name":"new","scopes":["admin"]}`},
		},
		"keys-rotate":        {[]string{"keys", "rotate", "billing", "--overlap", "1m"}, 0, []string{`POST /admin/v1/keys/` + other + `/rotate {"overlap_seconds":60}`}},
		"keys-revoke":        {[]string{"keys", "revoke", "billing", "--yes"}, 0, []string{`DELETE /admin/v1/keys/` + other}},
		"keys-revoke-unsure": {[]string{"keys", "revoke", "billing"}, 2, nil},
		"keys-unknown":       {[]string{"keys", "revoke", "nobody", "--yes"}, 5, nil},
		"config-print":       {[]string{"config", "print", "--service", "stripe"}, 0, nil},
		"sync-push":          {[]string{"sync", "push", record, "--wait", "0"}, 0, []string{`POST /admin/v1/links/` + record + `/push`}},
		"sync-push-fails":    {[]string{"sync", "push", record}, 1, []string{`POST /admin/v1/links/` + record + `/push`}},
		"endpoint":           {[]string{"webhook", "endpoint"}, 1, nil},
		"endpoint-ensure":    {[]string{"webhook", "endpoint", "--ensure", "https://x/webhooks/stripe"}, 0, []string{`PUT /admin/v1/webhook-endpoint {"url":"https://x/webhooks/stripe"}`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			catalog, connector := services(t)
			code, out, stderr := run(t, catalog, connector, one.args...)
			require.Equal(t, one.code, code, stderr)
			require.Equal(t, one.sent, append(catalog.requests(), connector.requests()...))
			golden(t, name, out+stderr)
		})
	}
}
