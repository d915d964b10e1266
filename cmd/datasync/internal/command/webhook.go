package command

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/customers"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/document"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/webhook"
)

const webhookHelp = `Webhooks are signed here, so none of this needs a Stripe account: the secret comes from --secret-file,
` + envWebhookSecret + ` or ` + envWebhookSecret + `_FILE, or from the clone where make up is at work.`

func (a *app) webhook() *cobra.Command {
	g := group("webhook", "Send, repeat and check Stripe's webhooks; set up their endpoint",
		a.webhookTrigger(), a.webhookReplay(), a.webhookVerify(), a.webhookEndpoint())
	g.Long = webhookHelp
	return g
}

// delivering are the flags of commands that send webhooks.
type delivering struct {
	scope

	to     string
	secret string
}

func (d *delivering) flags(cmd *cobra.Command) {
	d.connectorFlag(cmd)
	cmd.Flags().StringVar(&d.to, "to", "", "full `URL` to send to (default: the connector's "+webhook.Path+")")
	cmd.Flags().StringVar(&d.secret, "secret-file", "", "`file` that holds the signing secret (default "+envWebhookSecret+")")
}

// address is where to send to. One connector need not be asked for its name.
func (d *delivering) address(ctx context.Context, s *connect.Services) (string, error) {
	if d.to != "" {
		return d.to, nil
	}
	if urls := s.URLs(); len(urls) == 1 && d.service == "" {
		return urls[0].URL + webhook.Path, nil
	}
	connector, err := s.Connector(ctx, d.service)
	if err != nil {
		return "", err
	}
	return connector.URL + webhook.Path, nil
}

func (d *delivering) send(ctx context.Context, a *app, p *output.Printer, s *connect.Services, body []byte) error {
	described, err := webhook.Describe(body)
	if err != nil {
		return err
	}
	secrets, err := a.webhookSecrets(d.secret, s.Settings.Checkout)
	if err != nil {
		return err
	}
	to, err := d.address(ctx, s)
	if err != nil {
		return err
	}
	delivery, err := webhook.Deliver(ctx, s.HTTP, to, body, secrets[0])
	if err != nil {
		return err
	}
	delivery.Described = described
	err = output.One(p, delivery,
		output.Of("id", func(d webhook.Delivery) string { return d.ID }),
		output.Of("type", func(d webhook.Delivery) string { return d.Type }),
		output.Of("to", func(d webhook.Delivery) string { return d.To }),
		output.Of("status", func(d webhook.Delivery) string { return fmt.Sprint(d.Status) }),
		output.Of("duration_ms", func(d webhook.Delivery) string { return decimal(d.Millis) }))
	if err == nil && !delivery.Received {
		return exit.New(exit.Failed, delivery.Problem, delivery.Fix)
	}
	return err
}

func (a *app) webhookTrigger() *cobra.Command {
	var d delivering
	var set, previous []string
	cmd := &cobra.Command{
		Use: "trigger TYPE CUSTOMER", Short: "Make up an event about a customer, sign it and send it to the connector", Args: between(2, 2),
		Long: "Make up an event about a customer, sign it and send it to the connector, which then looks at Stripe.\n" +
			"TYPE is customer.created, customer.updated or customer.deleted; CUSTOMER is cus_..., an id or an email address.",
		Example:   "  datasync webhook trigger customer.updated cus_NffrFeUfNV2Hib --previous name='Ada'",
		ValidArgs: eventTypes(),
	}
	d.flags(cmd)
	cmd.Flags().StringArrayVar(&set, "set", nil, "`field=value` of the customer in the event (default: as the catalog has it); may be repeated")
	cmd.Flags().StringArrayVar(&previous, "previous", nil, "`field=value` that it had before; may be repeated")
	cmd.RunE = a.do(func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error {
		if !slices.Contains(eventTypes(), args[0]) {
			return exit.New(exit.Usage, fmt.Sprintf("%q is not a type of events that the connector looks at", args[0]), "the types are: "+strings.Join(eventTypes(), ", "))
		}
		object, err := eventObject(cmd.Context(), client(s), args[1])
		if err != nil {
			return err
		}
		before := document.Document{}
		for into, pairs := range map[*document.Document][]string{&object: set, &before: previous} {
			if err := setAll(*into, pairs); err != nil {
				return err
			}
		}
		body, err := webhook.Event{Type: args[0], Object: object, Previous: before}.JSON(time.Now())
		if err != nil {
			return err
		}
		return d.send(cmd.Context(), a, p, s, body)
	})
	return cmd
}

// eventTypes are those that the connector does something about.
func eventTypes() []string {
	return []string{"customer.created", "customer.updated", "customer.deleted"}
}

func setAll(d document.Document, pairs []string) error {
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return exit.New(exit.Usage, fmt.Sprintf("%q has no =", pair), "write it like name='Ada King'")
		}
		if err := d.Set(name, value); err != nil {
			return unknownField(err, name)
		}
	}
	return nil
}

// eventObject is the customer as an event shows it. One that only Stripe knows has nothing but its id.
func eventObject(ctx context.Context, c customers.Client, reference string) (document.Document, error) {
	object := document.Document{"id": reference, "object": "customer"}
	found, err := c.Find(ctx, reference)
	if strings.HasPrefix(reference, "cus_") && exit.CodeOf(err) == exit.NotFound {
		return object, nil
	}
	if err != nil {
		return nil, err
	}
	fields, err := found.Fields()
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Concat(document.Names(), document.Metadata(fields)) {
		if value := document.Flatten(fields, name); value != "" {
			if err := object.Set(name, value); err != nil {
				return nil, err
			}
		}
	}
	for _, remote := range slices.Sorted(maps.Keys(found.Sync)) {
		if id := found.Sync[remote].CustomerID; strings.HasPrefix(id, "cus_") {
			object["id"] = id
			return object, nil
		}
	}
	return nil, exit.New(exit.NotFound, "the customer has no object at Stripe", "push it first: datasync sync push "+found.ID)
}
