package command_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/pkg/admin"
)

func TestJobsSayInWordsWhatTheyCount(t *testing.T) {
	t.Parallel()
	counted := admin.Job{ID: job, Kind: "reconcile", State: "done", CreatedAt: at(), Counts: map[string]int64{"only_local": 2, "would_replay": 3, "not verified": 1}}
	catalog := newFake(t, "catalog", "catalog", map[string]any{"GET /admin/v1/jobs": list[admin.Job]()})
	connector := newFake(t, "stripe", "connector", map[string]any{"GET /admin/v1/jobs": list(counted)})
	_, out, stderr := run(t, catalog, connector, "jobs", "list")
	require.Contains(t, out, "1 not verified, 2 only in the catalog, 3 would be replayed", stderr)
	_, out, _ = run(t, catalog, connector, "jobs", "list", "-o", "json")
	require.Contains(t, out, `"would_replay":3`, "programs get the names")
}

// What was left out of a request is not shown, but what a setting was changed to is, even if that is nothing.
func TestTheAuditShowsWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	catalog := newFake(t, "catalog", "catalog", map[string]any{"GET /admin/v1/audit": list(
		admin.AuditEntry{At: at(), Action: "failures.retry", Detail: map[string]any{"records": 0, "fingerprint": "", "all": true, "discarded": false, "rate": 0, "dry_run": true}},
		admin.AuditEntry{At: at(), Action: "control.set", Detail: map[string]any{"outbound": false, "workers": nil}},
		admin.AuditEntry{At: at(), Action: "key.create", Detail: map[string]any{"name": "viewer", "scopes": []string{"admin:read", "customers:read"}}},
	)})
	connector := newFake(t, "stripe", "connector", map[string]any{"GET /admin/v1/audit": list[admin.AuditEntry]()})
	_, out, stderr := run(t, catalog, connector, "audit", "-o", "csv")
	require.Contains(t, out, `"all: yes, dry run: yes"`, stderr)
	require.Contains(t, out, `"outbound: no, workers: as configured"`)
	require.Contains(t, out, `"name: viewer, scopes: admin:read customers:read"`)
}

func TestRefusalsSpeakOfCommandsAndFlags(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		refusal admin.Problem
		code    exit.Code
		want    string
	}{
		"another version": {
			admin.Problem{
				Title: "The customer has another version than If-Match says", Status: http.StatusPreconditionFailed, Code: "version_mismatch",
				Detail: "The customer is at version 3. Read it again, apply the change to what it is now, and send its new ETag.",
			},
			exit.Conflict, "the customer was changed in the meantime; it is at version 3 now. Look at it with datasync customers get, and repeat the command with --if-version and that number",
		},
		"a parameter": {
			admin.Problem{
				Title: "A query parameter is invalid", Status: http.StatusBadRequest, Code: "invalid_parameter",
				Errors: []admin.ProblemDetail{{Parameter: "updated_after", Detail: "Write a time."}},
			},
			exit.Failed, "A query parameter is invalid. --updated-after: Write a time.",
		},
		"nobody": {
			admin.Problem{Title: "There is no such customer", Status: http.StatusNotFound, Code: "customer_not_found", Detail: "Check the id; find customers with GET /v1/customers."},
			exit.NotFound, "there is no such customer. Look for it with datasync customers list",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			catalog := newFake(t, "catalog", "catalog", map[string]any{"PATCH /v1/customers/" + record: one.refusal})
			code, _, stderr := run(t, catalog, newFake(t, "stripe", "connector", map[string]any{}), "customers", "update", record, "--name", "Ada")
			require.Equal(t, one.code, code)
			require.Equal(t, "datasync: "+one.want+"\n", stderr)
		})
	}
}

func TestAServiceThatThereIsNot(t *testing.T) {
	t.Parallel()
	catalog, connector := services(t)
	code, _, stderr := run(t, catalog, connector, "jobs", "list", "--service", "bogus")
	require.Equal(t, exit.NotFound, code)
	require.Equal(t, "datasync: there is no service \"bogus\". The services are: catalog, stripe\n", stderr)
}
