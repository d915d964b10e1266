package server_test

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/datasync-dev/datasync/pkg/service/servicetest"
	"github.com/datasync-dev/datasync/services/console/internal/consoletest"
	"github.com/datasync-dev/datasync/services/console/internal/server"
)

const patience = 20 * time.Second

// console is a running console before a world from memory.
type console struct {
	t     *testing.T
	world *consoletest.World
	url   string
	ended chan error
	stop  context.CancelFunc
}

// start runs a console with users viewer, operator and admin, whose passwords are their names.
func start(t *testing.T, settings map[string]string) *console {
	t.Helper()
	world := consoletest.New(time.Now())
	t.Cleanup(world.Close)
	addr := fmt.Sprintf("127.0.0.1:%d", servicetest.FreePort(t))
	env := map[string]string{
		"ADDR": addr, "CATALOG_URL": world.Catalog.URL, "CATALOG_API_KEY": consoletest.Key, "CONNECTORS": "stripe=" + world.Connector.URL,
		"CONSOLE_USERS": users(t, "viewer", "operator", "admin"), "LOG_LEVEL": "error",
	}
	maps.Copy(env, settings)
	ctx, stop := context.WithCancel(t.Context())
	c := &console{t: t, world: world, url: "http://" + addr, ended: make(chan error, 1), stop: stop}
	go func() {
		c.ended <- server.Run(ctx, func(name string) string { return env[name] }, io.Discard)
	}()
	t.Cleanup(stop)
	require.Eventually(t, func() bool {
		response, err := http.Get(c.url + "/readyz")
		return err == nil && response.Body.Close() == nil && response.StatusCode == http.StatusOK
	}, patience, 10*time.Millisecond)
	return c
}

func users(t *testing.T, names ...string) string {
	t.Helper()
	var lines []string
	for _, name := range names {
		hash, err := bcrypt.GenerateFromPassword([]byte(name), bcrypt.MinCost)
		require.NoError(t, err)
		lines = append(lines, name+":"+name+":"+string(hash))
	}
	return strings.Join(lines, ",")
}

// browser is somebody with a browser: cookies are kept, redirects are not followed.
type browser struct {
	*console
	client *http.Client
}

func (c *console) browser() *browser {
	jar, err := cookiejar.New(nil)
	require.NoError(c.t, err)
	return &browser{c, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// as logs in as one of the users.
func (c *console) as(user string) *browser {
	c.t.Helper()
	b := c.browser()
	a := b.post("/login", url.Values{"name": {user}, "password": {user}})
	require.Equal(c.t, http.StatusSeeOther, a.status, a.body)
	return b
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

func (b *browser) do(request *http.Request, headers ...string) answer {
	b.t.Helper()
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := b.client.Do(request)
	require.NoError(b.t, err)
	defer func() { require.NoError(b.t, response.Body.Close()) }()
	var body bytes.Buffer
	_, err = body.ReadFrom(response.Body)
	require.NoError(b.t, err)
	return answer{response.StatusCode, response.Header, html.UnescapeString(body.String())}
}

// has fails when a page lacks a text; a page is too long to be shown.
func (a answer) has(t *testing.T, want, where string) {
	t.Helper()
	require.True(t, strings.Contains(a.body, want), "%s lacks %q", where, want)
}

func (a answer) lacks(t *testing.T, unwanted, where string) {
	t.Helper()
	require.False(t, strings.Contains(a.body, unwanted), "%s has %q", where, unwanted)
}

func (b *browser) get(path string, headers ...string) answer {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.url+path, http.NoBody)
	require.NoError(b.t, err)
	return b.do(request, headers...)
}

func (b *browser) post(path string, form url.Values, headers ...string) answer {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url+path, strings.NewReader(form.Encode()))
	require.NoError(b.t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(request, headers...)
}

var csrf = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// form is what a form of a page would send, with the values added.
func (b *browser) form(page string, pairs ...string) url.Values {
	b.t.Helper()
	found := csrf.FindStringSubmatch(b.get(page).body)
	require.Len(b.t, found, 2, "no form on %s", page)
	values := url.Values{"csrf": {found[1]}, "back": {page}}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return values
}

// edit changes what a service answers.
func edit[T any](c *console, path string, change func(*T)) {
	c.t.Helper()
	c.world.Lock()
	defer c.world.Unlock()
	answer, ok := c.world.Answers[path].(T)
	require.True(c.t, ok, "%s answers a %T", path, c.world.Answers[path])
	change(&answer)
	c.world.Answers[path] = answer
}

// away makes services answer nothing but that their database is away.
func (c *console) away(services ...string) {
	c.world.Lock()
	defer c.world.Unlock()
	for _, service := range services {
		c.world.Down[service] = http.StatusServiceUnavailable
	}
}
