package endpoint

import (
	"context"
	"embed"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/stripe/stripe-go/v76"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/postgres"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/stripeclient"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Migrations make the tables of endpoints.
var Migrations = postgres.Embedded("stripe", migrationFiles)

// Path is where the connector takes webhooks.
const Path = "/webhooks/stripe"

// Errors of Ensure that are the caller's to correct.
var (
	ErrURL  = errors.New("the URL does not fit")
	ErrBusy = errors.New("another replica is looking after the endpoint at this moment; try again")
)

// Options of a Keeper. All but Interval are required.
type Options struct {
	Client   *stripeclient.Client
	DB       *gorm.DB // migrated with Migrations
	Name     string   // of the connector
	Types    []string // of events that it needs
	Secrets  []string // configured: of endpoints that people made
	Livemode bool
	URL      string        // public address to keep an endpoint for; "" only watches
	Interval time.Duration // between two looks; default 10 minutes
	Log      *slog.Logger
}

// Keeper looks after the endpoint. It is safe for concurrent use; of several replicas one acts at a time.
type Keeper struct {
	o Options

	mu       sync.Mutex
	stored   []string // secrets of endpoints that were made here, of any replica
	read     time.Time
	reported string // the problem that was logged last
}

// New returns a keeper. It does nothing before Run, Look or Ensure.
func New(o Options) *Keeper {
	if o.Interval == 0 {
		o.Interval = 10 * time.Minute
	}
	if o.URL != "" {
		if address, err := Address(o.URL, o.Livemode); err == nil { // else Ensure says so
			o.URL = address
		}
	}
	return &Keeper{o: o}
}

// Run ensures the endpoint if an address is configured, and looks at it from time to time until ctx ends. What
// goes wrong is logged and shown by Ready; it is never a reason to stop.
func (k *Keeper) Run(ctx context.Context) error {
	ensured := k.o.URL == ""
	tick := time.NewTicker(max(k.o.Interval/4, time.Millisecond)) // soon after another replica's turn has passed
	defer tick.Stop()
	for {
		ensured = ensured || k.ensured(ctx)
		if err := k.look(ctx); err != nil && ctx.Err() == nil {
			k.o.Log.DebugContext(ctx, "the webhook endpoint could not be looked at", slog.Any("error", err))
		}
		k.report(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// ensured makes the endpoint that is configured, if that is possible now.
func (k *Keeper) ensured(ctx context.Context) bool {
	_, err := k.Ensure(ctx, k.o.URL)
	if err != nil && ctx.Err() == nil && !errors.Is(err, ErrBusy) {
		k.o.Log.WarnContext(ctx, "the webhook endpoint could not be made; tried again later, and the list of events is read meanwhile",
			slog.Any("error", err))
	}
	return err == nil
}

// report logs a problem when it begins, once.
func (k *Keeper) report(ctx context.Context) {
	seen, err := k.Seen(ctx)
	if err != nil {
		return // the database is away, which others say
	}
	k.mu.Lock()
	before := k.reported
	k.reported = seen.Problem
	k.mu.Unlock()
	switch {
	case seen.Problem == before:
	case seen.Problem != "":
		k.o.Log.WarnContext(ctx, "webhook endpoint", slog.String("id", seen.ID), slog.String("problem", seen.Problem))
	default:
		k.o.Log.InfoContext(ctx, "webhook endpoint works again", slog.String("id", seen.ID))
	}
}

// Ready returns nil, or what is wrong with the endpoint as it was seen last. Webhooks are not needed: the list of events
// tells the same, later.
func (k *Keeper) Ready(ctx context.Context) error {
	seen, err := k.Seen(ctx)
	if err == nil && seen.Problem != "" {
		err = errors.New(seen.Problem)
	}
	return err
}

// version is what endpoints have to be made with: the one that this program understands.
const version = stripe.APIVersion

// ours marks the endpoints that a connector of this name made.
func (k *Keeper) ours(e *stripe.WebhookEndpoint) bool { return e.Metadata[markKey] == k.o.Name }

const markKey = "datasync_connector"

// shown is an endpoint in the operators' API.
func shown(e *stripe.WebhookEndpoint, problem string) admin.WebhookEndpoint {
	return admin.WebhookEndpoint{ID: e.ID, URL: e.URL, Enabled: e.Status == statusEnabled, Events: e.EnabledEvents, Problem: problem}
}

const statusEnabled = "enabled"
