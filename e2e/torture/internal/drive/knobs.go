package drive

import (
	"github.com/datasync-dev/datasync/e2e/torture/internal/plan"
)

// calm is where every knob of the simulator stands when nothing fails. Webhooks are tried again soon, so that a run does
// not wait for them.
var calm = map[string]any{ //nolint:gochecknoglobals // a constant
	"latency_ms": 2, "latency_jitter_ms": 3, "response_delay_ms": 0, "error_rate_before": 0, "error_rate_after": 0,
	"drop_answer_rate": 0, "outage": "off", "revoked_key": false, "account_limit": 0, "retry_after_s": 0, "clock_offset_s": 0,
	"webhooks_paused": false, "webhook_drop_rate": 0, "webhook_duplicate_rate": 0, "webhook_delay_ms": 0, "webhook_reorder": 0,
	"webhook_timeout_ms": 5000, "webhook_retry_ms": []int{300, 600, 1200, 2500},
}

// knobs are what a fault turns at the simulator.
func knobs(f plan.Fault) map[string]any {
	odd := f.Pick%2 == 1
	switch f.Kind {
	case plan.StripeThrottle:
		return map[string]any{"account_limit": 4, "retry_after_s": int(f.Pick % 3)}
	case plan.StripeFails:
		return map[string]any{"error_rate_before": 0.4}
	case plan.StripeFailsAfter:
		return map[string]any{"error_rate_after": 0.4}
	case plan.StripeDropsAnswer:
		return map[string]any{"drop_answer_rate": 0.4}
	case plan.StripeSlow: // some calls land after their caller has given up
		return map[string]any{"latency_ms": 200, "latency_jitter_ms": 4000}
	case plan.StripeDown:
		if odd {
			return map[string]any{"outage": "refuse"}
		}
		return map[string]any{"outage": "503"}
	case plan.StripeRefusesKey:
		return map[string]any{"revoked_key": true}
	case plan.HooksDouble:
		return map[string]any{"webhook_duplicate_rate": 0.8}
	case plan.HooksLate:
		return map[string]any{"webhook_delay_ms": 2500}
	case plan.HooksMixed:
		return map[string]any{"webhook_reorder": 3000}
	case plan.HooksPaused:
		return map[string]any{"webhooks_paused": true}
	case plan.HooksLost:
		return map[string]any{"webhook_drop_rate": 0.5}
	case plan.ClockSkew:
		if odd {
			return map[string]any{"clock_offset_s": 240}
		}
		return map[string]any{"clock_offset_s": -240}
	default:
		return nil
	}
}
