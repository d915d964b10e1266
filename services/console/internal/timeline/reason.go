package timeline

import "github.com/datasync-dev/datasync/pkg/admin"

// Reason says in a sentence why a service did nothing about a change.
func Reason(c admin.Change) string { return skipped(&c) }

func skipped(c *admin.Change) string {
	switch c.State {
	case admin.StateSkipped:
	case admin.StateDiscarded:
		return c.Skip
	default:
		return ""
	}
	if c.Skip == "echo" && c.Direction == admin.Outbound {
		return "the change came from there: it has it already"
	}
	sentence, ok := map[string]string{
		"echo":                     "an echo of our own write: both sides have it already",
		"nothing to push":          "no field that is synced differs: there was nothing to write",
		"undecided":                "both sides changed the same field: it waits until that is settled",
		"nothing changed":          "looked, and nothing had changed",
		"nothing moved":            "looked, and nothing had moved",
		"overruled by an operator": "an operator had the catalog’s values brought there: they go over what was found",
		"duplicate":                "it had arrived before",
		"stale":                    "something newer had arrived before",
		"superseded":               "a newer version took its place before it was its turn",
		"paused":                   "the record is paused",
		"deleted":                  "the customer was deleted before",
		"tombstone":                "the customer was deleted before",
		"conflict":                 "the other side's value was kept",
		"policy":                   "the policy keeps the other side's value",
	}[c.Skip]
	if ok {
		return sentence
	}
	return c.Skip
}
