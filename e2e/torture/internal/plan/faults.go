package plan

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// Kind is a kind of fault.
type Kind string

// The kinds.
const (
	KillCatalog       Kind = "kill catalog"
	KillConnector     Kind = "kill connector"
	KillAfterCommit   Kind = "kill between commit and publish"
	KillAfterPublish  Kind = "kill between publish and confirm"
	KillBeforeAck     Kind = "kill between commit and ack"
	KillAfterIntent   Kind = "kill between intent and call"
	KillAfterCall     Kind = "kill between call and commit"
	FreezeAfterCall   Kind = "freeze between call and commit"
	FreezeCatalog     Kind = "freeze catalog"
	FreezeConnector   Kind = "freeze connector"
	FreezeStripe      Kind = "freeze stripe"
	StopConnector     Kind = "restart connector in order"
	StopCatalog       Kind = "restart catalog in order"
	BrokerCrash       Kind = "broker crash"
	BrokerStop        Kind = "broker stop"
	BrokerConnections Kind = "broker closes connections"
	BrokerLeader      Kind = "leader of a queue killed"
	PostgresCrash     Kind = "postgres crash"
	PostgresSessions  Kind = "postgres closes sessions"
	NetCut            Kind = "network cut"
	NetSilent         Kind = "network silent"
	NetDeaf           Kind = "network one-way"
	NetDelay          Kind = "network slow"
	NetReset          Kind = "network reset"
	StripeThrottle    Kind = "stripe throttles"
	StripeFails       Kind = "stripe fails before the effect"
	StripeFailsAfter  Kind = "stripe fails after the effect"
	StripeDropsAnswer Kind = "stripe drops answers"
	StripeSlow        Kind = "stripe slow"
	StripeDown        Kind = "stripe down"
	StripeRefusesKey  Kind = "stripe refuses the key"
	HooksDouble       Kind = "webhooks doubled"
	HooksLate         Kind = "webhooks late"
	HooksMixed        Kind = "webhooks out of order"
	HooksPaused       Kind = "webhooks paused"
	HooksLost         Kind = "webhooks lost"
	ClockSkew         Kind = "stripe's clock is off"
	Rubbish           Kind = "message that nobody can handle"
	OperatorPauses    Kind = "operator pauses a direction"
	OperatorDrains    Kind = "operator drains the connectors"
	OperatorScales    Kind = "operator scales the workers"
)

// Fault is something that breaks for a while.
type Fault struct {
	At   time.Duration // after the begin
	Kind Kind
	Hold time.Duration // until it is mended
	Pick uint64        // which process or link, modulo how many there are
}

// share is how often a kind comes, and how long it lasts.
type share struct {
	kind     Kind
	parts    int // of about 220
	from, to time.Duration
}

func shares(s Settings) []share {
	const ms = time.Millisecond
	all := []share{
		{KillConnector, 44, 0, 1500 * ms},
		{KillCatalog, 28, 0, 1500 * ms},
		{KillAfterCommit, 4, 0, 0},
		{KillAfterPublish, 4, 0, 0},
		{KillBeforeAck, 4, 0, 0},
		{KillAfterIntent, 4, 0, 0},
		{KillAfterCall, 6, 0, 0},
		{FreezeConnector, 5, 5000 * ms, 9000 * ms}, // longer than the lease
		{FreezeAfterCall, 5, 5000 * ms, 6000 * ms},
		{FreezeCatalog, 4, 2000 * ms, 6000 * ms},
		{FreezeStripe, 3, 1000 * ms, 5000 * ms},
		{StopConnector, 4, 0, 500 * ms},
		{StopCatalog, 3, 0, 500 * ms},
		{BrokerCrash, 4, 0, 2000 * ms},
		{BrokerStop, 2, 0, 2000 * ms},
		{BrokerConnections, 3, 0, 0},
		{PostgresCrash, 5, 0, 2000 * ms},
		{PostgresSessions, 3, 0, 0},
		{NetCut, 11, 500 * ms, 6000 * ms},
		{NetSilent, 6, 2000 * ms, 10_000 * ms},
		{NetDeaf, 4, 2000 * ms, 8000 * ms},
		{NetDelay, 5, 2000 * ms, 8000 * ms},
		{NetReset, 5, 100 * ms, 2000 * ms},
		{StripeThrottle, 4, 2000 * ms, 6000 * ms},
		{StripeFails, 4, 2000 * ms, 5000 * ms},
		{StripeFailsAfter, 4, 2000 * ms, 5000 * ms},
		{StripeDropsAnswer, 4, 2000 * ms, 5000 * ms},
		{StripeSlow, 4, 2000 * ms, 6000 * ms},
		{StripeDown, 3, 2000 * ms, 6000 * ms},
		{StripeRefusesKey, 1, 500 * ms, 2000 * ms}, // the connectors try again only after half a minute
		{HooksDouble, 3, 3000 * ms, 8000 * ms},
		{HooksLate, 3, 3000 * ms, 8000 * ms},
		{HooksMixed, 3, 3000 * ms, 8000 * ms},
		{HooksPaused, 2, 2000 * ms, 6000 * ms},
		{ClockSkew, 2, 3000 * ms, 8000 * ms},
		{Rubbish, 4, 0, 0},
		{OperatorPauses, 2, 2000 * ms, 6000 * ms},
		{OperatorDrains, 1, 1000 * ms, 4000 * ms},
		{OperatorScales, 2, 2000 * ms, 8000 * ms},
	}
	if s.Cluster {
		all = append(all, share{BrokerLeader, 10, 1000 * ms, 4000 * ms})
	}
	if s.Drop {
		all = append(all, share{HooksLost, 4, 3000 * ms, 8000 * ms})
	}
	return all
}

// faults deals as many as are wanted: every kind in its share, and at least once when there are enough for that.
func faults(random *rand.Rand, s Settings) []Fault {
	deck := deal(random, shares(s), s.Faults)
	result := make([]Fault, 0, len(deck))
	for _, k := range deck {
		result = append(result, Fault{
			At:   time.Duration(random.Float64() * 0.95 * float64(s.Length)),
			Kind: k.kind, Hold: k.from + time.Duration(random.Float64()*float64(k.to-k.from)), Pick: random.Uint64(),
		})
	}
	slices.SortStableFunc(result, func(a, b Fault) int { return cmp.Compare(a.At, b.At) })
	return result
}

// deal makes a deck of a size: one of each kind when there is room for that, of the rest what follows from the shares, and
// chance fills up what rounding leaves.
func deal(random *rand.Rand, kinds []share, size int) (deck []share) {
	if size >= len(kinds) {
		deck = slices.Clone(kinds)
	}
	parts, rest := 0, size-len(deck)
	for _, k := range kinds {
		parts += k.parts
	}
	for _, k := range kinds {
		deck = append(deck, slices.Repeat([]share{k}, k.parts*rest/parts)...)
	}
	for len(deck) < size {
		draw := random.IntN(parts)
		for _, k := range kinds {
			if draw -= k.parts; draw < 0 {
				deck = append(deck, k)
				break
			}
		}
	}
	return deck
}
