package pages

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/services/console/internal/ui"
)

// details puts what the audit knows about an action into words. What was left empty is left out.
func details(detail map[string]any) []string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(detail)) {
		if text := detailOf(name, detail[name]); text != "" {
			words = append(words, text)
		}
	}
	return words
}

func detailOf(name string, value any) string {
	switch v := value.(type) {
	case nil:
		return unset(name)
	case bool:
		return flagOn(name, v)
	case float64:
		if v == 0 {
			return ""
		}
		return amount(name, v)
	case string:
		if v == "" {
			return ""
		}
		return choice(name, v)
	case []any:
		if len(v) == 0 {
			return ""
		}
		parts := make([]string, 0, len(v))
		for _, one := range v {
			parts = append(parts, fmt.Sprint(one))
		}
		return plain(name) + " " + strings.Join(parts, ", ")
	}
	return fmt.Sprintf("%s %v", plain(name), value)
}

// unset is what goes back to how the service was set up.
func unset(name string) string {
	switch name {
	case "workers", "rate":
		return name + " as set up"
	}
	return ""
}

// flagOn words a yes or no. A direction that is switched off says something; of all else only a yes does.
func flagOn(name string, on bool) string {
	words, ok := map[string][2]string{
		"outbound": {"paused to the remote", "resumed to the remote"}, "inbound": {"paused from the remote", "resumed from the remote"},
		"drain": {"taking work again", "draining"}, "all": {"", "all of them"}, "dry_run": {"", "only counted"},
		"discarded": {"", "those that were discarded"}, "again": {"", "once more"}, "offer": {"", "making no new objects"},
	}[name]
	switch {
	case ok && on:
		return words[1]
	case ok:
		return words[0]
	case on:
		return plain(name)
	}
	return ""
}

func amount(name string, n float64) string {
	switch name {
	case "records":
		return ui.Plural(n, "customer")
	case "only":
		return "only " + ui.Plural(n, "customer")
	case "count":
		return ui.Plural(n, "message")
	case "dead_letters":
		return ui.Plural(n, "dead letter") + " erased"
	case "workers":
		return ui.Plural(n, "worker")
	case "rate":
		return "at most " + ui.Number(n) + " a second"
	case "overlap_seconds":
		return "the old secret works on for " + ui.Seconds((time.Duration(n) * time.Second).Seconds())
	}
	return plain(name) + " " + ui.Number(n)
}

func choice(name, value string) string {
	words, ok := map[string]string{
		"repair catalog": "the catalog wins", "repair remote": "the remote wins", "repair policy": "by the policy of each field",
		"adopt mark": "adopting by DataSync’s mark", "adopt email": "adopting by email address", "adopt external_id": "adopting by external id",
		"orphans create": "creating what one side lacks", "orphans ignore": "ignoring what matches nobody",
		"winner catalog": "the catalog’s value kept",
	}[name+" "+value]
	switch {
	case ok:
		return words
	case name == "winner":
		return remoteTitle(value) + "’s value kept"
	case name == "fingerprint":
		return "those of one reason, " + ui.Short(value)
	case name == "plan":
		return "as the dry run " + ui.Short(value) + " found"
	case name == "record_id":
		return "customer " + ui.Short(value)
	}
	return plain(name) + " " + value
}

func plain(name string) string { return strings.ReplaceAll(name, "_", " ") }

// outcomeName says what a count of a job is about.
func outcomeName(name string) string {
	words, ok := map[string]string{
		"refused": "left alone because they moved", "moving": "left to the sync", "open": "not settled yet", "unknown": "unknown to the connector",
		"would_try": "would be tried", "would_discard": "would be discarded", "would_replay": "would be replayed",
	}[name]
	if ok {
		return words
	}
	return ui.Finding(name)
}
