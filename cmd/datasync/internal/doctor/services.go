package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/webhook"
	"github.com/datasync-dev/datasync/pkg/admin"
)

// key asks whose the API key is and what it may do.
func (d *Doctor) key(ctx context.Context, s connect.Service) Result {
	me, err := s.Me(ctx)
	if err != nil {
		return failed("API key", err)
	}
	return ok("API key", fmt.Sprintf("%s, may do %s", me.Name, strings.Join(me.Scopes, ", ")))
}

// askable turns what the key may not see into unknown, and everything else into a problem.
func askable(check string, err error) Result {
	found := failed(check, err)
	if exit.CodeOf(err) == exit.Auth {
		return unknown(check, found.Detail, found.Fix)
	}
	return found
}

// queues compares the declared topology with what this version of the service expects.
func (d *Doctor) queues(ctx context.Context, s connect.Service) []Result {
	queues, err := s.Queues(ctx)
	if err != nil {
		return []Result{askable("topology", err)}
	}
	var results []Result
	for _, q := range queues {
		switch {
		case !q.Expected:
			results = append(results, problem("topology", q.Name+": "+q.Problem, "let the service make the queue anew: drain it, delete it, start the service again"))
		case q.Consumers == 0:
			results = append(results, problem("topology", q.Name+" has no consumer", "see whether the service is connected to RabbitMQ, and its log"))
		}
	}
	if len(results) == 0 {
		results = append(results, ok("topology", fmt.Sprintf("%d queues as expected", len(queues))))
	}
	return results
}

// status finds what the service itself knows to be in the way.
func (d *Doctor) status(ctx context.Context, s connect.Service) []Result {
	status, err := s.Status(ctx)
	if err != nil {
		return []Result{askable("status", err)}
	}
	var results []Result
	if b := status.Breaker; b != nil && b.Open {
		results = append(results, problem("calls", "none are made: "+b.Reason, breakerCure(b.Class)))
	}
	if status.Draining {
		results = append(results, problem("work", "an operator drains it: it takes nothing new", "datasync workers resume"))
	}
	for _, direction := range status.Paused {
		results = append(results, problem("work", direction+" is paused", "datasync workers resume "+direction))
	}
	results = append(results, letters(s, status.Hops)...)
	if f := status.Feed; f != nil && f.Gap != "" {
		results = append(results, problem("feed", f.Gap, "datasync reconcile --save plan.json"))
	}
	if status.Records.Failed > 0 && s.Name == connect.Catalog { // it counts what its connectors tell it: nobody twice
		results = append(results, problem("customers", fmt.Sprintf("%d failed", status.Records.Failed), "datasync failures list"))
	}
	if len(results) == 0 {
		results = append(results, ok("work", "flows"))
	}
	return results
}

// letters are the messages that wait for an operator. What is wrong with queues is found where the topology is looked at.
func letters(s connect.Service, hops []admin.Hop) []Result {
	const deadLetters = "dead letters"
	for _, hop := range hops {
		if hop.Name == deadLetters && hop.Depth > 0 {
			return []Result{problem(deadLetters, fmt.Sprintf("%d wait: messages that could not be handled", hop.Depth),
				"datasync dead-letters list --service "+s.Name+"; then replay or discard them")}
		}
	}
	return nil
}

func breakerCure(class string) string {
	if class == "operator" {
		return "do what it says; the service tries again by itself"
	}
	return "wait: the service tries again by itself"
}

// config looks at settings that are allowed and seldom meant.
func (d *Doctor) config(ctx context.Context, s connect.Service) []Result {
	settings, err := s.Config(ctx)
	if err != nil {
		return []Result{askable("config", err)}
	}
	value := func(name string) string {
		at := slices.IndexFunc(settings, func(one admin.Setting) bool { return one.Name == name })
		if at < 0 {
			return ""
		}
		return settings[at].Value
	}
	results := []Result{ok("config", fmt.Sprintf("%d settings; datasync config print shows them", len(settings)))}
	if key := value("STRIPE_API_KEY"); key != "" {
		results = append(results, mode(key, value("STRIPE_API_URL")))
	}
	return results
}

// mode tells whether real money is near.
func mode(key, url string) Result {
	live := strings.HasPrefix(key, "sk_live") || strings.HasPrefix(key, "rk_live")
	stripe := strings.Contains(url, "api.stripe.com")
	switch {
	case live && !stripe:
		return problem("Stripe key", "is a live key, but calls go to "+url, "use a key of test mode with anything but Stripe itself")
	case live:
		return ok("Stripe key", "live mode: real customers")
	case !stripe:
		return ok("Stripe key", "test mode, at "+url)
	case strings.HasPrefix(key, "sk_test") || strings.HasPrefix(key, "rk_test"):
		return ok("Stripe key", "test mode")
	}
	return unknown("Stripe key", "its mode cannot be told", "see STRIPE_API_KEY of the service")
}

// webhook sends the connector an event that is about nothing: once signed by the secret, which it must take, and once
// by another, which it must not.
func (d *Doctor) webhook(ctx context.Context, s connect.Service) []Result {
	const check = "webhook secret"
	if len(d.Secrets) == 0 {
		return []Result{unknown(check, "is not known here", "set STRIPE_WEBHOOK_SECRET as the connector has it to try it out")}
	}
	var results []Result
	for i, secret := range d.Secrets {
		results = append(results, d.signed(ctx, s, check, secret, i+1))
	}
	forged, err := d.deliver(ctx, s, "whsec_"+webhook.NewID())
	if err == nil && forged.Received {
		results = append(results, problem("webhook forgery", "the connector took an event with a wrong signature", "do not let it be reached, and report this"))
	}
	return results
}

func (d *Doctor) signed(ctx context.Context, s connect.Service, check, secret string, number int) Result {
	delivery, err := d.deliver(ctx, s, secret)
	switch {
	case err != nil:
		return failed(check, err)
	case !delivery.Received:
		return problem(check, fmt.Sprintf("secret %d: %s", number, delivery.Problem), delivery.Fix)
	}
	return ok(check, fmt.Sprintf("secret %d signs what the connector takes, in %.0f ms", number, delivery.Millis))
}

func (d *Doctor) deliver(ctx context.Context, s connect.Service, secret string) (webhook.Delivery, error) {
	body, err := webhook.Event{Type: "datasync.doctor", Object: map[string]any{"object": "nothing"}}.JSON(time.Now())
	if err != nil {
		return webhook.Delivery{}, errors.Join(errors.New("make an event"), err)
	}
	return webhook.Deliver(ctx, d.HTTP, s.URL+webhook.Path, body, secret)
}
