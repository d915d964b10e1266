package endpoint_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"github.com/datasync-dev/datasync/services/stripe-connector/internal/endpoint"
)

func TestAnEndpointIsMadeOnceAndEveryReplicaKnowsItsSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.keeper(nil), w.keeper(nil)
	require.Empty(t, w.secrets(two, false))

	made, err := one.Ensure(t.Context(), base)
	require.NoError(t, err)
	require.Regexp(t, `^whsec_`, made.Secret)
	require.Equal(t, url, made.URL)
	require.True(t, made.Enabled)
	require.Equal(t, types(), made.Events)
	require.Empty(t, made.Problem)
	all := w.endpoints()
	require.Len(t, all, 1)
	require.Equal(t, stripe.APIVersion, all[0].APIVersion)

	again, err := two.Ensure(t.Context(), url)
	require.NoError(t, err)
	require.Equal(t, made.ID, again.ID)
	require.Empty(t, again.Secret, "it is told once")
	require.Len(t, w.endpoints(), 1)
	require.Equal(t, []string{made.Secret}, w.secrets(one, false))
	require.Eventually(t, func() bool { return len(w.secrets(two, true)) == 1 }, 10*time.Second, 50*time.Millisecond)
	seen, err := two.Seen(t.Context())
	require.NoError(t, err)
	require.Equal(t, made.ID, seen.ID)
	require.Empty(t, seen.Secret)
}

func TestAnEndpointThatPeopleMadeIsAdoptedIfItsSecretIsConfigured(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	theirs := w.make(params(url, "", "customer.created", "invoice.paid"))
	k := w.keeper(func(o *endpoint.Options) { o.Secrets = []string{"whsec_theirs"} })
	adopted, err := k.Ensure(t.Context(), base)
	require.NoError(t, err)
	require.Equal(t, theirs.ID, adopted.ID)
	require.ElementsMatch(t, append(types(), "invoice.paid"), adopted.Events, "what it lacked was added, nothing taken")
	require.Equal(t, []string{"whsec_theirs"}, w.secrets(k, false))

	stranger := w.keeper(nil) // whose secret nobody knows is of no use
	made, err := stranger.Ensure(t.Context(), base)
	require.NoError(t, err)
	require.NotEqual(t, theirs.ID, made.ID)
	require.Len(t, w.endpoints(), 2)
}

func TestAWrongEndpointIsRepaired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k := w.keeper(nil)
	made, err := k.Ensure(t.Context(), base)
	require.NoError(t, err)
	_, err = w.client.Endpoints.Update(made.ID, &stripe.WebhookEndpointParams{
		Disabled: new(true), EnabledEvents: stripe.StringSlice([]string{"customer.created"}),
	})
	require.NoError(t, err)

	const elsewhere = "https://other.example.com/hooks"
	repaired, err := k.Ensure(t.Context(), elsewhere)
	require.NoError(t, err)
	require.Equal(t, made.ID, repaired.ID)
	require.Equal(t, elsewhere, repaired.URL)
	require.True(t, repaired.Enabled)
	require.ElementsMatch(t, types(), repaired.Events)
	require.Empty(t, repaired.Problem)
}

func TestAnotherVersionNeedsANewEndpoint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	theirs := w.make(params(url, "2022-11-15", types()...))
	k := w.keeper(func(o *endpoint.Options) { o.Secrets = []string{"whsec_theirs"} })
	made, err := k.Ensure(t.Context(), base)
	require.NoError(t, err)
	require.NotEqual(t, theirs.ID, made.ID)
	all := w.endpoints()
	require.Len(t, all, 2)
	require.Equal(t, made.ID, all[0].ID)
	require.Equal(t, "disabled", all[1].Status, "what people made is not deleted")
	require.Equal(t, []string{"whsec_theirs", made.Secret}, w.secrets(k, false), "what is under way is still understood")
}

func TestAnEndpointWhoseSecretWasLostIsReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lost, err := w.keeper(nil).Ensure(t.Context(), base)
	require.NoError(t, err)
	require.NoError(t, w.db.Exec(`DELETE FROM webhook_endpoints`).Error) // as after a crash before it was stored
	made, err := w.keeper(nil).Ensure(t.Context(), base)
	require.NoError(t, err)
	require.NotEqual(t, lost.ID, made.ID)
	require.Len(t, w.endpoints(), 1)
}

func TestAnEndpointThatStripeDisabledIsNoticedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, err := w.keeper(nil).Ensure(t.Context(), base)
	require.NoError(t, err)
	_, err = w.client.Endpoints.Update(made.ID, &stripe.WebhookEndpointParams{Disabled: new(true)})
	require.NoError(t, err)

	k := w.keeper(nil)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- k.Run(ctx) }()
	require.Eventually(t, func() bool { return k.Ready(t.Context()) != nil }, 10*time.Second, 10*time.Millisecond)
	require.ErrorContains(t, k.Ready(t.Context()), "disabled at Stripe")
	before := w.looks()
	require.Eventually(t, func() bool { return w.looks() > before+3 }, 10*time.Second, 10*time.Millisecond)
	require.Equal(t, 1, strings.Count(w.log.String(), "disabled at Stripe"))

	_, err = w.client.Endpoints.Update(made.ID, &stripe.WebhookEndpointParams{Disabled: new(false)})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return k.Ready(t.Context()) == nil }, 10*time.Second, 10*time.Millisecond)
	_, err = w.client.Endpoints.Del(made.ID, nil)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return k.Ready(t.Context()) != nil }, 10*time.Second, 10*time.Millisecond)
	require.ErrorContains(t, k.Ready(t.Context()), "make it again")
	stop()
	require.NoError(t, <-ended)
}

func TestReplicasShareOneLookPerInterval(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 3)
	for range 3 {
		k := w.keeper(func(o *endpoint.Options) { o.Interval = time.Hour })
		go func() { ended <- k.Run(ctx) }()
	}
	require.Eventually(t, func() bool { return w.looks() == 1 }, 10*time.Second, 10*time.Millisecond)
	stop()
	for range 3 {
		require.NoError(t, <-ended)
	}
	require.Equal(t, 1, w.looks())
}

func TestTheConfiguredAddressIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k := w.keeper(func(o *endpoint.Options) { o.URL = base })
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- k.Run(ctx) }()
	require.Eventually(t, func() bool { return len(w.endpoints()) == 1 && len(w.secrets(k, false)) == 1 }, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, k.Ready(t.Context()))
	stop()
	require.NoError(t, <-ended)
}

func TestAddressesThatDoNotFit(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "sync.example.com", "ftp://sync.example.com", "https://a:b@sync.example.com"} {
		_, err := endpoint.Address(address, false)
		require.ErrorIs(t, err, endpoint.ErrURL, address)
	}
	_, err := endpoint.Address("http://sync.example.com", true)
	require.ErrorContains(t, err, "live mode")
	address, err := endpoint.Address("http://localhost:8001/", false)
	require.NoError(t, err)
	require.Equal(t, "http://localhost:8001"+endpoint.Path, address)
	address, err = endpoint.Address("https://a.example.com/hooks/7?x=1", true)
	require.NoError(t, err)
	require.Equal(t, "https://a.example.com/hooks/7?x=1", address)
}

func TestSixteenEndpointsAreAllThereCanBe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 16 {
		w.make(params("https://others.example.com", "", "invoice.paid"))
	}
	_, err := w.keeper(nil).Ensure(t.Context(), base)
	require.ErrorContains(t, err, "16 at most")
	_, err = w.keeper(nil).Ensure(t.Context(), base)
	require.NotErrorIs(t, err, endpoint.ErrBusy, "the turn was given back")
}
