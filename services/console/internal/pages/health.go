package pages

import (
	"fmt"
	"strings"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/ui"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

// health is the answer to the first question: are both sides the same?
type health struct {
	Look, Icon string
	Sentence   string
	Details    []detail
	Chips      []chip
}

// detail is a sentence about what is wrong, with a link to where it can be ended.
type detail struct{ Text, URL, Do string }

// chip is a count with a link to what it counts.
type chip struct {
	Badge ui.Badge
	URL   string
}

// diagnose says how it stands, from the state of the catalog (first) and of the connectors.
func diagnose(statuses []upstream.Answer[admin.Status]) health {
	catalog := statuses[0]
	var paused int64
	h := health{Look: "ok", Icon: "ok"}
	h.broker(statuses)
	for _, a := range statuses[1:] {
		paused += a.Value.Records.Paused
		h.look(a)
	}
	records, known := counts(statuses)
	h.sentence(catalog)
	h.chips(records, known, paused)
	if dead := dead(statuses); dead > 0 {
		h.Look, h.Icon = "warn", "warn"
		h.Chips = append(h.Chips, chip{ui.Badge{Look: "bad", Icon: "queue", Text: ui.Plural(dead, "dead letter")}, "/dashboard/queues"})
	}
	if records.Failed+records.Conflicts > 0 && h.Look == "ok" {
		h.Look, h.Icon = "warn", "warn"
	}
	return h
}

// counts are how many customers are in which state: as the catalog tells, so that they add up with its total, and without it as
// the connectors do. known is false when some connector cannot tell either.
func counts(statuses []upstream.Answer[admin.Status]) (all admin.Records, known bool) {
	if statuses[0].Err == nil {
		return statuses[0].Value.Records, true
	}
	known = true
	for _, a := range statuses[1:] {
		known = known && a.Err == nil
		all.Pending += a.Value.Records.Pending
		all.Retrying += a.Value.Records.Retrying
		all.Failed += a.Value.Records.Failed
		all.Discarded += a.Value.Records.Discarded
	}
	return all, known
}

// broker tells which services are not connected to RabbitMQ.
func (h *health) broker(statuses []upstream.Answer[admin.Status]) {
	var cut []string
	for _, a := range statuses {
		for _, check := range a.Value.Checks {
			if check.Name == "broker" && !check.OK {
				cut = append(cut, a.Service.Title())
			}
		}
	}
	if len(cut) > 0 {
		h.bad()
		h.tell("RabbitMQ cannot be reached by " + strings.Join(cut, " and ") + ": see that it is up. What is written waits and is not lost; it goes on by itself.")
	}
}

// dead counts the messages that could not be handled.
func dead(statuses []upstream.Answer[admin.Status]) (total int64) {
	for _, a := range statuses {
		for _, hop := range a.Value.Hops {
			if hop.Name == deadLetters {
				total += hop.Depth
			}
		}
	}
	return total
}

func (h *health) tell(text string) { h.Details = append(h.Details, detail{Text: text}) }

func (h *health) sentence(catalog upstream.Answer[admin.Status]) {
	total, same := catalog.Value.Records.Total, catalog.Value.Records.InSync()
	switch {
	case catalog.Err != nil:
		h.bad()
		h.Sentence = "The catalog does not answer, so it is not known how many customers are in sync."
	case total == 0:
		h.Sentence = "No customers yet."
	case same == total && total == 1:
		h.Sentence = "The one customer is the same on both sides."
	case same == total:
		h.Sentence = fmt.Sprintf("All %s customers are the same on both sides.", ui.Count(total))
	default:
		h.Sentence = fmt.Sprintf("%s of %s customers are the same on both sides.", ui.Count(same), ui.Count(total))
	}
}

func (h *health) bad() { h.Look, h.Icon = "bad", "bad" }

// look adds what is wrong with one connector.
func (h *health) look(a upstream.Answer[admin.Status]) {
	name := remoteTitle(a.Service.Name)
	if a.Err != nil {
		h.bad()
		h.tell("Nothing moves between the catalog and " + name + " while its connector is away. What is written waits and is not lost.")
		return
	}
	if b := a.Value.Breaker; b != nil && b.Open {
		h.bad()
		what := name + " does not answer. Changes wait and are not lost; it is tried again by itself."
		if b.Class == "operator" {
			what = name + " refuses us, and a person has to act: " + b.Reason
		}
		h.tell(what)
	}
	held := heldUp(a)
	if len(held) > 0 && h.Look == "ok" {
		h.Look, h.Icon = "warn", "pause"
	}
	h.Details = append(h.Details, held...)
	if f := a.Value.Feed; f != nil && f.Gap != "" {
		h.tell("A full reconcile is due: " + strings.TrimSuffix(f.Gap, ".") + ".")
	}
}

func (h *health) chips(records admin.Records, known bool, paused int64) {
	failed, conflicts, left := records.Failed, records.Conflicts, records.Discarded
	if failed > 0 {
		h.Chips = append(h.Chips, chip{ui.Badge{Look: "bad", Icon: "bad", Text: verb(failed, "needs", "need") + " a fix"}, "/dashboard/failures"})
	}
	if conflicts > 0 {
		h.Chips = append(h.Chips, chip{ui.Badge{Look: "warn", Icon: "swap", Text: verb(conflicts, "waits", "wait") + " with a conflict"}, "/dashboard/conflicts"})
	}
	if paused > 0 {
		h.Chips = append(h.Chips, chip{ui.Badge{Look: "warn", Icon: "pause", Text: ui.Count(paused) + " paused"}, "/dashboard/customers?state=paused"})
	}
	if left > 0 {
		h.Chips = append(h.Chips, chip{ui.Badge{Icon: "skip", Text: ui.Count(left) + " discarded"}, "/dashboard/customers?state=discarded"})
	}
	moving := "–"
	if known {
		moving = ui.Count(records.Pending + records.Retrying)
	}
	h.Chips = append(h.Chips, chip{ui.Badge{Icon: "wait", Text: moving + " on the way"}, "/dashboard/customers?state=pending"})
}

func verb(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return ui.Count(n) + " " + many
}
