package pages

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/charts"
	"github.com/datasync-dev/datasync/services/console/internal/ui"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

// seriesAge is how old the charts may be: a point is a minute.
const seriesAge = 10 * time.Second

// hour is what the services did in the last hour, as far as they tell.
type hour struct {
	*charts.Series

	silent []*upstream.Service // that did not tell
}

func (s *Site) hour(ctx context.Context, c *call) hour {
	now := time.Now()
	answers := upstream.ReadAll(ctx, s.Fleet.All(), "series", seriesAge, func(ctx context.Context, a *admin.Client) ([]admin.Point, error) {
		return a.Series(ctx, admin.Window{Since: now.Add(-charts.Span - time.Minute)})
	})
	h := hour{Series: charts.NewSeries(now)}
	for _, a := range answers {
		if a.Err != nil {
			c.missing(a.Service, a.Err)
			h.silent = append(h.silent, a.Service)
			continue
		}
		h.AddWaiting(a.Value)
		if !a.Service.Catalog { // a change that came through both counts once
			h.Add(a.Value)
		}
	}
	return h
}

// lacks reports whether a service did not tell.
func (h hour) lacks(service *upstream.Service) bool {
	return slices.Contains(h.silent, service)
}

// figure is a chart with its message in numbers.
type figure struct {
	charts.Chart

	Facts  []fact
	Silent string // services without which the chart is empty or too low; "" when all told
}

type fact struct{ Name, Value string }

func (h hour) figures(remote string) []figure {
	out, in := h.Totals(60)
	connectors, all := h.without(false), h.without(true)
	return []figure{
		h.figure(h.Throughput("to "+remote, "from "+remote), connectors, fact{"last hour to " + remote, ui.Count(out)}, fact{"from " + remote, ui.Count(in)}),
		h.figure(h.Mirrored("Commit to mirrored"), connectors, quantiles(h.Latency())...),
		h.figure(h.Backlog("to "+remote, "from "+remote), all, fact{"at most in the last hour", ui.Count(h.Peak())}),
		h.figure(h.Answers(remote+" answers in"), connectors, quantiles(h.Calls())...),
		h.figure(h.ByClass(), connectors, fact{"last hour", ui.Count(h.Errors())}),
	}
}

// figure puts numbers beside a chart. Where a service did not tell they would be wrong, and a dash stands for them.
func (h hour) figure(chart charts.Chart, silent string, facts ...fact) figure {
	if silent != "" {
		for i := range facts {
			facts[i].Value = "–"
		}
	}
	return figure{chart, facts, silent}
}

// without names the connectors that did not tell, and the catalog where it counts too.
func (h hour) without(catalog bool) string {
	var names []string
	for _, one := range h.silent {
		if catalog || !one.Catalog {
			names = append(names, one.Title())
		}
	}
	return strings.Join(names, " and ")
}

func quantiles(h charts.Histogram) []fact {
	p50, ok := h.Quantile(0.5)
	if !ok {
		return []fact{{"last hour", "nothing"}}
	}
	p99, _ := h.Quantile(0.99)
	return []fact{{"p50", ui.Seconds(p50)}, {"p99", ui.Seconds(p99)}}
}
