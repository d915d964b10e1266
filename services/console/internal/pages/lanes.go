package pages

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
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
	Draining     bool
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
func (s *Site) lanes(ctx context.Context, catalog, connector upstream.Answer[admin.Status], hour hour) []lane {
	remote := remoteTitle(connector.Service.Name)
	outPerMinute, inPerMinute := hour.Totals(1)
	counted := !hour.lacks(connector.Service)
	draining := connector.Value.Draining
	outbound := lane{ID: "out-" + connector.Service.Name, From: "Catalog", To: remote, Service: connector.Service.Name, Direction: admin.Outbound, Draining: draining}
	inbound := lane{ID: "in-" + connector.Service.Name, From: remote, To: "Catalog", Service: connector.Service.Name, Direction: admin.Inbound, Draining: draining}
	for _, direction := range connector.Value.Paused {
		outbound.Stopped = outbound.Stopped || direction == admin.Outbound
		inbound.Stopped = inbound.Stopped || direction == admin.Inbound
	}
	outbound.Hops = append(outbound.Hops, customersHop(catalog))
	outbound.Hops = append(outbound.Hops, waits(catalog, isOutbound)...)
	outbound.Hops = append(outbound.Hops, exchangeHop(catalog))
	outbound.Hops = append(outbound.Hops, waits(connector, isOutbound)...)
	outbound.Hops = append(outbound.Hops, s.workersHop(ctx, connector.Service, draining), remoteHop(connector, outPerMinute, counted))
	inbound.Hops = append(inbound.Hops, remoteHop(connector, inPerMinute, counted))
	inbound.Hops = append(inbound.Hops, webhooksHop(connector))
	inbound.Hops = append(inbound.Hops, waits(connector, isInbound)...)
	inbound.Hops = append(inbound.Hops, waits(catalog, isInbound)...)
	inbound.Hops = append(inbound.Hops, arrivalHop(catalog, connector, inbound.Stopped))
	return []lane{outbound, inbound}
}

// notKnown is a hop whose service does not answer.
func notKnown(name string) hop { return hop{Name: name, Big: "–", Small: "not known"} }

func customersHop(catalog upstream.Answer[admin.Status]) hop {
	shown := hop{Name: "Catalog", Big: ui.Count(catalog.Value.Records.Total), Small: "customers"}
	if catalog.Err != nil {
		shown = notKnown("Catalog")
	}
	shown.End, shown.Look = true, away(catalog)
	return shown
}

// exchangeHop is where RabbitMQ copies what is published to the queues of all who listen: nothing waits in it.
func exchangeHop(catalog upstream.Answer[admin.Status]) hop {
	if catalog.Err != nil {
		return notKnown("Exchange")
	}
	for _, check := range catalog.Value.Checks {
		if check.Name == "broker" && !check.OK {
			return hop{Name: "Exchange", Big: "–", Small: "cannot be reached", Look: "bad"}
		}
	}
	return hop{Name: "Exchange", Big: "up", Small: "passes on at once"}
}

func remoteHop(connector upstream.Answer[admin.Status], perMinute int64, counted bool) hop {
	name := remoteTitle(connector.Service.Name)
	shown := hop{Name: name, Big: ui.Count(perMinute), Unit: "/min", Small: "in the last minute"}
	if !counted {
		shown = notKnown(name)
	}
	shown.End, shown.Look = true, breakerLook(connector)
	return shown
}

func arrivalHop(catalog, connector upstream.Answer[admin.Status], stopped bool) hop {
	shown := hop{Name: "Catalog", Big: "up", Small: "takes changes"}
	switch {
	case catalog.Err != nil || connector.Err != nil:
		shown = notKnown("Catalog")
	case stopped:
		shown.Big, shown.Small = "–", "takes none now"
	}
	shown.End, shown.Look = true, away(catalog)
	return shown
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
	if a.Err != nil {
		return []hop{notKnown("Waiting")}
	}
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

func (s *Site) workersHop(ctx context.Context, service *upstream.Service, draining bool) hop {
	instances, err := s.instances(ctx, service)
	if err != nil {
		return notKnown("Workers")
	}
	busy, workers := 0, 0
	for _, one := range instances {
		busy += len(one.InFlight)
		workers += one.Workers
	}
	shown := hop{Name: "Workers", Big: fmt.Sprint(busy), Unit: fmt.Sprintf("/ %d", workers), Small: "busy, in " + ui.Plural(len(instances), "replica")}
	switch {
	case len(instances) == 0:
		shown.Look, shown.Small = "bad", "no replica runs"
	case draining:
		shown.Look, shown.Small = "warn", drained
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
