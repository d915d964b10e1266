package main_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every mistake on a command line is answered with exit code 2 and a sentence that says what to write instead.
func TestMistakesOnTheCommandLine(t *testing.T) {
	t.Parallel()
	c := newCLI(t, nil)
	for name, one := range map[string]struct {
		args []string
		want string
	}{
		"an unknown command":      {[]string{"custmers"}, "Did you mean datasync customers?"},
		"an unknown subcommand":   {[]string{"customers", "lst"}, "Did you mean datasync customers list?"},
		"an unknown flag":         {[]string{"customers", "list", "--limt", "3"}, "Did you mean --limit?"},
		"nothing alike":           {[]string{"xyzzy"}, "See datasync --help"},
		"a subcommand's command":  {[]string{"reconcile", "aply"}, "Did you mean datasync reconcile apply?"},
		"a format":                {[]string{"version", "-o", "xml"}, "Use -o with one of table, json, jsonl, csv"},
		"too few arguments":       {[]string{"customers", "get"}, "Write: datasync customers get CUSTOMER"},
		"too many arguments":      {[]string{"customers", "get", "a", "b"}, `got too much: "b"`},
		"no number":               {[]string{"workers", "scale", "many"}, "is not a number above 0"},
		"a time":                  {[]string{"customers", "list", "--created-after", "soon"}, "write 2026-01-31"},
		"a field":                 {[]string{"customers", "create", "--set", "adress.city=x"}, "Did you mean address.city?"},
		"nothing to write":        {[]string{"customers", "create"}, "there is nothing to write"},
		"a URL":                   {[]string{"customers", "list", "--url", "localhost"}, "is not the URL of a service"},
		"no such key file":        {[]string{"customers", "list", "--api-key-file", "nowhere"}, "cannot be read from nowhere"},
		"an import from a pipe":   {[]string{"customers", "import", "-"}, "save the input to a file first"},
		"an unclear selection":    {[]string{"failures", "retry"}, "name customers, or a --group, or say --all"},
		"two selections":          {[]string{"dead-letters", "replay", "x", "--all"}, "it is not clear which"},
		"an unclear conflict":     {[]string{"conflicts", "resolve", "x"}, "say --take catalog"},
		"a discard for no reason": {[]string{"dead-letters", "discard", "x"}, "a reason is needed"},
		"a plan for no side":      {[]string{"reconcile", "apply", "x"}, "it is not clear which side wins"},
		"a direction":             {[]string{"workers", "pause", "sideways"}, "the directions are outbound"},
		"no webhook secret":       {[]string{"webhook", "verify", "event.json", "--signature", "t=1,v1=00"}, "set STRIPE_WEBHOOK_SECRET"},
		"a key without a name":    {[]string{"keys", "create"}, "--name billing"},
		"no whole number":         {[]string{"customers", "list", "--limit", "many"}, `--limit "many" is not a whole number`},
		"no length of time":       {[]string{"sync", "push", "x", "--wait", "5"}, `--wait "5" is not a length of time; write it like 30s`},
		"a state":                 {[]string{"customers", "list", "--sync-state", "bogus"}, "the states are: pending, synced, conflict"},
		"a type of events":        {[]string{"webhook", "trigger", "customer.bogus", "cus_1"}, "the types are: customer.created, customer.updated, customer.deleted"},
		"a program":               {[]string{"migrate", "--program", "stripe"}, "the programs are: catalog, stripe-connector"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := c.run(t, one.args...)
			require.Equal(t, 2, r.code, r.err)
			require.Contains(t, lowered(r.err), lowered(one.want))
			require.Empty(t, r.out)
		})
	}
}

func TestServersThatCannotBeReached(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(elsewhere.Close)
	stuck := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(stuck.Close)
	for name, one := range map[string]struct {
		url  string
		code int
		want string
	}{
		"nobody listens":   {"http://127.0.0.1:1", 1, "nothing listens at http://127.0.0.1:1"},
		"an unknown name":  {"http://no.such.host.invalid", 1, `the name "no.such.host.invalid" cannot be resolved`},
		"something else":   {elsewhere.URL, 1, "the service does not offer this"},
		"one that is slow": {stuck.URL, 8, "there was no answer in time from " + stuck.URL},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newCLI(t, map[string]string{"DATASYNC_URL": one.url}).run(t, "customers", "list", "--timeout", "2s")
			require.Equal(t, one.code, r.code, r.err)
			require.Contains(t, r.err, one.want)
		})
	}
}

func TestAKeyThatDoesNotLetIn(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	for _, key := range []string{"", "ds_wrong"} {
		c.env["DATASYNC_API_KEY"] = key
		r := c.run(t, "customers", "list")
		require.Equal(t, 6, r.code, r.err)
		require.Contains(t, r.err, "Set DATASYNC_API_KEY")
	}
}

// What make up leaves in a clone is found from any directory below it, and its key is sent to this machine alone.
func TestALocalStartIsFound(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	url := c.env["DATASYNC_URL"]
	c.env = nil
	require.NoError(t, mkdirs(c.dir, ".run", "deep/er"))
	c.file(t, ".run/api-key", apiKey+"\n")
	c.file(t, ".run/datasync.env", "DATASYNC_URL="+url+"\n")
	below := &cli{dir: c.dir + "/deep/er"}
	require.Contains(t, below.run(t, "customers", "list").err, "No customers.")
	golden(t, "config-of-a-local-start", strip(below.ok(t, "config", "print", "--own"), c.dir))

	r := below.run(t, "config", "print", "--own", "--url", "http://db.example.com")
	require.NotContains(t, r.out, "ds_test")
}

func TestCompletionKnowsCommandsAndValues(t *testing.T) {
	t.Parallel()
	c := newCLI(t, nil)
	require.Contains(t, c.ok(t, "__complete", "cust"), "customers")
	require.Contains(t, c.ok(t, "__complete", "customers", "list", "--sync-state", ""), "retrying")
	require.Contains(t, c.ok(t, "completion", "bash"), "__start_datasync")
}
