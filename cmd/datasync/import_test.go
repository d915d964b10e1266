package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// imported is what an import reports with -o json.
type imported struct {
	Rows, Created, Bad, Left int64
	Before                   int64 `json:"created_before"`
}

func sum(t *testing.T, r result) imported {
	t.Helper()
	var i imported
	require.NoError(t, json.Unmarshal([]byte(r.out), &i), r.err)
	return i
}

// rows makes a file of so many customers.
func rows(n int) string {
	var file strings.Builder
	file.WriteString("name,email\n")
	for i := range n {
		fmt.Fprintf(&file, "\"Customer, %d\",c%d@example.com\n", i, i)
	}
	return file.String()
}

// exported counts the customers and checks that each email is there once.
func exported(t *testing.T, c *cli) int {
	t.Helper()
	seen := map[string]bool{}
	for line := range strings.Lines(c.ok(t, "customers", "export")) {
		var customer struct{ Email string }
		require.NoError(t, json.Unmarshal([]byte(line), &customer))
		require.False(t, seen[customer.Email], "%s is there twice", customer.Email)
		seen[customer.Email] = true
	}
	return len(seen)
}

func TestAnImportCanBeRepeated(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	c.file(t, "c.csv", rows(300))
	require.Equal(t, imported{Rows: 300, Created: 300}, sum(t, c.run(t, "customers", "import", "c.csv", "-o", "json")))
	require.Equal(t, imported{Rows: 300, Created: 300}, sum(t, c.run(t, "customers", "import", "c.csv", "-o", "json")), "from the state")
	require.NoError(t, os.Remove(filepath.Join(c.dir, "c.csv.import")))
	require.Equal(t, imported{Rows: 300, Before: 300}, sum(t, c.run(t, "customers", "import", "c.csv", "-o", "json")), "without the state")
	require.Equal(t, 300, exported(t, c))

	c.file(t, "c.csv", rows(301))
	r := c.run(t, "customers", "import", "c.csv")
	require.Equal(t, 7, r.code)
	require.Contains(t, r.err, "changed since 300 of its rows were imported")
	r = c.run(t, "customers", "import", "c.csv", "--state", "c.csv.import", "--url", "http://127.0.0.1:1")
	require.Equal(t, 7, r.code)
	require.Contains(t, r.err, "was being imported into "+c.env["DATASYNC_URL"])
}

// slow is the catalog behind a proxy that holds requests back once allowed of them went through.
func slow(t *testing.T, c *cli, allowed int64) {
	t.Helper()
	to, err := url.Parse(c.env["DATASYNC_URL"])
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(to)
	var count atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && count.Add(1) > allowed {
			select {
			case <-time.After(200 * time.Millisecond):
			case <-r.Context().Done():
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	c.env["DATASYNC_URL"] = server.URL
}

// begun starts an import and waits until its state says that a part is done.
func begun(t *testing.T, c *cli, file string) (stop func(os.Signal) result) {
	t.Helper()
	var out, stderr strings.Builder
	command := c.command(t, "customers", "import", file, "-o", "json", "--concurrency", "4")
	command.Stdout, command.Stderr = &out, &stderr
	require.NoError(t, command.Start())
	require.Eventually(t, func() bool {
		state, err := os.ReadFile(filepath.Join(c.dir, file+".import"))
		return err == nil && strings.Count(string(state), "\n") > 2
	}, patience, 5*time.Millisecond)
	return func(signal os.Signal) result {
		require.NoError(t, command.Process.Signal(signal))
		_ = command.Wait() // the exit code tells
		return result{command.ProcessState.ExitCode(), out.String(), stderr.String()}
	}
}

func TestAnInterruptedImportGoesOnWhereItStood(t *testing.T) {
	t.Parallel()
	const total = 2500
	for name, signal := range map[string]os.Signal{"Ctrl-C": os.Interrupt, "SIGTERM": syscall.SIGTERM, "kill -9": os.Kill} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := catalog(t)
			direct := c.env["DATASYNC_URL"]
			slow(t, c, 3)
			c.file(t, "c.csv", rows(total))
			r := begun(t, c, "c.csv")(signal)
			if signal != os.Kill {
				require.Equal(t, 4, r.code, r.err)
				first := sum(t, r)
				require.Positive(t, first.Left)
				require.Contains(t, r.err, fmt.Sprintf("stopped with %d rows left. Run the same command again to go on", first.Left))
				require.EqualValues(t, exported(t, &cli{c.dir, map[string]string{"DATASYNC_URL": direct, "DATASYNC_API_KEY": apiKey}}), first.Created,
					"nothing was in the air")
			}
			again := c.run(t, "customers", "import", "c.csv", "-o", "json")
			require.Equal(t, 0, again.code, again.err)
			require.Zero(t, sum(t, again).Left)
			require.Equal(t, total, exported(t, c), "every row once")
		})
	}
}

func TestTwoImportsOfOneFileAtOnce(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	slow(t, c, 2)
	c.file(t, "c.csv", rows(2500))
	stop := begun(t, c, "c.csv")
	r := c.run(t, "customers", "import", "c.csv")
	require.Equal(t, 7, r.code)
	require.Contains(t, r.err, "is being imported already by another process")
	stop(os.Kill)
}

// One in ten rows is bad: the others are imported, and the error file has what is needed to import the rest.
func TestBadRowsCanBeCorrectedAndImported(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	file := strings.Split(strings.TrimSpace(rows(200)), "\n")
	for i := 10; i < len(file); i += 10 {
		file[i] = strings.Replace(file[i], "@example.com", "", 1)
	}
	file[50], file[60], file[70] = `"too",many@example.com,values`, `a "quote,inside@example.com`, "latin\xe9,l@example.com"
	c.file(t, "c.csv", strings.Join(file, "\n"))
	r := c.run(t, "customers", "import", "c.csv", "-o", "json")
	require.Equal(t, 4, r.code, r.err)
	require.Equal(t, imported{Rows: 200, Created: 180, Bad: 20}, sum(t, r))
	require.Contains(t, r.err, "20 of 200 rows are bad. Correct them in c.errors.csv and import that file")
	wrong := c.read(t, "c.errors.csv")
	golden(t, "import-errors", wrong)

	r = c.run(t, "customers", "import", "c.errors.csv", "-o", "json")
	require.Equal(t, 1, r.code, "nothing was corrected: all are bad again")
	again := c.read(t, "c.errors.errors.csv")
	require.Equal(t, strings.Count(wrong, "\n"), strings.Count(again, "\n"))
	require.True(t, strings.HasPrefix(again, "import_line,import_error,name,email\n"), "our columns once")
	var corrected strings.Builder
	for i, line := range strings.Split(strings.TrimSpace(wrong), "\n") {
		if i > 0 {
			line = fmt.Sprintf("1,,Corrected,fixed%d@example.com", i)
		}
		corrected.WriteString(line + "\n")
	}
	c.file(t, "c.errors.csv", corrected.String())
	require.Equal(t, imported{Rows: 20, Created: 20}, sum(t, c.run(t, "customers", "import", "c.errors.csv", "-o", "json")))
	require.Equal(t, 200, exported(t, c))
}

func TestTheCatalogMayAskForPatience(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	to, err := url.Parse(c.env["DATASYNC_URL"])
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(to)
	var count, early atomic.Int64
	var until atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			proxy.ServeHTTP(w, r)
			return
		}
		if time.Now().UnixMilli() < until.Load() {
			early.Add(1)
		}
		switch n := count.Add(1); {
		case n == 10:
			until.Store(time.Now().Add(900 * time.Millisecond).UnixMilli())
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
		case n%7 == 0:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	c.env["DATASYNC_URL"] = server.URL
	c.file(t, "c.csv", rows(3000))
	require.Equal(t, imported{Rows: 3000, Created: 3000}, sum(t, c.run(t, "customers", "import", "c.csv", "-o", "json", "--concurrency", "4")))
	require.LessOrEqual(t, early.Load(), int64(4), "at most what was in the air")
}

func TestAnOutageStopsAnImportThatCanGoOn(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	present := c.env["DATASYNC_URL"]
	c.file(t, "c.csv", rows(100))
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	c.env["DATASYNC_URL"] = away.URL
	r := c.run(t, "customers", "import", "c.csv", "--patience", "1s", "--state", "state")
	require.Equal(t, 4, r.code)
	require.Contains(t, r.err, "stopped with 100 rows left: nothing listens at "+away.URL)
	c.env["DATASYNC_URL"], c.env["DATASYNC_API_KEY"] = present, "ds_wrong"
	r = c.run(t, "customers", "import", "c.csv")
	require.Equal(t, 6, r.code, "a wrong key does not become right by trying")
	c.env["DATASYNC_API_KEY"] = apiKey
	require.Equal(t, imported{Rows: 100, Created: 100}, sum(t, c.run(t, "customers", "import", "c.csv", "-o", "json")))
}

// After a crash that is more than a day old nobody knows whether what was in the air has arrived.
func TestAnOldCrashIsTold(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	c.file(t, "c.csv", rows(200))
	c.ok(t, "customers", "import", "c.csv")
	state := strings.Split(c.read(t, "c.csv.import"), "\n")
	old := time.Now().Add(-25 * time.Hour).UTC().Format(time.RFC3339Nano)
	c.file(t, "c.csv.import", state[0]+"\n"+`{"at":"`+old+`","chunk":0,"created":100}`+"\n"+`{"at":"`+old+`","chu`)
	r := c.run(t, "customers", "import", "c.csv")
	require.Equal(t, 7, r.code)
	require.Contains(t, r.err, "may have been created without a note of it")
	require.Equal(t, 0, c.run(t, "customers", "import", "c.csv", "--resend").code)
	require.Equal(t, 200, exported(t, c), "the day is not over for the catalog")
}
