package browser_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	flag.String("screenshots", "", "a directory to write pictures of the pages to")
	flag.Parse()
	os.Exit(m.Run())
}

// walk are the pages that everybody must be able to use, by the name of their picture.
func walk(p people) map[string]string {
	return map[string]string{
		"overview": "/dashboard", "customers": "/dashboard/customers", "customer": "/dashboard/customers/" + p.ada, "failed-customer": "/dashboard/customers/" + p.alan,
		"changes": "/dashboard/changes", "failures": "/dashboard/failures", "retry": "/dashboard/failures/stripe/all/retry", "conflicts": "/dashboard/conflicts",
		"drift": "/dashboard/drift", "comparison": "/dashboard/drift/stripe/" + p.comparison, "compare": "/dashboard/drift/run", "workers": "/dashboard/workers",
		"pause": "/dashboard/services/stripe/flow/outbound/pause", "queues": "/dashboard/queues", "jobs": "/dashboard/jobs", "job": "/dashboard/jobs/stripe/" + p.comparison,
		"audit": "/dashboard/audit", "settings": "/dashboard/settings", "key": "/dashboard/settings/stripe/keys", "nothing": "/dashboard/nothing",
	}
}

func TestEveryPageInEveryLook(t *testing.T) {
	t.Parallel()
	s := start(t)
	pages := walk(s.populate())
	s.hour()
	b := open(t, s.console.URL)
	b.look(1280, "light")
	b.do(chromedp.Navigate(b.base + "/login"))
	b.accessible("login")
	b.picture("login-light-1280")
	b.logIn("ada", "/dashboard")
	for _, width := range []int64{1280, 390} {
		for name, path := range pages {
			for i, scheme := range []string{"light", "dark"} {
				where := fmt.Sprintf("%s-%s-%d", name, scheme, width)
				if b.look(width, scheme); i == 0 {
					b.visit(path)
					b.until("what takes longer is there", `!document.querySelector(".uplot") === !document.querySelector(".chart")`)
				}
				b.until("no colour is changing", `!document.getAnimations().some(a => a instanceof CSSTransition)`)
				b.accessible(where)
				b.fits(where)
				if width == 1280 && scheme == "light" && name != "nothing" || name == "overview" || name == "customer" {
					b.picture(where)
				}
			}
		}
	}
	b.expect404("/dashboard/nothing")
	b.clean()
}

// expect404 forgets that the browser noted a page that is rightly not there.
func (b *tab) expect404(path string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var kept []string
	for _, message := range b.messages {
		if !strings.HasPrefix(message, b.base+path+": ") {
			kept = append(kept, message)
		}
	}
	b.messages = kept
}

// picture writes what the page looks like, when asked for.
func (b *tab) picture(name string) {
	b.t.Helper()
	dir := flag.Lookup("screenshots").Value.String()
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600))
}

func TestPagesCanBeReadWithScriptsOff(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.populate()
	b := open(t, s.console.URL)
	b.logIn("ada", "/dashboard")
	b.scripts(false)
	for path, want := range map[string]string{
		"/dashboard": "customers are the same on both sides", "/dashboard/customers": "Ada Lovelace", "/dashboard/customers/" + p.ada: "first programmer",
		"/dashboard/failures": "The fix:", "/dashboard/workers": "applied on 1 of 1",
	} {
		b.do(chromedp.Navigate(b.base + path))
		text, err := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS("main")))
		require.NoError(t, err)
		require.Contains(t, text, want, path)
	}
	b.clean()
}

func TestTheKeyboardIsEnough(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, _ := s.create(object{"name": "Ada Lovelace", "email": "ada@lovelace.example"})
	b := open(t, s.console.URL)
	b.logIn("ada", "/dashboard")

	b.do(chromedp.KeyEvent("\t"))
	require.Equal(t, "Skip to content", run[string](b, "document.activeElement.innerText"), "the first stop")
	b.do(chromedp.KeyEvent("\r"))
	b.until("skipped", `location.hash === "#main"`)

	run[any](b, `document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: "/", bubbles: true, cancelable: true}))`) // a typed one would also be inserted: the protocol sends characters by themselves
	b.until("in the search", `document.activeElement.id === "find"`)
	b.do(chromedp.KeyEvent("ada@lovelace.example\r"))
	b.until("found", `location.pathname === "/dashboard/customers/`+id+`"`)
	b.shows("h1", "Ada Lovelace")

	b.visit("/dashboard")
	b.do(chromedp.Focus(chromedp.CSS(`[id="ask/dashboard/drift/run"]`)), chromedp.KeyEvent("\r"))
	b.until("a dialog", `document.getElementById("dialog").open && document.getElementById("dialog").contains(document.activeElement)`)
	b.accessible("dialog")
	b.do(chromedp.KeyEvent("\x1b"))
	b.until("closed", `!document.getElementById("dialog").open`)
	b.clean()
}
