package browser_test

import (
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
)

// gate stands before the database, and can be shut: then the database is away for whoever came through it.
type gate struct {
	url      string
	target   string
	listener net.Listener

	mu   sync.Mutex
	open []net.Conn
}

func newGate(t *testing.T) *gate {
	t.Helper()
	through, err := url.Parse(postgrestest.URL())
	require.NoError(t, err)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	g := &gate{target: through.Host, listener: listener}
	through.Host = listener.Addr().String()
	g.url = through.String()
	go g.accept()
	t.Cleanup(g.shut)
	return g
}

func (g *gate) accept() {
	for {
		inner, err := g.listener.Accept()
		if err != nil {
			return
		}
		outer, err := net.Dial("tcp", g.target)
		if err != nil {
			_ = inner.Close()
			continue
		}
		g.mu.Lock()
		g.open = append(g.open, inner, outer)
		g.mu.Unlock()
		go pass(outer, inner)
		go pass(inner, outer)
	}
}

func pass(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_, _ = to.Close(), from.Close()
}

func (g *gate) shut() {
	_ = g.listener.Close()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, connection := range g.open {
		_ = connection.Close()
	}
}

// visitor is somebody who is logged in, without a browser.
func (s *stack) visitor() *http.Client {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(s.t, err)
	client := &http.Client{Jar: jar}
	answer, err := client.PostForm(s.console.URL+"/login", url.Values{"name": {"ada"}, "password": {"secret"}})
	require.NoError(s.t, err)
	require.NoError(s.t, answer.Body.Close())
	require.Equal(s.t, http.StatusOK, answer.StatusCode)
	return client
}

// page is what a page of the console says.
func (s *stack) page(visitor *http.Client, path string) string {
	s.t.Helper()
	answer, err := visitor.Get(s.console.URL + "/dashboard" + path)
	require.NoError(s.t, err, path)
	raw, err := io.ReadAll(answer.Body)
	require.NoError(s.t, err, path)
	require.NoError(s.t, answer.Body.Close())
	require.Equal(s.t, http.StatusOK, answer.StatusCode, path)
	require.Contains(s.t, string(raw), `<main id="main"`, path)
	return string(raw)
}

// everywhere requires that every page says the text, once the console has noticed: answers are shared for a second.
func (s *stack) everywhere(visitor *http.Client, p people, text string) {
	s.t.Helper()
	for _, path := range []string{
		"", "/customers", "/customers?state=paused", "/customers/" + p.alan, "/customers/" + p.alan + "/stripe/discard", "/changes",
		"/changes?q=alan@example", "/failures", "/failures/stripe/all", "/failures/stripe/all/retry", "/conflicts", "/drift", "/drift/run",
		"/drift/stripe/" + p.comparison, "/workers", "/queues", "/queues/catalog/replay", "/jobs", "/jobs/stripe/" + p.comparison, "/audit", "/settings",
		"/services/stripe/flow/outbound/pause", "/search?q=alan@example",
	} {
		var said string
		require.Eventually(s.t, func() bool { said = s.page(visitor, path); return strings.Contains(said, text) }, patience, interval, "%s: %s", path, text)
		require.NotContains(s.t, said, "dial tcp", path)
	}
}

// Whatever is away, every page says so, and what to do.
func TestWhateverIsAwayIsSaidOnEveryPage(t *testing.T) {
	t.Parallel()
	database := newGate(t)
	s := startOver(t, database.url)
	p := s.populate()
	ada := s.visitor()
	s.everywhere(ada, p, "Log out")

	database.shut()
	for _, service := range []string{"The catalog", "The stripe connector"} {
		s.everywhere(ada, p, service+" runs, but its database does not answer: see that PostgreSQL is up.")
	}

	s.connector.Kill()
	s.everywhere(ada, p, "The stripe connector cannot be reached at "+s.connector.URL+": start it again, or correct CONNECTORS.")

	s.catalog.Kill()
	s.everywhere(ada, p, "The catalog cannot be reached at "+s.catalog.URL+": start it again, or correct CATALOG_URL.")
}
