package drive

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
	"github.com/datasync-dev/datasync/e2e/torture/internal/plan"
)

// atOnce is how many faults may be there at the same time. With more of them there is little left that could go wrong.
const atOnce = 4

// Breaker breaks a cluster as a plan says, and mends what it broke.
type Breaker struct {
	cluster   *cluster.Cluster
	simulator *Simulator
	writers   *Writers
	operators *Operator
	log       *slog.Logger

	mu      sync.Mutex
	journal []Event
	kills   int
	counts  map[plan.Kind]int
	failed  []string
	thrown  []string               // ids of messages that nobody can handle
	busy    map[string]*sync.Mutex // what is broken already is not broken once more
}

// Event is something that the breaker did, for the timeline of a failure.
type Event struct {
	Time time.Time
	Text string
}

// NewBreaker returns a breaker. The writers lend it a hand where a fault needs a write to hit.
func NewBreaker(c *cluster.Cluster, s *Simulator, w *Writers, log *slog.Logger) *Breaker {
	return &Breaker{
		cluster: c, simulator: s, writers: w, operators: NewOperator(c.Connectors), log: log,
		counts: map[plan.Kind]int{}, busy: map[string]*sync.Mutex{},
	}
}

// Run breaks things at their times, and returns when all are mended.
func (b *Breaker) Run(ctx context.Context, faults []plan.Fault) {
	begin := time.Now()
	slots := make(chan struct{}, atOnce)
	var broken sync.WaitGroup
	for _, fault := range faults {
		if pause(ctx, time.Until(begin.Add(fault.At))) != nil {
			break
		}
		slots <- struct{}{}
		broken.Go(func() {
			defer func() { <-slots }()
			b.one(ctx, fault)
		})
	}
	broken.Wait()
}

// one breaks one thing, waits, and mends it.
func (b *Breaker) one(ctx context.Context, f plan.Fault) {
	what, err := b.apply(ctx, f)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil && ctx.Err() == nil {
		b.failed = append(b.failed, fmt.Sprintf("%s (%s): %v", f.Kind, what, err))
		return
	}
	b.counts[f.Kind]++
}

// note writes the journal.
func (b *Breaker) note(ctx context.Context, f plan.Fault, what string) {
	b.log.DebugContext(ctx, "fault", slog.String("kind", string(f.Kind)), slog.String("what", what), slog.Duration("hold", f.Hold))
	b.mu.Lock()
	defer b.mu.Unlock()
	b.journal = append(b.journal, Event{time.Now(), fmt.Sprintf("%s: %s for %s", f.Kind, what, f.Hold.Round(time.Millisecond))})
}

// hold takes a part of the cluster for a fault, and returns what gives it back.
func (b *Breaker) hold(part string) (release func()) {
	b.mu.Lock()
	lock := b.busy[part]
	if lock == nil {
		lock = &sync.Mutex{}
		b.busy[part] = lock
	}
	b.mu.Unlock()
	lock.Lock()
	return lock.Unlock
}

// apply does what a fault says to the part that it picks.
func (b *Breaker) apply(ctx context.Context, f plan.Fault) (what string, err error) {
	switch f.Kind {
	case plan.KillCatalog, plan.FreezeCatalog, plan.StopCatalog:
		p := pick(b.cluster.Catalogs, f.Pick)
		return p.Name, b.process(ctx, f, p)
	case plan.KillConnector, plan.FreezeConnector, plan.StopConnector:
		p := pick(b.cluster.Connectors, f.Pick)
		return p.Name, b.process(ctx, f, p)
	case plan.FreezeStripe:
		return b.cluster.Simulator.Name, b.process(ctx, f, b.cluster.Simulator)
	case plan.KillAfterCommit, plan.KillAfterPublish, plan.KillBeforeAck:
		return "all of a service", b.killAtBroker(ctx, f)
	case plan.KillAfterIntent:
		return "all connectors", b.killAfterIntent(ctx, f)
	case plan.KillAfterCall:
		return "all connectors", b.killAfterCall(ctx, f)
	case plan.FreezeAfterCall:
		return "all connectors but one", b.freezeAfterCall(ctx, f)
	case plan.BrokerCrash, plan.BrokerStop, plan.BrokerConnections, plan.BrokerLeader:
		return "rabbitmq", b.broker(ctx, f)
	case plan.PostgresCrash, plan.PostgresSessions:
		return "postgres", b.postgres(ctx, f)
	case plan.OperatorPauses, plan.OperatorDrains, plan.OperatorScales:
		return "all connectors", b.operator(ctx, f)
	case plan.Rubbish:
		return "rabbitmq", b.rubbish(ctx, f)
	case plan.NetCut, plan.NetSilent, plan.NetDeaf, plan.NetDelay, plan.NetReset:
		l := pick(b.cluster.Links, f.Pick)
		return l.Name, b.network(ctx, f, l)
	default:
		return "stripe", b.stripe(ctx, f)
	}
}

func pick[T any](from []T, number uint64) T { return from[number%uint64(len(from))] }

// process kills, stops or freezes a service and brings it back.
func (b *Breaker) process(ctx context.Context, f plan.Fault, p *cluster.Process) error {
	defer b.hold(p.Name)()
	b.note(ctx, f, p.Name)
	switch f.Kind {
	case plan.FreezeCatalog, plan.FreezeConnector, plan.FreezeStripe:
		p.Freeze()
		err := pause(ctx, f.Hold)
		p.Thaw()
		return err
	case plan.StopCatalog, plan.StopConnector:
		stopping, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		// An aimed fault may have killed it just now.
		if err := p.Stop(stopping); err != nil && !errors.Is(err, cluster.ErrNotRunning) {
			return err
		}
	default:
		b.killed(p)
	}
	if err := pause(ctx, f.Hold); err != nil {
		return err
	}
	return p.Start()
}

func (b *Breaker) killed(p *cluster.Process) {
	if !p.Kill() {
		return // it had ended by itself, which is found out elsewhere
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kills++
}

func (b *Breaker) broker(ctx context.Context, f plan.Fault) error {
	defer b.hold("rabbitmq")()
	b.note(ctx, f, "rabbitmq")
	servers := b.cluster.Servers
	switch f.Kind {
	case plan.BrokerConnections:
		return servers.CloseConnections(ctx)
	case plan.BrokerLeader:
		leader, err := servers.Leader(ctx, pick([]string{"catalog.changes.v1", cluster.ConnectorName + "-connector.events.v1"}, f.Pick))
		if err != nil {
			return err
		}
		if err := servers.CrashNode(ctx, leader); err != nil {
			return err
		}
	case plan.BrokerStop:
		if err := servers.StopRabbitMQ(ctx); err != nil {
			return err
		}
	default:
		if err := servers.CrashRabbitMQ(ctx); err != nil {
			return err
		}
	}
	return errors.Join(pause(ctx, f.Hold), servers.StartRabbitMQ(ctx))
}

func (b *Breaker) postgres(ctx context.Context, f plan.Fault) error {
	defer b.hold("postgres")()
	b.note(ctx, f, "postgres")
	if f.Kind == plan.PostgresSessions {
		return b.until(ctx, aimLimit, `
SELECT count(pg_terminate_backend(pid)) >= 0 FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'`)
	}
	if err := b.cluster.Servers.CrashPostgres(ctx); err != nil {
		return err
	}
	return errors.Join(pause(ctx, f.Hold), b.cluster.Servers.StartPostgres(ctx))
}

func (b *Breaker) network(ctx context.Context, f plan.Fault, l *cluster.Link) error {
	defer b.hold(l.Name)()
	b.note(ctx, f, l.Name)
	var err error
	switch f.Kind {
	case plan.NetSilent:
		err = l.Silence()
	case plan.NetDeaf:
		err = l.Deafen()
	case plan.NetDelay:
		err = l.Delay(150 * time.Millisecond)
	case plan.NetReset:
		err = l.Reset()
	default:
		l.Cut()
	}
	return errors.Join(err, pause(ctx, f.Hold), l.Mend(ctx))
}

// stripe turns knobs of the simulator and turns them back.
func (b *Breaker) stripe(ctx context.Context, f plan.Fault) error {
	turned := knobs(f)
	defer b.hold(string(f.Kind))()
	b.note(ctx, f, fmt.Sprint(turned))
	if err := b.simulator.Turn(ctx, turned); err != nil {
		return err
	}
	err := pause(ctx, f.Hold)
	back := map[string]any{}
	for name := range maps.Keys(turned) {
		back[name] = calm[name]
	}
	return errors.Join(err, b.simulator.Turn(ctx, back))
}

// Kills is how many processes were killed.
func (b *Breaker) Kills() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.kills
}

// Counts is how many faults of each kind there were.
func (b *Breaker) Counts() map[plan.Kind]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.counts)
}

// Failed are faults that could not be made: the run is worth less without them.
func (b *Breaker) Failed() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failed
}

// Journal is what was broken when.
func (b *Breaker) Journal() []Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.journal
}
