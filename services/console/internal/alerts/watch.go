// Package alerts tells people outside the console when DataSync needs one of them: through a webhook that takes what
// Slack's incoming webhooks take. Everything that begins or ends in one round is one message; a problem is told once,
// and once more when it is over.
package alerts

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// Source is a service that is watched; *admin.Client is one.
type Source interface {
	Status(ctx context.Context) (admin.Status, error)
}

// Options of a watch. Sources and Webhook are required.
type Options struct {
	Sources map[string]Source // by the service's name
	Webhook string            // URL that gets {"text": "..."} by POST
	Console string            // address of the console, for the link in each message; may be ""
	Memory  string            // file that keeps what was told over a restart; "": a restart tells again what stands
	Every   time.Duration     // how often to look; default 15s
	Hold    time.Duration     // how long customers may wait for what an operator paused or drains; default 5m
	Silence time.Duration     // without a webhook from the remote for this long, something is wrong; default 24h
	HTTP    *http.Client      // default: one with a timeout of 10s
	Log     *slog.Logger
}

// lasting is how many rounds in a row a problem has to be there before it is told, or be gone before it is over: what
// passes by itself wakes nobody.
const lasting = 2

// Watch looks at services and tells what is wrong.
type Watch struct {
	o     Options
	known map[string]*known // by the problem's key
}

// known is a problem as it was seen last.
type known struct {
	Problem
	seen, missed int       // rounds in a row
	since        time.Time // the first of the rounds in which it was seen
	told         bool
}

// New returns a watch. Run or RunOnce do the work.
func New(o Options) *Watch {
	if o.Every <= 0 {
		o.Every = 15 * time.Second
	}
	if o.Silence <= 0 {
		o.Silence = 24 * time.Hour
	}
	if o.Hold <= 0 {
		o.Hold = 5 * time.Minute
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: 10 * time.Second}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Watch{o: o, known: map[string]*known{}}
}

// Run looks again and again until ctx ends, then returns nil.
func (w *Watch) Run(ctx context.Context) error {
	tick := time.NewTicker(w.o.Every)
	defer tick.Stop()
	if err := w.remember(); err != nil {
		w.o.Log.WarnContext(ctx, "what was told before the restart is not known", slog.Any("error", err))
	}
	failing := false
	for {
		err := w.RunOnce(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			w.o.Log.WarnContext(ctx, "alerts cannot be sent; they are tried again", slog.Any("error", err))
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// RunOnce looks once, and sends a message if there is something to tell. What could not be sent is told the next time.
func (w *Watch) RunOnce(ctx context.Context) error {
	now := time.Now()
	found := map[string]Problem{}
	for name, source := range w.o.Sources {
		status, err := source.Status(ctx)
		if err != nil { // whether what was wrong there still is, nobody knows
			for key, k := range w.known {
				if k.Service == name && k.told {
					found[key] = k.Problem
				}
			}
		}
		for _, p := range w.o.problems(name, status, err, now) {
			found[p.Key] = p
		}
	}
	if ctx.Err() != nil {
		return nil //nolint:nilerr // told to stop: what was not answered is no problem of the services
	}
	began, over := w.compare(found, now)
	if len(began)+len(over) == 0 {
		return nil
	}
	if err := w.send(ctx, message(began, over, w.o.Console)); err != nil {
		return err
	}
	for _, p := range began {
		w.known[p.Key].told = true
	}
	for _, p := range over {
		delete(w.known, p.Key)
	}
	return w.memorize()
}

// compare notes what was found and returns what has to be told.
func (w *Watch) compare(found map[string]Problem, now time.Time) (began, over []Problem) {
	for key, p := range found {
		if w.known[key] == nil {
			w.known[key] = &known{since: now}
		}
		k := w.known[key]
		k.Problem, k.seen, k.missed = p, k.seen+1, 0
		if !k.told && k.seen >= lasting && now.Sub(k.since) >= p.after {
			began = append(began, p)
		}
	}
	for key, k := range w.known {
		if _, still := found[key]; still {
			continue
		}
		k.seen, k.missed = 0, k.missed+1
		switch {
		case !k.told:
			delete(w.known, key)
		case k.missed >= lasting:
			over = append(over, k.Problem)
		}
	}
	byKey := func(a, b Problem) int { return strings.Compare(a.Key, b.Key) }
	slices.SortFunc(began, byKey)
	slices.SortFunc(over, byKey)
	return began, over
}

func message(began, over []Problem, console string) string {
	var lines []string
	for _, p := range began {
		lines = append(lines, fmt.Sprintf("%s: %s %s", p.Service, p.Text, p.Action))
	}
	for _, p := range over {
		lines = append(lines, fmt.Sprintf("%s: over: %s", p.Service, p.Text))
	}
	if console != "" {
		lines = append(lines, strings.TrimSuffix(console, "/")+"/dashboard")
	}
	return strings.Join(lines, "\n")
}

func (w *Watch) send(ctx context.Context, text string) error {
	body, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		return fmt.Errorf("encode the alert: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.o.Webhook, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ALERT_WEBHOOK_URL: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := w.o.HTTP.Do(request)
	if err != nil {
		return fmt.Errorf("send the alert: %w", withoutURL(err))
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16))
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("send the alert: ALERT_WEBHOOK_URL answered %s", response.Status)
	}
	return nil
}
