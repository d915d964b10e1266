package command

import (
	"cmp"
	"os"
	"strings"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
)

// The variables of Stripe, the same that the connector reads.
const (
	envWebhookSecret = "STRIPE_WEBHOOK_SECRET" //nolint:gosec // the name of a variable
	envStripeKey     = "STRIPE_API_KEY"
	envStripeURL     = "STRIPE_API_URL"
	stripeURL        = "https://api.stripe.com"
)

// variable reads a variable, or the file that its NAME_FILE names, as the services do.
func (a *app) variable(name string) (string, error) {
	if value := a.env.Getenv(name); value != "" {
		return value, nil
	}
	path := a.env.Getenv(name + "_FILE")
	if path == "" {
		return "", nil
	}
	return secretFile(path)
}

func secretFile(path string) (string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", exit.Wrap(exit.Usage, err, "a secret cannot be read: "+err.Error(), "name a file that holds nothing but the secret")
	}
	return strings.TrimSpace(string(raw)), nil
}

// webhookSecrets finds the secrets that sign webhooks: a file, the environment, or the local start's.
func (a *app) webhookSecrets(file string, checkout connect.Checkout) ([]string, error) {
	var value string
	var err error
	if file != "" {
		value, err = secretFile(file)
	} else {
		value, err = a.variable(envWebhookSecret)
		value = cmp.Or(value, checkout.WebhookSecret())
	}
	if err != nil {
		return nil, err
	}
	var secrets []string
	for one := range strings.SplitSeq(value, ",") {
		if one = strings.TrimSpace(one); one != "" {
			secrets = append(secrets, one)
		}
	}
	if len(secrets) == 0 {
		return nil, exit.New(exit.Usage, "the secret that signs webhooks is not known", "set "+envWebhookSecret+", or "+envWebhookSecret+"_FILE to the path of a file that holds it, or say --secret-file")
	}
	return secrets, nil
}

// stripeServer is where Stripe is, and the key for it; both may be empty but for the address.
func (a *app) stripeServer(checkout connect.Checkout) (url, key string, err error) {
	key, err = a.variable(envStripeKey)
	if err != nil {
		return "", "", err
	}
	url = cmp.Or(a.env.Getenv(envStripeURL), checkout.Value(envStripeURL), stripeURL)
	if key == "" && url != stripeURL {
		key = checkout.StripeKey()
	}
	return strings.TrimSuffix(url, "/"), key, nil
}
