// Package knobs holds what can be turned while the simulator runs: faults, delays and limits.
package knobs

import (
	"encoding/json"
	"fmt"
	"time"
)

// Settings are all knobs. The zero value of nearly every knob is "no fault".
type Settings struct {
	LatencyMS       int     `json:"latency_ms"`        // before the effect of every call
	LatencyJitterMS int     `json:"latency_jitter_ms"` // at random up to so much more
	ResponseDelayMS int     `json:"response_delay_ms"` // between the effect and the answer
	ErrorRateBefore float64 `json:"error_rate_before"` // chance of a 500 without an effect
	ErrorRateAfter  float64 `json:"error_rate_after"`  // chance of a 500 although the effect is there
	DropAnswerRate  float64 `json:"drop_answer_rate"`  // chance that the connection closes after the effect, or the repeated call, without an answer
	Outage          Outage  `json:"outage"`            // no call is served
	RevokedKey      bool    `json:"revoked_key"`       // every key is refused
	AccountLimit    float64 `json:"account_limit"`     // calls per second of one mode; 0: no limit
	EndpointLimit   float64 `json:"endpoint_limit"`    // calls per second of one endpoint, all ids together; 0: no limit
	RetryAfterS     int     `json:"retry_after_s"`     // Retry-After on 429; 0: none
	LockTimeoutMS   int     `json:"lock_timeout_ms"`   // how long a write waits for another one of the same customer
	SearchLagMS     int     `json:"search_lag_ms"`     // how long search does not see a change
	ClockOffsetS    int64   `json:"clock_offset_s"`    // how far the account's clock is ahead

	WebhooksPaused       bool    `json:"webhooks_paused"`         // deliveries wait
	WebhookDropRate      float64 `json:"webhook_drop_rate"`       // chance that a delivery is lost for good
	WebhookDuplicateRate float64 `json:"webhook_duplicate_rate"`  // chance that a delivery is made twice
	WebhookDelayMS       int     `json:"webhook_delay_ms"`        // before the first attempt
	WebhookReorder       Reorder `json:"webhook_reorder"`         // milliseconds: a random delay up to so much for each delivery
	WebhookTimeoutMS     int     `json:"webhook_timeout_ms"`      // an endpoint that takes longer has failed
	WebhookRetryMS       []int   `json:"webhook_retry_ms"`        // waits between attempts; the last one repeats
	WebhookGiveUpS       int     `json:"webhook_give_up_s"`       // a delivery that old is not tried again; stands for three days
	WebhookDisableAfterS int     `json:"webhook_disable_after_s"` // an endpoint that failed for so long is disabled; 0: never
}

// Defaults are the settings of a healthy Stripe: no faults, no limits, webhooks retried on a scaled-down schedule.
func Defaults() Settings {
	return Settings{
		Outage: Up, LockTimeoutMS: 5000, SearchLagMS: 300, WebhookTimeoutMS: 10_000,
		WebhookRetryMS: []int{500, 1000, 2000, 5000, 10_000, 30_000}, WebhookGiveUpS: 1800, WebhookDisableAfterS: 1800,
	}
}

func (s Settings) check() error {
	rates := map[string]float64{
		"error_rate_before": s.ErrorRateBefore, "error_rate_after": s.ErrorRateAfter, "drop_answer_rate": s.DropAnswerRate,
		"webhook_drop_rate": s.WebhookDropRate, "webhook_duplicate_rate": s.WebhookDuplicateRate,
	}
	for name, rate := range rates {
		if rate < 0 || rate > 1 {
			return &Error{Knob: name, Reason: "must be a chance from 0 to 1"}
		}
	}
	amounts := map[string]float64{
		"latency_ms": float64(s.LatencyMS), "latency_jitter_ms": float64(s.LatencyJitterMS), "response_delay_ms": float64(s.ResponseDelayMS),
		"account_limit": s.AccountLimit, "endpoint_limit": s.EndpointLimit, "retry_after_s": float64(s.RetryAfterS),
		"lock_timeout_ms": float64(s.LockTimeoutMS), "search_lag_ms": float64(s.SearchLagMS), "webhook_delay_ms": float64(s.WebhookDelayMS),
		"webhook_reorder": float64(s.WebhookReorder), "webhook_give_up_s": float64(s.WebhookGiveUpS),
		"webhook_disable_after_s": float64(s.WebhookDisableAfterS),
	}
	for name, amount := range amounts {
		if amount < 0 {
			return &Error{Knob: name, Reason: "must not be negative"}
		}
	}
	if s.WebhookTimeoutMS <= 0 {
		return &Error{Knob: "webhook_timeout_ms", Reason: "must be positive"}
	}
	for _, ms := range s.WebhookRetryMS {
		if ms < 1 {
			return &Error{Knob: "webhook_retry_ms", Reason: "must be a list of positive milliseconds"}
		}
	}
	return nil
}

// Milliseconds turns a knob into a duration.
func Milliseconds[N ~int](n N) time.Duration { return time.Duration(n) * time.Millisecond }

// Outage says how calls fail while Stripe is down.
type Outage string

// The kinds of outage.
const (
	Up      Outage = "off"
	Answers Outage = "503"    // answered with 503
	Refuses Outage = "refuse" // the connection is closed without an answer
)

// UnmarshalJSON takes the kinds, and true and false for "503" and "off".
func (o *Outage) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case `true`, `"503"`, `503`:
		*o = Answers
	case `false`, `"off"`, `""`:
		*o = Up
	case `"refuse"`:
		*o = Refuses
	default:
		return fmt.Errorf("must be true, false, %q, %q or %q", Up, Answers, Refuses)
	}
	return nil
}

// Reorder is a random delay of up to so many milliseconds.
type Reorder int

// UnmarshalJSON takes milliseconds, and true and false for 500 and 0.
func (r *Reorder) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case "true":
		*r = 500
	case "false":
		*r = 0
	default:
		var ms int
		if err := json.Unmarshal(b, &ms); err != nil {
			return fmt.Errorf("must be milliseconds, true or false: %w", err)
		}
		*r = Reorder(ms)
	}
	return nil
}
