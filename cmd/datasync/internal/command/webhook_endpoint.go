package command

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
	"github.com/datasync-dev/datasync/pkg/admin"
)

func (a *app) webhookEndpoint() *cobra.Command {
	var which scope
	var ensure string
	cmd := &cobra.Command{
		Use: "endpoint", Short: "Show the connector's endpoint at Stripe, or make and repair it", Args: none,
		Example: "  datasync webhook endpoint\n  datasync webhook endpoint --ensure https://sync.example.com/webhooks/stripe",
	}
	which.connectorFlag(cmd)
	cmd.Flags().StringVar(&ensure, "ensure", "", "make an endpoint for this public `URL`, or adopt and repair the one that is there")
	cmd.RunE = a.do(func(cmd *cobra.Command, _ []string, p *output.Printer, s *connect.Services) error {
		connector, err := s.Connector(cmd.Context(), which.service)
		if err != nil {
			return err
		}
		var endpoint admin.WebhookEndpoint
		if ensure != "" {
			endpoint, err = connector.EnsureWebhookEndpoint(cmd.Context(), ensure)
		} else {
			endpoint, err = connector.WebhookEndpoint(cmd.Context())
		}
		if err != nil {
			return err
		}
		err = output.One(p, endpoint,
			output.Of("id", func(e admin.WebhookEndpoint) string { return e.ID }),
			output.Of("url", func(e admin.WebhookEndpoint) string { return e.URL }),
			output.Of("enabled", func(e admin.WebhookEndpoint) string { return strconv.FormatBool(e.Enabled) }),
			output.Of("events", func(e admin.WebhookEndpoint) string { return strings.Join(e.Events, ", ") }),
			output.Of("secret", func(e admin.WebhookEndpoint) string { return e.Secret }))
		if err != nil {
			return err
		}
		if endpoint.Secret != "" {
			p.Note("The connector has stored the secret and takes what it signs; nothing has to be configured.")
		}
		if endpoint.Problem != "" {
			return exit.New(exit.Failed, endpoint.Problem, "")
		}
		return nil
	})
	return cmd
}
