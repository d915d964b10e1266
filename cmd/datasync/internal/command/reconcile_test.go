package command_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/pkg/admin"
)

// compared is a connector that answers every reconcile with what it found.
func compared(t *testing.T, found admin.Reconcile, findings ...admin.Finding) (catalog, connector *fake) {
	t.Helper()
	done := admin.Job{ID: job, Kind: "reconcile", State: "done", Done: 3, Total: 3, Reconcile: &found}
	return newFake(t, "catalog", "catalog", map[string]any{}), newFake(t, "stripe", "connector", map[string]any{
		"POST /admin/v1/reconciles": done, "GET /admin/v1/jobs/" + job: done,
		"GET /admin/v1/reconciles/" + job + "/findings": list(findings...),
	})
}

func drift() []admin.Finding {
	return []admin.Finding{
		{Kind: "drift", RecordID: record, RemoteID: "cus_1", Outcome: "reported", Fields: []admin.FieldDiff{
			{Field: "name", Before: "Ada", After: "Ada King"}, {Field: "phone", Before: "", After: "+44"},
		}},
		{Kind: "only_remote", RemoteID: "cus_2", Outcome: "reported"},
		{Kind: "ambiguous", RemoteID: "cus_3", Candidates: []string{record, other}},
	}
}

func TestADryRunPrintsEveryDifference(t *testing.T) {
	t.Parallel()
	found := admin.Reconcile{Compared: 3, Equal: 1, Drifted: 1, OnlyRemote: 1, Ambiguous: 1, Fields: map[string]int64{"name": 1, "phone": 1}}
	catalog, connector := compared(t, found, drift()...)
	for format, name := range map[string]string{"table": "reconcile", "csv": "reconcile-csv", "jsonl": "reconcile-jsonl"} {
		code, out, stderr := run(t, catalog, connector, "reconcile", "-o", format)
		require.Equal(t, exit.Differences, code, stderr)
		golden(t, name, out+stderr)
	}
	require.Equal(t, "POST /admin/v1/reconciles {}", connector.requests()[0], "it repairs nothing")
}

func TestNothingDiffers(t *testing.T) {
	t.Parallel()
	catalog, connector := compared(t, admin.Reconcile{Compared: 3, Equal: 3})
	code, _, stderr := run(t, catalog, connector, "reconcile", "--only", record)
	require.Equal(t, exit.OK, code, stderr)
	require.Equal(t, []string{`POST /admin/v1/reconciles {"only":["` + record + `"]}`}, connector.requests())

	catalog, connector = compared(t, admin.Reconcile{Compared: 1, Equal: 1, Unreached: "Stripe was down"})
	code, _, stderr = run(t, catalog, connector, "reconcile")
	require.Equal(t, exit.Partial, code)
	require.Contains(t, stderr, "not everything was compared: Stripe was down")
}

// A plan is applied as it was found; what changed since then is refused.
func TestASavedPlanIsApplied(t *testing.T) {
	t.Parallel()
	plan := filepath.Join(t.TempDir(), "plan.json")
	catalog, connector := compared(t, admin.Reconcile{Compared: 3, Drifted: 1}, drift()...)
	code, _, stderr := run(t, catalog, connector, "reconcile", "--save", plan)
	require.Equal(t, exit.Differences, code, stderr)
	saved, err := os.ReadFile(plan)
	require.NoError(t, err)
	require.Contains(t, string(saved), `"before": "Ada"`)
	code, _, _ = run(t, catalog, connector, "reconcile", "--save", plan)
	require.Equal(t, exit.Conflict, code, "a plan is not overwritten")

	for name, one := range map[string]struct {
		found admin.Reconcile
		code  exit.Code
	}{
		"all":            {admin.Reconcile{Repaired: 1}, exit.OK},
		"a part":         {admin.Reconcile{Repaired: 1, Refused: 1}, exit.Partial},
		"nothing":        {admin.Reconcile{Refused: 2}, exit.Conflict},
		"not reached":    {admin.Reconcile{Repaired: 1, Unreached: "cancelled"}, exit.Partial},
		"only adoptions": {admin.Reconcile{Adopted: 1, Refused: 1}, exit.Partial},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one.found.Plan, one.found.Repair = job, "catalog"
			catalog, connector := compared(t, one.found)
			code, _, stderr := run(t, catalog, connector, "reconcile", "apply", plan, "--repair", "catalog", "--yes")
			require.Equal(t, one.code, code, stderr)
			require.Equal(t, []string{`POST /admin/v1/reconciles {"repair":"catalog","plan":"` + job + `"}`}, connector.requests())
		})
	}
}

func TestPlansThatCannotBeApplied(t *testing.T) {
	t.Parallel()
	catalog, connector := compared(t, admin.Reconcile{Drifted: 1})
	nonsense := filepath.Join(t.TempDir(), "nonsense.json")
	require.NoError(t, os.WriteFile(nonsense, []byte("{}"), 0o600))
	for _, one := range []struct {
		args []string
		code exit.Code
		want string
	}{
		{[]string{nonsense, "--yes"}, exit.Failed, "is not a plan"},
		{[]string{"/nowhere.json", "--yes"}, exit.NotFound, "cannot be read"},
		{[]string{other, "--yes"}, exit.NotFound, "is not known any more"},
		{[]string{job}, exit.Usage, "this needs a confirmation: this repairs up to 1 differences"},
		{[]string{job, "--yes", "--repair", "both"}, exit.Usage, "it is not clear which side wins"},
	} {
		code, _, stderr := run(t, catalog, connector, append([]string{"reconcile", "apply", "--repair", "remote"}, one.args...)...)
		require.Equal(t, one.code, code, stderr)
		require.Contains(t, strings.ToLower(stderr), strings.ToLower(one.want))
	}
	require.Empty(t, connector.requests())
}
