// Package doctor looks for everything that keeps an installation from working, from outside, and says how to fix it.
package doctor

import (
	"context"
	"net/http"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
)

// Result is what one look found.
type Result struct {
	Service string `json:"service"`
	Check   string `json:"check"`
	State   string `json:"state"` // ok, problem, or unknown when it could not be looked at
	Detail  string `json:"detail,omitempty"`
	Fix     string `json:"fix,omitempty"`
}

// The states of results.
const (
	OK      = "ok"
	Problem = "problem"
	Unknown = "unknown"
)

func ok(check, detail string) Result { return Result{Check: check, State: OK, Detail: detail} }

func problem(check, detail, fix string) Result {
	return Result{Check: check, State: Problem, Detail: detail, Fix: fix}
}

func unknown(check, detail, fix string) Result {
	return Result{Check: check, State: Unknown, Detail: detail, Fix: fix}
}

// Doctor examines services.
type Doctor struct {
	Services *connect.Services
	HTTP     *http.Client
	Secrets  []string // that sign webhooks; none: that check is left out
	Stripe   string   // address of Stripe, whose clock is looked at; empty: it is left out
}

// Examine looks at everything; report gets each result as it comes. It is for ctx's end only that it stops early.
func (d *Doctor) Examine(ctx context.Context, report func(Result) error) error {
	named := func(service string, results ...Result) error {
		for _, r := range results {
			r.Service = service
			if err := report(r); err != nil {
				return err
			}
		}
		return ctx.Err()
	}
	if err := named("datasync", d.settings()...); err != nil {
		return err
	}
	for _, service := range d.Services.All(ctx) {
		if err := named(service.Name, d.service(ctx, service)...); err != nil {
			return err
		}
	}
	if d.Stripe == "" {
		return nil
	}
	clock := d.clock(ctx, d.Stripe+"/")
	if clock.State == Unknown {
		clock.Fix = "see whether it is up, and the network; where it is says STRIPE_API_URL (default https://api.stripe.com)"
	}
	return named("stripe's server", clock)
}

// settings are this program's own.
func (d *Doctor) settings() []Result {
	results := []Result{}
	for _, v := range d.Services.Settings.Values() {
		if v.Value == "" {
			results = append(results, problem(v.Name, "is not set", "set "+v.Name))
			continue
		}
		results = append(results, ok(v.Name, v.Value+" (from "+v.Source+")"))
	}
	return results
}

// service looks at one service. What cannot be asked because it does not answer at all is not asked.
func (d *Doctor) service(ctx context.Context, s connect.Service) []Result {
	alive, results := d.health(ctx, s)
	if !alive {
		return results
	}
	results = append(results, d.clock(ctx, s.URL+"/livez"), d.key(ctx, s))
	results = append(results, d.queues(ctx, s)...)
	results = append(results, d.status(ctx, s)...)
	results = append(results, d.config(ctx, s)...)
	if s.Name != connect.Catalog {
		results = append(results, d.webhook(ctx, s)...)
	}
	return results
}
