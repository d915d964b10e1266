package pages

import (
	"context"
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/charts"
	"github.com/datasync-dev/datasync/services/console/internal/ui"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

// seriesAge is how old the charts may be: a point is a minute.
const seriesAge = 10 * time.Second

// needsShown is how much of what needs a person the overview shows; the rest is on its own page.
const needsShown = 5

type overviewPage struct {
	Health  health
	Remotes []remoteState
	Lanes   []lane
	Charts  []figure
	Needs   []need
	Empty   bool   // there are no customers yet
	API     string // of the catalog, for the first customer
}

// remoteState is a connector in a line.
type remoteState struct {
	Name, URL string
	NoticedAt time.Time
	Gap       string
	Breaker   *admin.Breaker
	Away      bool
}

// figure is a chart with its message in numbers.
type figure struct {
	charts.Chart
	Facts []fact
}

type fact struct{ Name, Value string }

// need is something that waits for a person.
type need struct {
	Badge           ui.Badge
	What, Why, Fix  string
	Since           time.Time
	URL, Do, Sample string
}

func (s *Site) overview(ctx context.Context, c *call) (any, error) {
	statuses := s.statuses(ctx, c)
	series := s.series(ctx, c)
	p := overviewPage{Health: diagnose(statuses), API: s.Fleet.Catalog.URL}
	catalog := statuses[0]
	p.Empty = catalog.Err == nil && catalog.Value.Records.Total == 0
	for _, a := range statuses[1:] {
		state := remoteState{Name: remoteTitle(a.Service.Name), URL: a.Value.RemoteURL, Breaker: a.Value.Breaker, Away: a.Err != nil}
		if a.Value.Feed != nil {
			state.NoticedAt, state.Gap = a.Value.Feed.NoticedAt, a.Value.Feed.Gap
		}
		p.Remotes = append(p.Remotes, state)
		p.Lanes = append(p.Lanes, s.lanes(ctx, catalog, a, series)...)
	}
	p.Charts = figures(series, s.remote())
	p.Needs = s.needs(ctx, c)
	return p, nil
}

func (s *Site) series(ctx context.Context, c *call) *charts.Series {
	now := time.Now()
	answers := upstream.ReadAll(ctx, s.Fleet.All(), "series", seriesAge, func(ctx context.Context, a *admin.Client) ([]admin.Point, error) {
		return a.Series(ctx, admin.Window{Since: now.Add(-charts.Span - time.Minute)})
	})
	series := charts.NewSeries(now)
	for _, a := range answers {
		if a.Err != nil {
			c.missing(a.Service, a.Err)
			continue
		}
		series.AddWaiting(a.Value)
		if !a.Service.Catalog { // a change that came through both counts once
			series.Add(a.Value)
		}
	}
	return series
}

func figures(series *charts.Series, remote string) []figure {
	out, in := series.Totals(60)
	throughput := series.Throughput("to "+remote, "from "+remote)
	return []figure{
		{throughput, []fact{{"last hour to " + remote, ui.Count(out)}, {"from " + remote, ui.Count(in)}}},
		{series.Mirrored("Commit to mirrored"), quantiles(series.Latency())},
		{series.Backlog("to "+remote, "from "+remote), []fact{{"at most in the last hour", ui.Count(series.Peak())}}},
		{series.Answers(remote + " answers in"), quantiles(series.Calls())},
		{series.ByClass(), []fact{{"last hour", ui.Count(series.Errors())}}},
	}
}

func quantiles(h charts.Histogram) []fact {
	p50, ok := h.Quantile(0.5)
	if !ok {
		return []fact{{"last hour", "nothing"}}
	}
	p99, _ := h.Quantile(0.99)
	return []fact{{"p50", ui.Seconds(p50)}, {"p99", ui.Seconds(p99)}}
}

// needs collects what waits for a person: failures by their reason, and open conflicts.
func (s *Site) needs(ctx context.Context, c *call) []need {
	var needs []need
	for _, a := range s.failures(ctx, c) {
		for _, g := range a.Value {
			needs = append(needs, need{
				Badge: ui.BadgeOf("failed"), What: ui.Plural(g.Count, "customer"), Why: c.text(failureReason(g.Field, g.Reason)), Fix: g.Fix, Since: g.FirstSeen,
				URL: groupURL(a.Service.Name, g.Fingerprint), Do: "Open",
			})
		}
	}
	conflicts, err := s.openConflicts(ctx)
	if err != nil {
		c.missing(s.Fleet.Catalog, err)
	}
	for _, conflict := range conflicts.Data {
		needs = append(needs, need{
			Badge: ui.BadgeOf("conflict"), What: "1 customer", Why: conflict.Field + ": the catalog and " + remoteTitle(conflict.Remote) + " changed it without knowing of each other.",
			Fix: "Choose which value both sides get.", Since: conflict.At, URL: "/dashboard/conflicts#" + conflict.ID, Do: "Choose",
		})
	}
	return needs[:min(len(needs), needsShown)]
}

// remote is what to call the other side when there is one, and when there are several.
func (s *Site) remote() string {
	if len(s.Fleet.Connectors) == 1 {
		return remoteTitle(s.Fleet.Connectors[0].Name)
	}
	return "remotes"
}

// sideTitle is what to call one of the two sides of a change.
func sideTitle(name, catalog string) string {
	if name == catalog || name == "" {
		return "the catalog"
	}
	return remoteTitle(name)
}

func remoteTitle(name string) string {
	if name == "" {
		return "the remote"
	}
	return string(name[0]&^('a'-'A')) + name[1:]
}
