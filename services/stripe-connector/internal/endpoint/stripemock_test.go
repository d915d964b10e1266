package endpoint_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/endpoint"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/stripemock"
)

// TestAgainstStripesOwnMock keeps parameters from drifting away from the real API's.
func TestAgainstStripesOwnMock(t *testing.T) {
	t.Parallel()
	w := &world{t: t, log: &buffer{}, db: postgrestest.Open(t, endpoint.Migrations), client: newClient(stripemock.Start(t))}
	made, err := w.keeper(nil).Ensure(t.Context(), base)
	require.NoError(t, err)
	require.NotEmpty(t, made.ID)

	// The mock's example is at some other address, without a version.
	adopting := w.keeper(func(o *endpoint.Options) { o.Secrets = []string{"whsec_1"} })
	require.NotEmpty(t, w.endpoints())
	repaired, err := adopting.Ensure(t.Context(), w.endpoints()[0].URL)
	require.NoError(t, err)
	require.Empty(t, repaired.Secret)
	_, err = w.client.Endpoints.Update(made.ID, &stripe.WebhookEndpointParams{EnabledEvents: stripe.StringSlice([]string{"customer.moved"})})
	require.Error(t, err, "it does check")
}
