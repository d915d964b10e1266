package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/webhook"
)

func (a *app) webhookReplay() *cobra.Command {
	var d delivering
	var again bool
	cmd := &cobra.Command{
		Use: "replay EVENT", Short: "Sign an event anew and send it to the connector", Args: one,
		Long: "Sign an event anew and send it to the connector. EVENT is a file with its JSON, - for stdin, or an id (evt_...), which\n" +
			"is read from Stripe with " + envStripeKey + ". The connector handles each id once; --again sends it under a new one.",
		Example: "  datasync webhook replay event.json\n  datasync webhook replay evt_1NG8Du2eZvKYlo2CUI79vXWy --again",
	}
	d.flags(cmd)
	cmd.Flags().BoolVar(&again, "again", false, "under a new id, so that the connector handles it although it has seen it")
	cmd.RunE = a.do(func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error {
		body, err := a.event(cmd.Context(), s, args[0])
		if err != nil {
			return err
		}
		if again {
			if body, err = webhook.Renamed(body); err != nil {
				return exit.Wrap(exit.Failed, err, "this is not an event of Stripe", "")
			}
		}
		return d.send(cmd.Context(), a, p, s, body)
	})
	return cmd
}

// event reads an event from wherever it is.
func (a *app) event(ctx context.Context, s *connect.Services, reference string) ([]byte, error) {
	if strings.HasPrefix(reference, "evt_") {
		return a.stripeEvent(ctx, s, reference)
	}
	return a.input(reference)
}

// input reads a file, or stdin for -.
func (a *app) input(path string) (raw []byte, err error) {
	if path == "-" {
		raw, err = io.ReadAll(a.env.In)
	} else {
		raw, err = os.ReadFile(path)
	}
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, exit.Wrap(exit.NotFound, err, "there is no file "+path, "")
	case err != nil:
		return nil, exit.Wrap(exit.Failed, err, err.Error(), "")
	}
	return raw, nil
}

func (a *app) stripeEvent(ctx context.Context, s *connect.Services, id string) ([]byte, error) {
	url, key, err := a.stripeServer(s.Settings.Checkout)
	if err != nil {
		return nil, err
	}
	if key == "" {
		return nil, exit.New(exit.Usage, "reading "+id+" from Stripe needs a key", "set "+envStripeKey+", or save the event's JSON in a file and replay that")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/v1/events/"+id, http.NoBody)
	if err != nil {
		return nil, exit.Wrap(exit.Usage, err, fmt.Sprintf("%s: %q is not a URL", envStripeURL, url), "")
	}
	request.Header.Set("Authorization", "Bearer "+key)
	response, err := s.HTTP.Do(request)
	if err != nil {
		return nil, exit.Wrap(exit.Failed, err, url+" cannot be reached", "check the network, and "+envStripeURL)
	}
	body, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", url, err)
	}
	switch response.StatusCode {
	case http.StatusOK:
		return body, nil
	case http.StatusNotFound:
		return nil, exit.New(exit.NotFound, "Stripe has no event "+id, "events can be read for 30 days, in the mode (test or live) of the key")
	case http.StatusUnauthorized, http.StatusForbidden:
		return nil, exit.New(exit.Auth, "Stripe does not accept the key", "correct "+envStripeKey+"; a restricted key needs to read events")
	}
	return nil, exit.New(exit.Failed, fmt.Sprintf("%s answered %s", url, response.Status), "try again")
}

func (a *app) webhookVerify() *cobra.Command {
	var signature, secret string
	var tolerance time.Duration
	cmd := &cobra.Command{
		Use: "verify FILE", Short: "Check the signature of a webhook that was kept", Args: one,
		Long:    "Check the signature of a webhook. FILE holds the body, byte for byte as it came; - is stdin.",
		Example: "  datasync webhook verify body.json --signature 't=1700000000,v1=5257a8...' --tolerance 0",
	}
	cmd.Flags().StringVar(&signature, "signature", "", "the `header` "+webhook.Header)
	cmd.Flags().StringVar(&secret, "secret-file", "", "`file` that holds the signing secret (default "+envWebhookSecret+")")
	cmd.Flags().DurationVar(&tolerance, "tolerance", webhook.Tolerance, "how old it may be; 0 for any age")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		p, err := a.printer()
		if err != nil {
			return err
		}
		if signature == "" {
			return exit.New(exit.Usage, "the signature is missing", "say --signature 't=...,v1=...'")
		}
		settings, err := a.settings()
		if err != nil {
			return err
		}
		secrets, err := a.webhookSecrets(secret, settings.Checkout)
		if err != nil {
			return err
		}
		body, err := a.input(args[0])
		if err != nil {
			return err
		}
		verified, err := webhook.Verify(body, signature, secrets, tolerance, time.Now())
		if err != nil {
			return err
		}
		return output.One(p, verified,
			output.Of("signed_at", func(v webhook.Verified) string { return stamp(v.SignedAt) }),
			output.Of("age", func(v webhook.Verified) string { return v.Age }),
			output.Of("secret", func(v webhook.Verified) string { return fmt.Sprintf("%d of %d", v.Secret, len(secrets)) }))
	}
	return cmd
}
