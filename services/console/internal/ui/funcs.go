package ui

import (
	"errors"
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"
)

func funcs(assets *Assets) template.FuncMap {
	drawn := icons()
	return template.FuncMap{
		"asset":   assets.URL,
		"icon":    func(name string) (template.HTML, error) { return icon(drawn, name) },
		"ago":     func(at time.Time) template.HTML { return ago(time.Now(), at) },
		"clock":   func(at time.Time) template.HTML { return clock(at) },
		"hour":    func(at time.Time) string { return at.UTC().Format("15:04:05") },
		"day":     func(at time.Time) string { return at.UTC().Format("Monday, 2 January 2006") },
		"number":  Number,
		"seconds": Seconds,
		"millis":  func(ms float64) string { return Seconds(ms / 1000) },
		"short":   Short,
		"plural":  Plural,
		"badge":   BadgeOf,
		"args":    args,
		"percent": percent,

		"directions": func() map[string]string {
			return map[string]string{"": "Every direction", "local": "In the catalog", "outbound": "To a remote", "inbound": "From a remote"}
		},
		"finding":      Finding,
		"changeStates": changeStates,
		"join":         strings.Join,
		"upper":        func(s string) string { return strings.ToUpper(s[:min(1, len(s))]) + s[min(1, len(s)):] },
	}
}

// Badge is a status: never by colour alone, always with an icon and a word.
type Badge struct {
	Look string // ok, warn, bad or "" for what needs no attention
	Icon string
	Text string
}

// BadgeOf returns how a state of any kind is shown: of a record, a change, a job, a dead letter.
func BadgeOf(state string) Badge {
	badge, ok := map[string]Badge{
		"synced": {"ok", "ok", "in sync"}, "applied": {"ok", "ok", "applied"}, "mirrored": {"ok", "ok", "mirrored"}, "done": {"ok", "ok", "done"},
		"replayed": {"ok", "ok", "replayed"}, "up": {"ok", "ok", "up"}, "expected": {"ok", "ok", "as expected"}, "repaired": {"ok", "ok", "repaired"},
		"adopted": {"ok", "ok", "adopted"}, "settled": {"ok", "ok", "settled"}, "active": {"ok", "ok", "active"}, "flowing": {"ok", "ok", "flowing"},
		"pending": {"", "wait", "on its way"}, "accepted": {"", "wait", "on its way"}, "sent": {"", "wait", "on its way"}, "queued": {"", "wait", "queued"},
		"running": {"", "retry", "running"}, "waiting": {"warn", "wait", "waiting"},
		"retrying": {"warn", "retry", "retrying"}, "conflict": {"warn", "swap", "conflict"}, "paused": {"warn", "pause", "paused"},
		"draining": {"warn", "pause", "draining"}, "drift": {"warn", "drift", "differs"}, "expired": {"", "skip", "expired"},
		"failed": {"bad", "bad", "failed"}, "down": {"bad", "bad", "down"}, "revoked": {"", "skip", "revoked"}, "refused": {"warn", "bad", "refused"},
		"skipped": {"", "skip", "skipped"}, "cancelled": {"", "skip", "cancelled"}, "discarded": {"", "skip", "discarded"},
		"unknown": {"", "info", "not known"}, "deleted": {"", "skip", "deleted"}, "detached": {"", "skip", "detached"}, "unlinked": {"", "skip", "not linked"},
	}[state]
	if !ok {
		return Badge{"", "info", strings.ReplaceAll(state, "_", " ")}
	}
	return badge
}

// Choice is one of the values of a filter, in the words that the page uses.
type Choice struct{ Value, Text string }

// changeStates are the states of changes that can be filtered by, called as their badges are.
func changeStates() []Choice {
	return []Choice{
		{"accepted", "accepted"},
		{"sent", "handed on"},
		{"applied", "mirrored or applied"},
		{"skipped", "skipped"},
		{"retrying", "retrying"},
		{"failed", "failed"},
		{"discarded", "discarded"},
	}
}

// Finding names a difference that a comparison found.
func Finding(kind string) string {
	name, ok := map[string]string{
		"drift": "differs", "only_remote": "only at the remote", "only_local": "only in the catalog", "duplicate": "duplicate", "ambiguous": "ambiguous", "match": "match",
	}[kind]
	if !ok {
		return strings.ReplaceAll(kind, "_", " ")
	}
	return name
}

// args passes several values to a template by name.
func args(pairs ...any) (map[string]any, error) {
	named := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, errors.New("args: names and values in turn")
		}
		named[name] = pairs[i+1]
	}
	return named, nil
}

func stamp(at time.Time, class, text string) template.HTML {
	return template.HTML(fmt.Sprintf(`<time class="%s" datetime="%s" title="%s">%s</time>`, //nolint:gosec // times and our own words
		class, at.UTC().Format(time.RFC3339Nano), at.UTC().Format("2006-01-02 15:04:05.000 UTC"), text))
}

// ago says how long ago something was; the page's script keeps it right.
func ago(now, at time.Time) template.HTML {
	if at.IsZero() {
		return `<span class="soft">never</span>`
	}
	return stamp(at, "ago", Ago(now.Sub(at)))
}

func clock(at time.Time) template.HTML {
	if at.IsZero() {
		return "–"
	}
	return stamp(at, "clock", at.UTC().Format("2006-01-02 15:04:05 UTC"))
}

// Ago says how long ago something was; the script writes the same words.
func Ago(passed time.Duration) string {
	switch {
	case passed < -2*time.Second:
		return "in " + span(-passed)
	case passed < 2*time.Second:
		return "now"
	}
	return span(passed) + " ago"
}

func span(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d d", int(d.Hours()/24))
}

// Seconds writes a duration as short as people say it: 6 ms, 0.4 s, 3 min.
func Seconds(s float64) string {
	switch {
	case s <= 0:
		return "0 s"
	case s < 0.01:
		return fmt.Sprintf("%.1f ms", s*1000)
	case s < 1:
		return fmt.Sprintf("%.0f ms", s*1000)
	case s < 10:
		return fmt.Sprintf("%.1f s", s)
	}
	return span(time.Duration(s * float64(time.Second)))
}

// Count writes a count with separators.
func Count(n int64) string { return Number(n) }

// Number writes a number of any type with separators: 12,480.
func Number(n any) string {
	var text string
	switch value := n.(type) {
	case float64:
		text = strconv.FormatFloat(value, 'f', -1, 64)
	case *float64:
		text = strconv.FormatFloat(*value, 'f', -1, 64)
	default:
		text = fmt.Sprint(n)
	}
	whole, fraction, _ := strings.Cut(text, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		whole += "." + fraction
	}
	return sign + whole
}

// Plural writes a count with its noun: 1 customer, 2 customers.
func Plural(n any, noun string) string {
	count := Number(n)
	if count == "1" {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "y") {
		return count + " " + noun[:len(noun)-1] + "ies"
	}
	return count + " " + noun + "s"
}

// ends are how much of a long id is shown.
const (
	idShown = 13
	idTail  = 4
)

// Short cuts a long id in the middle: its end tells ids that were made together apart.
func Short(id string) string {
	if len(id) <= idShown+idTail+1 {
		return id
	}
	return id[:idShown-idTail] + "…" + id[len(id)-idTail:]
}

func percent(part, whole int64) int64 {
	if whole <= 0 {
		return 0
	}
	return part * 100 / whole
}
