package dashboard

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/apierror"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/knobs"
)

type knobsPage struct {
	frame
	Groups  []knobGroup
	Outages []string
}

type knobGroup struct {
	Name  string
	Knobs []knob
}

// knob is one input; Kind is switch, outage, list, or "" for a number.
type knob struct{ Name, Label, Help, Kind, Value string }

func knobGroups() []knobGroup {
	return []knobGroup{
		{Name: "Calls of the API", Knobs: []knob{
			{Name: "latency_ms", Label: "Latency, ms", Help: "before the effect of every call"},
			{Name: "latency_jitter_ms", Label: "Jitter, ms", Help: "at random up to so much more"},
			{Name: "response_delay_ms", Label: "Late answer, ms", Help: "between the effect and the answer"},
			{Name: "error_rate_before", Label: "500 before the effect, 0 to 1", Help: "nothing has happened"},
			{Name: "error_rate_after", Label: "500 after the effect, 0 to 1", Help: "it has happened all the same"},
			{Name: "drop_answer_rate", Label: "No answer, 0 to 1", Help: "it has happened, the connection closes"},
			{Name: "outage", Label: "Outage", Help: "no call is served", Kind: "outage"},
			{Name: "revoked_key", Label: "API key revoked", Help: "every call is answered 401", Kind: "switch"},
		}},
		{Name: "Limits", Knobs: []knob{
			{Name: "account_limit", Label: "Calls per second", Help: "of the whole account; 0 is no limit"},
			{Name: "endpoint_limit", Label: "Calls per second and endpoint", Help: "all ids together; 0 is no limit"},
			{Name: "retry_after_s", Label: "Retry-After, s", Help: "told with a 429; 0 is none"},
			{Name: "lock_timeout_ms", Label: "Lock timeout, ms", Help: "how long writes to one customer wait for each other"},
		}},
		{Name: "Webhooks", Knobs: []knob{
			{Name: "webhooks_paused", Label: "Webhooks paused", Help: "deliveries wait", Kind: "switch"},
			{Name: "webhook_drop_rate", Label: "Lost, 0 to 1", Help: "never delivered"},
			{Name: "webhook_duplicate_rate", Label: "Doubled, 0 to 1", Help: "delivered twice"},
			{Name: "webhook_delay_ms", Label: "Late, ms", Help: "before the first attempt"},
			{Name: "webhook_reorder", Label: "Reordered, ms", Help: "a random delay up to so much for each"},
			{Name: "webhook_timeout_ms", Label: "Timeout, ms", Help: "an endpoint that takes longer has failed"},
			{Name: "webhook_retry_ms", Label: "Waits between attempts, ms", Help: "the last one repeats", Kind: "list"},
			{Name: "webhook_give_up_s", Label: "Give up after, s", Help: "stands for three days"},
			{Name: "webhook_disable_after_s", Label: "Disable an endpoint after, s", Help: "of nothing but failures; 0 is never"},
		}},
		{Name: "Time", Knobs: []knob{
			{Name: "clock_offset_s", Label: "Clock ahead, s", Help: "idempotency keys live for 86400"},
			{Name: "search_lag_ms", Label: "Search lag, ms", Help: "how long search does not see a change"},
		}},
	}
}

func (d *Dashboard) knobs(r *http.Request) (view, error) { return d.knobView(r, nil) }

func (d *Dashboard) knobView(r *http.Request, mistake error) (view, error) {
	raw, err := json.Marshal(d.Knobs.Get())
	if err != nil {
		return view{}, fmt.Errorf("render knobs: %w", err)
	}
	var now map[string]json.RawMessage
	if err := json.Unmarshal(raw, &now); err != nil {
		return view{}, fmt.Errorf("read knobs: %w", err)
	}
	p := knobsPage{
		frame: d.frame(r, "knobs", "Knobs"), Groups: knobGroups(),
		Outages: []string{string(knobs.Up), string(knobs.Answers), string(knobs.Refuses)},
	}
	for _, g := range p.Groups {
		for i := range g.Knobs {
			g.Knobs[i].Value = strings.ReplaceAll(strings.Trim(string(now[g.Knobs[i].Name]), `"[]`), ",", ", ")
			if mistake != nil && g.Knobs[i].Kind != "switch" {
				g.Knobs[i].Value = r.PostFormValue(g.Knobs[i].Name)
			}
		}
	}
	v := view{template: "knobs.html"}
	if mistake != nil {
		p.Error, v.status = mistake.Error(), http.StatusUnprocessableEntity
	}
	v.data = p
	return v, nil
}

// turn takes the whole form. A number that is not one reaches the knobs as a text, and they refuse it by name.
func (d *Dashboard) turn(r *http.Request) (view, error) {
	if err := r.ParseForm(); err != nil {
		return view{}, apierror.Invalid("", "The form could not be read.")
	}
	patch := map[string]any{}
	for _, g := range knobGroups() {
		for _, k := range g.Knobs {
			text := strings.TrimSpace(r.PostForm.Get(k.Name))
			switch k.Kind {
			case "switch":
				patch[k.Name] = text == "true"
			case "list":
				patch[k.Name] = number("[" + text + "]")
			case "outage":
				patch[k.Name] = text
			default:
				patch[k.Name] = number(text)
			}
		}
	}
	raw, err := json.Marshal(patch)
	if err != nil {
		return view{}, fmt.Errorf("render knobs: %w", err)
	}
	if _, err := d.Knobs.Patch(raw); err != nil {
		return d.knobView(r, err)
	}
	return view{redirect: "/knobs?done=turned"}, nil
}

func number(text string) any {
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	return text
}

func (d *Dashboard) resetKnobs(*http.Request) (view, error) {
	d.Knobs.Reset()
	return view{redirect: "/knobs?done=normal"}, nil
}
