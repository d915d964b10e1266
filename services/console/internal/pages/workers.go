package pages

import (
	"context"
	"fmt"
	"strconv"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

type workersPage struct{ Services []workersOf }

// workersOf is one connector with its replicas.
type workersOf struct {
	Service, Remote string
	Away            bool
	Silent          bool // its replicas could not be read
	Control         admin.Control
	Applied         string // such as "applied on 3 of 3"
	Settled         bool
	Flows           []flow
	Instances       []instance
	Running, Busy   int
}

// flow is a direction that can be stopped.
type flow struct {
	Name, Way string
	Stopped   bool
}

type instance struct {
	admin.Instance
	Work []work
}

// work is what a worker holds.
type work struct {
	admin.InFlight
	Customer person
}

func (s *Site) workers(ctx context.Context, c *call) (any, error) {
	var p workersPage
	controls := upstream.ReadAll(ctx, s.Fleet.Connectors, "control", upstream.Fresh,
		func(ctx context.Context, a *admin.Client) (admin.Control, error) { return a.Control(ctx) })
	for _, a := range controls {
		one := workersOf{Service: a.Service.Name, Remote: remoteTitle(a.Service.Name), Control: a.Value, Away: a.Err != nil}
		if a.Err != nil {
			c.missing(a.Service, a.Err)
			p.Services = append(p.Services, one)
			continue
		}
		one.Settled = a.Value.Applied == a.Value.Replicas
		one.Applied = fmt.Sprintf("applied on %d of %d", a.Value.Applied, a.Value.Replicas)
		one.Flows = []flow{{admin.Outbound, "to " + one.Remote, !a.Value.Outbound}, {admin.Inbound, "from " + one.Remote, !a.Value.Inbound}}
		instances, err := s.instances(ctx, a.Service)
		if err != nil {
			c.missing(a.Service, err)
			one.Silent = true
		}
		var held []string
		for _, i := range instances {
			held = append(held, idsOf(i.InFlight, func(f admin.InFlight) string { return f.RecordID })...)
		}
		who := s.people(ctx, c, held...)
		for _, i := range instances {
			shown := instance{Instance: i}
			for _, held := range i.InFlight {
				shown.Work = append(shown.Work, work{held, who.of(held.RecordID)})
			}
			one.Running += i.Workers
			one.Busy += len(i.InFlight)
			one.Instances = append(one.Instances, shown)
		}
		p.Services = append(p.Services, one)
	}
	return p, nil
}

// scale sets how many workers each replica runs and how many calls it makes.
func (s *Site) scale(ctx context.Context, c *call) (outcome, error) {
	workers, err := strconv.Atoi(c.PostForm.Get("workers"))
	if text := c.PostForm.Get("workers"); text != "" && (err != nil || workers < 1) {
		return outcome{}, mistake("The number of workers has to be 1 or more, or empty for the configured one.")
	}
	perSecond, err := rate(c)
	if err != nil {
		return outcome{}, err
	}
	patch := map[string]any{"workers": nil, "rate": nil}
	if workers > 0 {
		patch["workers"] = workers
	}
	if perSecond > 0 {
		patch["rate"] = perSecond
	}
	return s.control(ctx, c, patch, "Every replica is told; see below when all have applied it.")
}

// drain makes the workers finish and take nothing new, or go on.
func (s *Site) drain(ctx context.Context, c *call) (outcome, error) {
	on := c.PathValue("what") == "drain"
	said := "The workers take new work again."
	if on {
		said = "The workers finish what they hold and take nothing new."
	}
	return s.control(ctx, c, map[string]any{"drain": on}, said)
}

// directionPage asks before a direction is stopped.
type directionPage struct {
	Service, Remote, Direction string
	Inbound                    bool
}

func (s *Site) pauseForm(_ context.Context, c *call) (any, error) {
	service, ok := s.Fleet.Find(c.PathValue("service"))
	direction := c.PathValue("direction")
	if !ok || direction != admin.Outbound && direction != admin.Inbound {
		return nil, errNotFound
	}
	return directionPage{service.Name, remoteTitle(service.Name), direction, direction == admin.Inbound}, nil
}

// flow stops or resumes a direction.
func (s *Site) flow(ctx context.Context, c *call) (outcome, error) {
	direction, pause := c.PathValue("direction"), c.PathValue("what") == "pause"
	if direction != admin.Outbound && direction != admin.Inbound || !pause && c.PathValue("what") != "resume" {
		return outcome{}, errNotFound
	}
	said := "It flows again."
	if pause {
		said = "Paused. What comes in waits and is not lost."
	}
	return s.control(ctx, c, map[string]any{direction: !pause}, said)
}

func (s *Site) control(ctx context.Context, c *call, patch map[string]any, said string) (outcome, error) {
	service, ok := s.Fleet.Find(c.PathValue("service"))
	if !ok {
		return outcome{}, errNotFound
	}
	if _, err := c.client(service).SetControl(ctx, patch); err != nil {
		return outcome{}, err
	}
	return outcome{Say: said}, nil
}
