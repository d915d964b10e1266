package alerts

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// Problem is something that needs a person.
type Problem struct {
	Key     string // the same as long as it is the same problem, whatever its numbers do
	Service string
	Text    string // what is wrong, in a sentence without personal data
	Action  string // what to do first

	after time.Duration // how long it has to last before it is told
}

// stuck is how long a message may wait in the outbox.
const stuck = time.Minute

// problems reads a status.
func (o *Options) problems(service string, s admin.Status, err error, now time.Time) (found []Problem) {
	add := func(key, action, format string, args ...any) {
		found = append(found, Problem{Key: service + "/" + key, Service: service, Text: fmt.Sprintf(format, args...), Action: action})
	}
	if err != nil {
		add("down", "Look at its log and at /readyz?verbose.", "it does not answer.")
		return found
	}
	for _, c := range s.Checks {
		if !c.OK && !told(s.Breaker, c) {
			add("check "+c.Name, "It says what to do.", "%s is not well: %s.", c.Name, c.Detail)
		}
	}
	for _, h := range s.Hops {
		if h.Name == "outbox" && h.OldestSeconds > stuck.Seconds() {
			add("outbox", "RabbitMQ does not take messages: look at its management UI.",
				"the oldest message in the outbox has waited %s.", time.Duration(h.OldestSeconds)*time.Second)
		}
	}
	if n := s.Records.Failed; n > 0 && s.Role != "catalog" { // the catalog counts what its connectors tell it
		add("parked", "Open Failures: it groups them by reason, with the fix.", "%s parked, because the remote refuses them.", count(n, "record is", "records are"))
	}
	if n := s.Records.Conflicts; n > 0 {
		add("conflicts", "Open Conflicts and choose a value for each field.", "%s with a conflict for somebody to decide.", count(n, "customer waits", "customers wait"))
	}
	if s.Breaker != nil && s.Breaker.Open {
		add("breaker", "Calls begin again by themselves when that is mended.", "no calls are made: %s.", s.Breaker.Reason)
	}
	found = append(found, o.held(service, s)...)
	return append(found, feedProblems(service, s.Feed, now, o.Silence)...)
}

// held is what operators stopped while customers wait for it: one problem, however much they stopped.
func (o *Options) held(service string, s admin.Status) []Problem {
	var what []string
	if s.Draining {
		what = append(what, "it is draining, so it takes nothing new")
	}
	for _, direction := range s.Paused {
		if direction == admin.Inbound {
			what = append(what, "what comes from the remote is paused")
		} else {
			what = append(what, "what goes to the remote is paused")
		}
	}
	waiting := s.Records.Pending + s.Records.Retrying
	if len(what) == 0 || waiting == 0 {
		return nil
	}
	return []Problem{{
		Key: service + "/held", Service: service, after: o.Hold, Action: "An operator wanted it so: end it on Workers when it was forgotten.",
		Text: fmt.Sprintf("%s, and %s.", strings.Join(what, " and "), count(waiting, "customer waits", "customers wait")),
	}}
}

// told reports whether an open breaker says the same as the check.
func told(b *admin.Breaker, c admin.Check) bool {
	return b != nil && b.Open && b.Reason != "" && strings.Contains(c.Detail, b.Reason)
}

func feedProblems(service string, f *admin.Feed, now time.Time, silence time.Duration) (found []Problem) {
	if f == nil {
		return nil
	}
	if f.Gap != "" {
		found = append(found, Problem{Key: service + "/gap", Service: service, Text: f.Gap + ".", Action: "Open Drift and compare everything once."})
	}
	if age := now.Sub(f.NoticedAt); !f.NoticedAt.IsZero() && age > silence {
		found = append(found, Problem{
			Key: service + "/silent", Service: service, Text: fmt.Sprintf("no webhook has come for %s.", age.Round(time.Minute)),
			Action: "Check that the endpoint is enabled: datasync webhook endpoint. Changes are found by polling meanwhile.",
		})
	}
	return found
}

func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// withoutURL leaves the address out of an error: that of a webhook is a secret.
func withoutURL(err error) error {
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return failed.Err
	}
	return err
}
