package main

import (
	"math"
	"strconv"
	"time"

	"github.com/datasync-dev/datasync/e2e/torture/internal/check"
	"github.com/datasync-dev/datasync/e2e/torture/internal/drive"
	"github.com/datasync-dev/datasync/e2e/torture/internal/oracle"
	"github.com/datasync-dev/datasync/e2e/torture/internal/plan"
)

// report is the line that a run prints.
type report struct {
	OK              bool   `json:"ok"`
	Seed            uint64 `json:"seed"`
	RabbitMQ        string `json:"rabbitmq"` // version
	Writes          int    `json:"writes"`   // accepted
	CatalogWrites   int    `json:"catalog_writes"`
	StripeWrites    int    `json:"stripe_writes"`
	Refused         int    `json:"refused"` // writes to deleted customers
	Skipped         int    `json:"skipped"` // writes that were never answered
	Customers       int    `json:"customers"`
	Lost            int    `json:"lost"`       // accepted writes, or customers, that are nowhere
	Duplicates      int    `json:"duplicates"` // customers made more than once at Stripe
	Stale           int    `json:"stale"`      // overwritten values that came back, and deleted customers
	Diverged        int    `json:"diverged"`   // records whose sides do not agree
	Unexpected      int    `json:"unexpected"` // anything else that must not be
	Kills           int    `json:"kills"`
	Faults          int    `json:"faults"`
	BrokerCrashes   int    `json:"broker_crashes"`
	PostgresCrashes int    `json:"postgres_crashes"`
	NetworkFaults   int    `json:"network_faults"`
	StripeFaults    int    `json:"stripe_faults"`
	WebhookFaults   int    `json:"webhook_faults"`
	Freezes         int    `json:"freezes"`
	Calls           int    `json:"calls"`         // to Stripe's API
	CallsWriting    int    `json:"calls_writing"` // of these, writes that succeeded
	CallsFeed       int    `json:"calls_feed"`    // reads of the feed of events, beside the others
	Webhooks        int    `json:"webhooks"`      // delivered, with tries
	Overlaps        int    `json:"overlapping_writes"`
	Conflicts       int    `json:"conflicts"`
	Parked          int    `json:"parked"`
	DeadLetters     int    `json:"dead_letters"`
	QuietCalls      int    `json:"quiet_calls"`

	CatalogAnswers map[string]int             `json:"catalog_answers"` // by status, every try; 0: none
	Start          map[string]check.Resources `json:"start"`
	End            map[string]check.Resources `json:"end"`

	ConvergeS float64 `json:"converge_s"` // from the end of the last fault until all sides agree
	ProbeS    float64 `json:"probe_s"`    // the same for a few writes after that
	Seconds   float64 `json:"seconds"`
}

func seconds(d time.Duration) float64 { return math.Round(d.Seconds()*10) / 10 }

func (r *report) counts(c check.Counts) {
	r.Customers, r.Conflicts, r.Parked, r.Duplicates = c.Customers, c.Conflicts, c.Parked, c.Duplicates
}

func (r *report) stats(s check.Stats) {
	calls := s.Calls()
	r.Calls, r.CallsWriting, r.CallsFeed = calls.All, calls.Writing, calls.Feed
	r.Webhooks, r.Overlaps = s.Deliveries.OK+s.Deliveries.Failed, s.OverlappingWrites
}

// fill takes over what the others counted.
func (r *report) fill(t *torture) {
	r.OK = len(t.findings) == 0
	for _, f := range t.findings {
		switch f.Fault {
		case oracle.Lost, oracle.Vanished:
			r.Lost++
		case oracle.Stale, oracle.Risen, oracle.Foreign:
			r.Stale++
		case oracle.Diverged:
			r.Diverged++
		case oracle.Unexpected:
			r.Unexpected++
		case oracle.Duplicate: // counted by the simulator
		}
	}
	if t.writers == nil {
		return
	}
	p := t.writers.People
	r.CatalogWrites, r.StripeWrites = int(p.Accepted[drive.AtCatalog].Load()), int(p.Accepted[drive.AtStripe].Load())
	r.Writes = r.CatalogWrites + r.StripeWrites
	for side := range p.Refused {
		r.Refused += int(p.Refused[side].Load())
		r.Skipped += int(p.Skipped[side].Load())
	}
	r.CatalogAnswers = map[string]int{}
	for status, count := range p.CatalogAnswers() {
		r.CatalogAnswers[strconv.Itoa(status)] = count
	}
	r.Kills = t.breaker.Kills()
	for kind, count := range t.breaker.Counts() {
		r.Faults += count
		r.fault(kind, count)
	}
}

func (r *report) fault(kind plan.Kind, count int) {
	switch kind {
	case plan.BrokerCrash, plan.BrokerStop, plan.BrokerLeader:
		r.BrokerCrashes += count
	case plan.PostgresCrash, plan.PostgresSessions:
		r.PostgresCrashes += count
	case plan.NetCut, plan.NetSilent, plan.NetDeaf, plan.NetDelay, plan.NetReset:
		r.NetworkFaults += count
	case plan.FreezeCatalog, plan.FreezeConnector, plan.FreezeStripe, plan.FreezeAfterCall:
		r.Freezes += count
	case plan.StripeThrottle, plan.StripeFails, plan.StripeFailsAfter, plan.StripeDropsAnswer, plan.StripeSlow, plan.StripeDown, plan.StripeRefusesKey, plan.ClockSkew:
		r.StripeFaults += count
	case plan.HooksDouble, plan.HooksLate, plan.HooksMixed, plan.HooksPaused, plan.HooksLost:
		r.WebhookFaults += count
	default: // kills are counted by themselves
	}
}
