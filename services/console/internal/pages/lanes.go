package pages

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/charts"
	"github.com/datasync-dev/datasync/services/console/internal/ui"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

// deadLetters is the hop that is on no way: what lies there needs a person.
const deadLetters = "dead letters"

// lateSeconds is the age from which what waits looks worrying.
const lateSeconds = 30

// lane is one direction between the catalog and a remote.
type lane struct {
	ID, From, To string
	Service      string
	Direction    string
	Stopped      bool
	Hops         []hop
}

// hop is a place on the way, with what waits there.
type hop struct {
	Name, Big, Unit, Small string
	At                     time.Time // shown instead of Big
	End                    bool
	Look                   string
}

// lanes returns both directions of a connector.
func (s *Site) lanes(ctx context.Context, catalog, connector upstream.Answer[admin.Status], series *charts.Series) []lane {
	remote := remoteTitle(connector.Service.Name)
	outPerMinute, inPerMinute := series.Totals(1)
	workers := s.workersHop(ctx, connector.Service)
	outbound := lane{ID: "out-" + connector.Service.Name, From: "Catalog", To: remote, Service: connector.Service.Name, Direction: admin.Outbound}
	inbound := lane{ID: "in-" + connector.Service.Name, From: remote, To: "Catalog", Service: connector.Service.Name, Direction: admin.Inbound}
	for _, direction := range connector.Value.Paused {
		outbound.Stopped = outbound.Stopped || direction == admin.Outbound
		inbound.Stopped = inbound.Stopped || direction == admin.Inbound
	}
	outbound.Hops = append(outbound.Hops, hop{Name: "Catalog", Big: ui.Count(catalog.Value.Records.Total), Small: "customers", End: true, Look: away(catalog)})
	outbound.Hops = append(outbound.Hops, waits(catalog, isOutbound)...)
	outbound.Hops = append(outbound.Hops, waits(connector, isOutbound)...)
	outbound.Hops = append(outbound.Hops, workers, hop{Name: remote, Big: ui.Count(outPerMinute), Unit: "/min", Small: "in the last minute", End: true, Look: breakerLook(connector)})
	inbound.Hops = append(inbound.Hops, hop{Name: remote, Big: ui.Count(inPerMinute), Unit: "/min", Small: "in the last minute", End: true, Look: breakerLook(connector)})
	inbound.Hops = append(inbound.Hops, webhooksHop(connector))
	inbound.Hops = append(inbound.Hops, waits(connector, isInbound)...)
	inbound.Hops = append(inbound.Hops, waits(catalog, isInbound)...)
	inbound.Hops = append(inbound.Hops, hop{Name: "Catalog", Big: arrived(connector, inbound.Stopped), Small: "takes changes", End: true, Look: away(catalog)})
	return []lane{outbound, inbound}
}

// webhooksHop is where the remote's notifications come in: none wait there, they are stored at once.
func webhooksHop(connector upstream.Answer[admin.Status]) hop {
	shown := hop{Name: "Webhooks", Big: "–", Small: "none came yet"}
	if feed := connector.Value.Feed; feed != nil && !feed.NoticedAt.IsZero() {
		shown.At, shown.Small = feed.NoticedAt, "the last one came"
	}
	if connector.Err != nil {
		shown.Look, shown.Small = "bad", "not known"
	}
	return shown
}

func arrived(connector upstream.Answer[admin.Status], stopped bool) string {
	if connector.Err != nil || stopped {
		return "–"
	}
	return "up"
}

// isInbound and isOutbound tell by its name which way a hop belongs to. Hops of both ways are named by what they hold.
func isInbound(service *upstream.Service, name string) bool {
	switch {
	case strings.Contains(name, "changes"), strings.Contains(name, "check"), strings.Contains(name, "inbox"), strings.Contains(name, "webhook"):
		return true
	}
	return strings.Contains(name, "outbox") && !service.Catalog
}

func isOutbound(service *upstream.Service, name string) bool { return !isInbound(service, name) }

func waits(a upstream.Answer[admin.Status], belongs func(*upstream.Service, string) bool) []hop {
	var hops []hop
	for _, h := range a.Value.Hops {
		if h.Name == deadLetters || !belongs(a.Service, h.Name) {
			continue
		}
		shown := hop{Name: strings.ToUpper(h.Name[:1]) + h.Name[1:], Big: ui.Count(h.Depth), Small: "nothing waits"}
		if h.Depth > 0 {
			shown.Small = "waiting"
		}
		if h.OldestSeconds > 0 {
			shown.Small = "oldest " + ui.Seconds(h.OldestSeconds)
		}
		if h.OldestSeconds > lateSeconds {
			shown.Look = "warn"
		}
		if h.Problem != "" {
			shown.Look, shown.Small = "bad", h.Problem
		}
		hops = append(hops, shown)
	}
	return hops
}

func (s *Site) workersHop(ctx context.Context, service *upstream.Service) hop {
	shown := hop{Name: "Workers", Big: "–", Small: "not known"}
	instances, err := s.instances(ctx, service)
	if err != nil {
		return shown
	}
	busy, workers := 0, 0
	for _, one := range instances {
		busy += len(one.InFlight)
		workers += one.Workers
	}
	shown.Big, shown.Unit, shown.Small = fmt.Sprint(busy), fmt.Sprintf("/ %d", workers), "busy, in "+ui.Plural(len(instances), "replica")
	if len(instances) == 0 {
		shown.Look, shown.Small = "bad", "no replica runs"
	}
	return shown
}

func (s *Site) instances(ctx context.Context, service *upstream.Service) ([]admin.Instance, error) {
	return upstream.Read(ctx, service, "workers", upstream.Fresh, func(ctx context.Context, c *admin.Client) ([]admin.Instance, error) { return c.Workers(ctx) })
}

func away(a upstream.Answer[admin.Status]) string {
	if a.Err != nil {
		return "bad"
	}
	return ""
}

func breakerLook(a upstream.Answer[admin.Status]) string {
	if a.Err != nil || a.Value.Breaker != nil && a.Value.Breaker.Open {
		return "bad"
	}
	return ""
}
