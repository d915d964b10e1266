package command

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
	"github.com/datasync-dev/datasync/pkg/admin"
)

func (a *app) workers() *cobra.Command {
	return group("workers", "See and steer the connectors' workers",
		a.workersList(),
		a.control("scale N|default", "Set how many workers each replica runs", one, func(args []string) (patch, error) {
			n, err := number(args[0], strconv.Atoi)
			return patch{"workers": n}, err
		}),
		a.control("rate N|default", "Set how many calls per second each replica may make", one, func(args []string) (patch, error) {
			n, err := number(args[0], func(s string) (float64, error) { return strconv.ParseFloat(s, 64) })
			return patch{"rate": n}, err
		}),
		a.control("pause [outbound|inbound]", "Stop both directions, or one; what comes in meanwhile waits", between(0, 1), switched(false)),
		a.control("resume [outbound|inbound]", "Start both directions again, or one; also after drain", between(0, 1), switched(true)),
		a.control("drain", "Let workers finish what they hold and take nothing new", none, func([]string) (patch, error) {
			return patch{"drain": true}, nil
		}))
}

type patch = map[string]any

// number reads a number above 0, or the word default, which is null.
func number[T int | float64](text string, parse func(string) (T, error)) (any, error) {
	if text == "default" {
		return nil, nil //nolint:nilnil // null goes back to the configured value
	}
	n, err := parse(text)
	if err != nil || n <= 0 {
		return nil, exit.New(exit.Usage, fmt.Sprintf("%q is not a number above 0", text), "to stop the work, use datasync workers pause; for the configured value say default")
	}
	return n, nil
}

func switched(on bool) func([]string) (patch, error) {
	return func(args []string) (patch, error) {
		change := patch{admin.Outbound: on, admin.Inbound: on}
		if len(args) == 1 {
			if args[0] != admin.Outbound && args[0] != admin.Inbound {
				return nil, exit.New(exit.Usage, fmt.Sprintf("%q is not a direction", args[0]), "the directions are outbound (to the remote) and inbound (from it)")
			}
			change = patch{args[0]: on}
		} else if on {
			change["drain"] = false
		}
		return change, nil
	}
}

// control is a command that changes what operators want of a connector, and waits until all replicas do it.
func (a *app) control(use, short string, args cobra.PositionalArgs, change func([]string) (patch, error)) *cobra.Command {
	var which scope
	var wait time.Duration
	cmd := &cobra.Command{Use: use, Short: short, Args: args, Long: short + ".\nIt lasts over restarts, and the command ends when every live replica has taken it up."}
	which.connectorFlag(cmd)
	cmd.Flags().DurationVar(&wait, "wait", defaultAcknowledge, "how long to wait for the replicas; 0 for not at all")
	cmd.RunE = a.do(func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error {
		wanted, err := change(args)
		if err != nil {
			return err
		}
		connector, err := s.Connector(cmd.Context(), which.service)
		if err != nil {
			return err
		}
		control, err := connector.SetControl(cmd.Context(), wanted)
		if err != nil {
			return err
		}
		control, late := acknowledged(cmd.Context(), connector, control, wait)
		if err := output.One(p, control, controlColumns()...); err != nil {
			return err
		}
		return late
	})
	return cmd
}

const (
	defaultAcknowledge = 15 * time.Second
	askAgain           = 250 * time.Millisecond
)

// acknowledged waits until all replicas run by the revision.
func acknowledged(ctx context.Context, connector connect.Service, c admin.Control, wait time.Duration) (admin.Control, error) {
	wanted := c.Revision
	err := until(ctx, wait, func(ctx context.Context) (bool, error) {
		now, err := connector.Control(ctx)
		if err == nil {
			c = now
		}
		return c.Applied >= c.Replicas || c.Revision > wanted, err
	})
	if exit.CodeOf(err) == exit.Timeout {
		return c, exit.New(exit.Timeout, fmt.Sprintf("stored, but only %d of %d replicas do it after %s", c.Applied, c.Replicas, wait),
			"the others follow by themselves; datasync workers list shows which")
	}
	return c, err
}

func controlColumns() []output.Column[admin.Control] {
	return []output.Column[admin.Control]{
		output.Of("workers", func(c admin.Control) string {
			if c.Workers == nil {
				return "as configured"
			}
			return strconv.Itoa(*c.Workers)
		}),
		output.Of("rate", func(c admin.Control) string {
			if c.Rate == nil {
				return "as configured"
			}
			return decimal(*c.Rate)
		}),
		output.State("outbound", func(c admin.Control) string { return running(c.Outbound) }),
		output.State("inbound", func(c admin.Control) string { return running(c.Inbound) }),
		output.Of("drain", func(c admin.Control) string { return strconv.FormatBool(c.Drain) }),
		output.Of("applied", func(c admin.Control) string { return fmt.Sprintf("%d of %d replicas", c.Applied, c.Replicas) }),
	}
}

func running(on bool) string {
	if on {
		return "on"
	}
	return "paused"
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func (a *app) workersList() *cobra.Command {
	var which scope
	cmd := &cobra.Command{Use: "list", Short: "List the replicas and what their workers hold", Args: none}
	which.connectorFlag(cmd)
	cmd.RunE = a.do(func(cmd *cobra.Command, _ []string, p *output.Printer, s *connect.Services) error {
		connectors, err := s.SelectConnectors(cmd.Context(), which.service)
		if err != nil {
			return err
		}
		list := output.NewList(p, "No replica was seen in the last seconds; is the connector running?", of(instanceColumns()...)...)
		return gather(cmd.Context(), connectors, 0, list, p, func(c connect.Service, _ string, _ int) (page[replica], error) {
			return replicas(cmd.Context(), p, c)
		})
	})
	return cmd
}

// replica is one with what operators want of it: without that nobody knows why its workers are none, or do nothing.
type replica struct {
	admin.Instance

	State string `json:"state"` // on, draining, paused, outbound paused or inbound paused
}

func replicas(ctx context.Context, p *output.Printer, c connect.Service) (page[replica], error) {
	instances, err := c.Workers(ctx)
	if err != nil {
		return page[replica]{}, err
	}
	control, err := c.Control(ctx)
	if err != nil {
		return page[replica]{}, err
	}
	found := make([]replica, 0, len(instances))
	for _, one := range instances {
		found = append(found, replica{one, stateOf(control)})
	}
	if control.Drain {
		p.Note("%s: %s", c.Name, hold{drained, resume})
	}
	return page[replica]{Data: found}, nil
}

func stateOf(c admin.Control) string {
	switch {
	case c.Drain:
		return "draining"
	case !c.Outbound && !c.Inbound:
		return "paused"
	case !c.Outbound:
		return "outbound paused"
	case !c.Inbound:
		return "inbound paused"
	}
	return "on"
}

func instanceColumns() []output.Column[replica] {
	return []output.Column[replica]{
		output.Of("instance", func(i replica) string { return i.Name }),
		output.State("state", func(i replica) string { return i.State }),
		output.Of("workers", func(i replica) string { return strconv.Itoa(i.Workers) }),
		output.Of("busy", func(i replica) string { return strconv.Itoa(len(i.InFlight)) }),
		output.Of("rate", func(i replica) string { return decimal(i.Rate) }),
		output.Of("throttled", func(i replica) string { return strconv.FormatInt(i.Throttled, 10) }),
		output.Of("breaker", func(i replica) string {
			if i.Breaker.Open {
				return "open: " + i.Breaker.Reason
			}
			return "closed"
		}),
		output.Of("seen", func(i replica) string { return stamp(i.SeenAt) }),
		output.Of("in_flight", func(i replica) string {
			held := make([]string, 0, len(i.InFlight))
			for _, f := range i.InFlight {
				held = append(held, fmt.Sprintf("%s %s %.1fs", f.RecordID, f.Op, f.ElapsedSeconds))
			}
			return strings.Join(held, ", ")
		}),
	}
}
