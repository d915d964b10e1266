package browser_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

//go:embed testdata/axe.min.js
var axe string

// tab is a page in a browser, and what went wrong on it.
type tab struct {
	t    *testing.T
	base string
	ctx  context.Context

	mu       sync.Mutex
	outside  []string // requests that left the origin
	messages []string // exceptions, refused by the policy, failed requests
}

// open starts a browser of its own, with an empty profile, and opens a tab.
func open(t *testing.T, base string) *tab {
	t.Helper()
	path, err := exec.LookPath("chromium")
	require.NoError(t, err, "these tests need Chromium: apt-get install chromium")
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, leave := chromedp.NewContext(allocator)
	t.Cleanup(leave)
	b := &tab{t: t, base: base, ctx: ctx}
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate("about:blank")))
	require.NoError(t, chromedp.Listen(ctx, b.hear))
	_, err = chromedp.Call(ctx, log.Enable, cdp.Empty{})
	require.NoError(t, err)
	_, err = chromedp.Call(ctx, network.Enable, network.EnableParams{})
	require.NoError(t, err)
	return b
}

// hear notes what must not happen.
func (b *tab) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, b.base) && !strings.HasPrefix(e.Request.URL, "data:") && e.Request.URL != "about:blank" {
			b.outside = append(b.outside, e.Request.URL)
		}
	case *runtime.EventExceptionThrown:
		b.messages = append(b.messages, "exception: "+e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			b.messages = append(b.messages, fmt.Sprintf("%s: %s", e.Entry.URL, e.Entry.Text))
		}
	}
}

// clean fails when anything went wrong so far.
func (b *tab) clean() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(b.t, b.outside, "requests that leave the origin")
	require.Empty(b.t, b.messages, "errors in the browser's console")
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	require.NoError(b.t, chromedp.Do(ctx, steps...))
}

// run evaluates a script and waits for its promise.
func run[T any](b *tab, script string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err, script)
	return value
}

// look sets what the visitor has: a width, and a liking for light or dark.
func (b *tab) look(width int64, scheme string) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(width, 900))
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	require.NoError(b.t, err)
}

// scripts switches the page's scripts on or off.
func (b *tab) scripts(on bool) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
	require.NoError(b.t, err)
}

// visit opens a page and waits until it is live.
func (b *tab) visit(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.base + path))
	b.until("the page is live", `document.documentElement.dataset.live === "on" || !document.body.hasAttribute("sse-connect")`)
}

// until waits for a condition, also over loading another page.
func (b *tab) until(what, condition string) {
	b.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		ctx, cancel := context.WithTimeout(b.ctx, patience)
		met, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+condition+")"))
		cancel()
		if err == nil && met {
			return
		}
		select {
		case <-deadline.C:
			require.FailNow(b.t, "waited in vain: "+what, "%s\nat %s\n%v", condition, run[string](b, "location.href"), err)
		case <-tick.C:
		}
	}
}

// shows waits until the text can be seen in the element.
func (b *tab) shows(selector, text string) {
	b.t.Helper()
	b.until("seen", fmt.Sprintf("document.querySelector(%s)?.innerText.includes(%s)", quote(selector), quote(text)))
}

// press presses the button or link of that name, as a screen reader would say it, within an element.
func (b *tab) press(selector, name string) {
	b.t.Helper()
	b.until(name, fmt.Sprintf(`(() => {
		const found = [...document.querySelectorAll(%s + " button, " + %[1]s + " summary, " + %[1]s + " a")].find(e => e.innerText.trim() === %s && !e.disabled);
		found?.click();
		return found;
	})()`, quote(selector), quote(name)))
}

func quote(text string) string {
	raw, err := json.Marshal(text)
	if err != nil {
		return `""`
	}
	return string(raw)
}

// logIn logs in by name and password, and is back at path.
func (b *tab) logIn(name, path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.base + path))
	b.shows("h1", "Log in to the console")
	b.do(
		chromedp.SendKeys(chromedp.CSS(`input[name="name"]`), name),
		chromedp.SendKeys(chromedp.CSS(`input[name="password"]`), "secret\r"),
	)
	b.until("logged in", `location.pathname === `+quote(path)+` && document.documentElement.dataset.live === "on"`)
}

// violation is something that WCAG 2.2 AA does not allow.
type violation struct {
	ID    string   `json:"id"`
	Help  string   `json:"help"`
	Nodes []string `json:"nodes"`
}

// accessible fails when axe-core finds anything.
func (b *tab) accessible(where string) {
	b.t.Helper()
	if !run[bool](b, "typeof window.axe !== 'undefined'") {
		run[any](b, axe+"; null")
	}
	found := run[[]violation](b, `axe.run(document, {
		resultTypes: ["violations"],
		runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
	}).then(r => r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.map(n => n.html.slice(0, 200) + " :: " + n.failureSummary)})))`)
	for _, v := range found {
		b.t.Errorf("%s: %s: %s\n%s", where, v.ID, v.Help, strings.Join(v.Nodes, "\n"))
	}
}

// fits fails when the page is wider than the window.
func (b *tab) fits(where string) {
	b.t.Helper()
	if over := run[int](b, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
		b.t.Errorf("%s: %d px wider than the window", where, over)
	}
}
