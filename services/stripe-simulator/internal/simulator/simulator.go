// Package simulator puts the parts of the simulated Stripe together.
package simulator

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/account"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/control"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/dashboard"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/idempotency"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/knobs"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/limits"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/statefile"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/stripeapi"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/traffic"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/webhooks"
)

// PresetEndpoint is the id of the webhook endpoint that is there from the start.
const PresetEndpoint = "we_preset"

const keptRequests = 10_000

// Options say how the simulated account begins.
type Options struct {
	Keys            []string // accepted API keys; none: every well-formed one
	WebhookURL      string   // an endpoint that is there from the start; "" for none
	WebhookSecrets  []string // its signing secrets; none: one is made up
	WebhookEvents   []string // the event types that it gets
	StateFile       string   // "" keeps nothing over a restart
	ControlAnywhere bool     // serve the control API and the dashboard to callers from other machines
	Knobs           knobs.Settings
	Log             *slog.Logger
}

// Simulator is a simulated Stripe.
type Simulator struct {
	options Options
	store   *account.Store
	knobs   *knobs.Knobs
	repeats *idempotency.Table
	limits  *limits.Limiter
	traffic *traffic.Log
	courier *webhooks.Dispatcher
	keeper  *statefile.Keeper // nil without a file
	closing chan struct{}
	close   sync.Once
}

type state struct {
	Account account.Snapshot    `json:"account"`
	Repeats []idempotency.Entry `json:"idempotency"`
}

// New returns a simulator with the state of its file, if it has one.
func New(o Options) (*Simulator, error) {
	s := &Simulator{options: o, knobs: knobs.New(o.Knobs), limits: limits.New(), traffic: traffic.NewLog(keptRequests), closing: make(chan struct{})}
	changed := func() {}
	if o.StateFile != "" {
		s.keeper = statefile.New(o.StateFile, s.snapshot, o.Log)
		changed = s.keeper.Changed
	}
	s.courier = webhooks.New(s.knobs, o.Log)
	s.store = account.New(account.Options{Now: s.knobs.Now, SearchLag: s.knobs.SearchLag, Courier: s.courier, Changed: changed})
	s.repeats = idempotency.NewTable(s.knobs.Now, changed)
	if err := s.restore(); err != nil {
		return nil, err
	}
	return s, s.preset()
}

func (s *Simulator) restore() error {
	if s.keeper == nil {
		return nil
	}
	var stored state
	if err := statefile.Load(s.options.StateFile, &stored); err != nil {
		return err
	}
	if err := s.store.Restore(stored.Account); err != nil {
		return err
	}
	s.repeats.Restore(stored.Repeats)
	for _, livemode := range []bool{false, true} {
		s.courier.Send(s.store.Side(livemode).Unfinished())
	}
	return nil
}

func (s *Simulator) snapshot() any {
	var now state
	s.store.Still(func() { now = state{Account: s.store.Snapshot(), Repeats: s.repeats.Snapshot()} })
	return now
}

// preset registers the endpoint that is there from the start.
func (s *Simulator) preset() error {
	if s.options.WebhookURL == "" {
		return nil
	}
	_, _, err := s.store.Side(s.livemode()).CreateEndpoint(account.EndpointEdit{
		ID: PresetEndpoint, URL: &s.options.WebhookURL, Secrets: s.options.WebhookSecrets, EnabledEvents: s.options.WebhookEvents,
		APIVersion: account.APIVersion,
	})
	if err != nil {
		return fmt.Errorf("register the webhook endpoint: %w", err)
	}
	return nil
}

// livemode is the mode of the first key: the one that the control API and the dashboard show.
func (s *Simulator) livemode() bool {
	return len(s.options.Keys) > 0 && stripeapi.Livemode(s.options.Keys[0])
}

// Reset empties the account and turns all knobs back; the preset endpoint is there again.
func (s *Simulator) Reset() {
	s.knobs.Reset()
	s.store.Reset()
	s.courier.Clear()
	s.repeats.Reset()
	s.limits.Reset()
	s.traffic.Reset()
	if err := s.preset(); err != nil {
		s.options.Log.Error("after a reset", slog.Any("error", err))
	}
}

// Handler serves Stripe's API below /v1, the control API below /_sim, and the dashboard.
func (s *Simulator) Handler() http.Handler {
	api := &stripeapi.Server{
		Store: s.store, Knobs: s.knobs, Keys: stripeapi.NewKeys(s.options.Keys), Repeats: s.repeats, Limits: s.limits,
		Traffic: s.traffic, Closing: s.closing,
	}
	commands := &control.API{Store: s.store, Knobs: s.knobs, Traffic: s.traffic, Livemode: s.livemode(), Reset: s.Reset}
	pages := &dashboard.Dashboard{Side: s.store.Side(s.livemode()), Knobs: s.knobs, Traffic: s.traffic, Log: s.options.Log}
	mux := http.NewServeMux()
	mux.Handle("/v1/", api.Handler())
	mux.Handle("/_sim/", control.Guard(commands.Handler(), s.options.ControlAnywhere))
	mux.Handle("/", control.Guard(pages.Handler(), s.options.ControlAnywhere))
	return mux
}

// Deliver sends webhooks until ctx ends.
func (s *Simulator) Deliver(ctx context.Context) error { return s.courier.Run(ctx, s.store) }

// Keep writes the state file until ctx ends; without a file it only waits.
func (s *Simulator) Keep(ctx context.Context) error {
	if s.keeper == nil {
		<-ctx.Done()
		return nil
	}
	return s.keeper.Run(ctx)
}

// Calls waits until ctx ends and then ends the calls that wait for a delay to pass: they have no effect any more.
func (s *Simulator) Calls(ctx context.Context) error {
	<-ctx.Done()
	s.close.Do(func() { close(s.closing) })
	return nil
}
