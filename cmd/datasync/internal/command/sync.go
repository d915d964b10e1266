package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
	"github.com/datasync-dev/datasync/pkg/admin"
)

func (a *app) sync() *cobra.Command {
	return group("sync", "Sync single customers now",
		a.act("push", admin.ActionPush, "Bring the catalog's state of customers to the remote now"),
		a.act("pull", admin.ActionPull, "Read customers at the remote now and take over what changed there"),
		a.act("pause", admin.ActionPause, "Leave customers alone until they are resumed"),
		a.act("resume", admin.ActionResume, "End the pause of customers"))
}

func linkColumns() []output.Column[admin.Link] {
	return []output.Column[admin.Link]{
		output.Of("record_id", func(l admin.Link) string { return l.RecordID }),
		output.Of("remote_id", func(l admin.Link) string { return l.RemoteID }),
		output.State("state", func(l admin.Link) string { return l.State }),
		output.Of("version", func(l admin.Link) string { return fmt.Sprintf("%d/%d", l.Version, l.DesiredVersion) }),
		output.Of("paused", func(l admin.Link) string {
			if l.Paused {
				return "paused"
			}
			return ""
		}),
		output.Of("error", func(l admin.Link) string {
			if l.Error == nil {
				return ""
			}
			return strings.TrimPrefix(l.Error.Field+": ", ": ") + l.Error.Reason
		}),
	}
}

// act is a command that does one action to customers and waits until it is done.
func (a *app) act(name, action, short string) *cobra.Command {
	var which scope
	var wait time.Duration
	cmd := &cobra.Command{
		Use: name + " CUSTOMER...", Short: short, Args: between(1, -1),
		Long:    short + ".\nCUSTOMER is an id, an id at Stripe (cus_...) or an email address.",
		Example: "  datasync sync " + name + " ada@example.com cus_NffrFeUfNV2Hib",
	}
	which.connectorFlag(cmd)
	moves := action == admin.ActionPush || action == admin.ActionPull
	if moves {
		cmd.Long += "\nNothing is done for one that an operator has stopped; the message says what ends that."
		cmd.Flags().DurationVar(&wait, "wait", defaultSettle, "how long to wait until it is done; 0 for not at all")
	}
	cmd.RunE = a.do(func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error {
		connector, err := s.Connector(cmd.Context(), which.service)
		if err != nil {
			return err
		}
		list := output.NewList(p, "", linkColumns()...)
		var failures []error
		for _, reference := range args {
			link, err := actOn(cmd.Context(), s, connector, reference, action, wait)
			if err != nil {
				failures = append(failures, exit.Wrap(exit.CodeOf(err), err, reference+": "+exit.Explain(err).Error(), ""))
			}
			if link.RecordID == "" {
				continue
			}
			if err := list.Add(link); err != nil {
				return err
			}
		}
		if list.Count() > 0 || len(failures) == 0 {
			failures = append(failures, list.Close())
		}
		return errors.Join(failures...)
	})
	return cmd
}

const defaultSettle = 10 * time.Second

// unheld refuses to push or pull what nothing would come of, since an operator has stopped it.
func unheld(ctx context.Context, connector connect.Service, id, action string) error {
	direction, moves := map[string]string{admin.ActionPush: admin.Outbound, admin.ActionPull: admin.Inbound}[action]
	if !moves {
		return nil
	}
	holds, err := holdsOn(ctx, connector, id, direction)
	if err != nil || len(holds) == 0 {
		return err
	}
	why, end := because(holds)
	return exit.New(exit.Failed, "nothing was done, because "+connector.Name+" would leave it alone: "+why, "first run "+end)
}

func actOn(ctx context.Context, s *connect.Services, connector connect.Service, reference, action string, wait time.Duration) (admin.Link, error) {
	id, err := client(s).ID(ctx, reference)
	if err != nil {
		return admin.Link{}, err
	}
	if err := unheld(ctx, connector, id, action); err != nil {
		return admin.Link{}, err
	}
	link, err := connector.Act(ctx, id, action)
	if err != nil {
		return admin.Link{}, err
	}
	err = until(ctx, wait, func(ctx context.Context) (bool, error) {
		now, err := connector.Link(ctx, id, false)
		if err != nil {
			return false, err
		}
		link = now
		return link.DueAt.IsZero() || link.State == "failed", nil
	})
	switch {
	case exit.CodeOf(err) == exit.Timeout:
		return link, exit.New(exit.Timeout, fmt.Sprintf("not done after %s; its state is %s", wait, link.State), "it goes on by itself; see datasync customers timeline "+id)
	case err == nil && wait > 0 && link.State == "failed" && link.Error != nil:
		return link, exit.New(exit.Failed, "it failed: "+link.Error.Reason, "")
	}
	return link, err
}
