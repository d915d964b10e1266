package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/datasync-dev/datasync/e2e/torture/internal/check"
	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
	"github.com/datasync-dev/datasync/e2e/torture/internal/drive"
	"github.com/datasync-dev/datasync/e2e/torture/internal/oracle"
	"github.com/datasync-dev/datasync/e2e/torture/internal/plan"
	"github.com/datasync-dev/datasync/pkg/record"
)

const (
	startLimit     = 10 * time.Minute // with the building, of which a busy machine makes a long thing
	healLimit      = 2 * time.Minute
	convergeLimit  = 30 * time.Second
	feedLimit      = 150 * time.Second // with lost webhooks: the feed is read once a minute
	probeLimit     = 20 * time.Second
	quiet          = 10 * time.Second
	closeLimit     = time.Minute
	knownConflicts = 5
	shownRecords   = 3 // timelines of a failure
)

// torture is one run.
type torture struct {
	settings settings
	dir      string
	log      *slog.Logger

	cluster   *cluster.Cluster
	database  *pgxpool.Pool
	simulator *drive.Simulator
	writers   *drive.Writers
	breaker   *drive.Breaker
	checker   *check.Checker
	atStart   map[string]check.Resources
	known     []drive.Known // conflicts
	report    report
	findings  []oracle.Finding
}

// run does everything. A failure to even get there is a finding as well.
func (t *torture) run(ctx context.Context) report {
	began := time.Now()
	t.report = report{Seed: t.settings.Seed}
	if err := t.start(ctx); err != nil {
		t.find("the run did not begin: %v", err)
	} else if err := t.play(ctx); err != nil {
		t.find("the run was not finished: %v", err)
	}
	t.report.fill(t)
	t.report.Seconds = seconds(time.Since(began))
	if !t.report.OK {
		t.explain(context.WithoutCancel(ctx))
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
	defer cancel()
	if t.database != nil {
		t.database.Close()
	}
	if err := t.cluster.Close(closing, t.settings.Keep || !t.report.OK); err != nil {
		t.log.WarnContext(ctx, "not everything could be stopped", slog.Any("error", err))
	}
	return t.report
}

func (t *torture) find(format string, args ...any) {
	t.findings = append(t.findings, oracle.Finding{Fault: oracle.Unexpected, Text: fmt.Sprintf(format, args...)})
}

// start brings the cluster up and gets everybody ready.
func (t *torture) start(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if t.cluster, err = cluster.Start(ctx, t.dir, t.settings.Nodes, t.log); err != nil {
		return err
	}
	if t.database, err = pgxpool.New(ctx, t.cluster.Servers.Database); err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	t.simulator = drive.NewSimulator(t.cluster)
	t.checker = &check.Checker{Cluster: t.cluster, Database: t.database, Simulator: t.simulator}
	if t.report.RabbitMQ, err = t.cluster.Servers.BrokerVersion(ctx); err != nil {
		return err
	}
	return t.simulator.Calm(ctx)
}

// play is the run itself.
func (t *torture) play(ctx context.Context) error {
	wanted := plan.New(t.settings.plan())
	people := drive.NewPeople(t.cluster, t.database, fmt.Sprintf("torture-%d", t.settings.Seed))
	t.writers = drive.NewWriters(people, wanted, t.log)
	t.breaker = drive.NewBreaker(t.cluster, t.simulator, t.writers, t.log)
	var err error
	if t.atStart, err = t.checker.Resources(ctx); err != nil {
		return err
	}
	if t.known, err = t.breaker.Conflicts(ctx, knownConflicts); err != nil {
		return err
	}
	t.log.InfoContext(ctx, "begin", slog.Uint64("seed", t.settings.Seed), slog.Int("ops", len(wanted.Ops)),
		slog.Int("faults", len(wanted.Faults)), slog.Float64("minutes", t.settings.Minutes))
	mended := t.breakAndWrite(ctx, wanted)
	if err := t.heal(ctx); err != nil {
		return err
	}
	limit := convergeLimit
	if t.settings.Drop {
		limit = feedLimit
	}
	_, converged := t.checker.Converge(ctx, t.writers.Records(), limit, t.log)
	took := time.Since(mended)
	t.report.ConvergeS = seconds(took)
	t.log.InfoContext(ctx, "waited for quiet", slog.Bool("converged", converged), slog.Duration("took", took))
	if !converged {
		unrest, err := t.checker.Unrest(ctx)
		t.find("not quiet after %s: %+v %v", limit, unrest, err)
	} else if err := t.probe(ctx); err != nil {
		return err
	}
	if err := t.judge(ctx); err != nil || !converged {
		return err
	}
	return t.aftermath(ctx)
}

// breakAndWrite carries out the plan and returns when the last fault was mended, or when the last write was to be made if
// that was later. A person who has to wait longer for an answer counts as part of the way back to quiet.
func (t *torture) breakAndWrite(ctx context.Context, wanted plan.Plan) (mended time.Time) {
	mended = time.Now().Add(time.Duration(t.settings.Minutes * float64(time.Minute)))
	broken := make(chan time.Time)
	go func() {
		t.breaker.Run(ctx, wanted.Faults)
		broken <- time.Now()
	}()
	t.writers.Run(ctx, wanted.Ops)
	if last := <-broken; last.After(mended) {
		mended = last
	}
	return mended
}

// probe writes once more on both sides: everything has to work as if nothing had ever been broken.
func (t *torture) probe(ctx context.Context) error {
	people := t.writers.People
	ours, theirs := t.writers.Add("customer after all, born in the catalog"), t.writers.Add("customer after all, born at Stripe")
	birth := func(tag string) record.Patch {
		return record.Patch{"name": plan.Value("name", tag), "email": plan.Value("email", tag)}
	}
	ctx, cancel := context.WithTimeout(ctx, healLimit)
	defer cancel()
	err := errors.Join(people.CreateInCatalog(ctx, ours, birth("p1")), people.CreateAtStripe(ctx, theirs, birth("p2")))
	if err == nil {
		err = errors.Join(
			people.WriteAtStripe(ctx, ours, record.Patch{"phone": plan.Value("phone", "p3")}),
			people.WriteInCatalog(ctx, theirs, record.Patch{"phone": plan.Value("phone", "p4")}))
	}
	if err != nil {
		return fmt.Errorf("write after all: %w", err)
	}
	took, arrived := t.checker.Converge(ctx, t.writers.Records(), probeLimit, t.log)
	t.report.ProbeS = seconds(took)
	if !arrived {
		t.find("writes after all was mended did not arrive within %s", probeLimit)
	}
	return nil
}

// heal mends everything.
func (t *torture) heal(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, healLimit)
	defer cancel()
	if err := t.simulator.Calm(ctx); err != nil {
		return err
	}
	if err := t.cluster.Heal(ctx); err != nil {
		return fmt.Errorf("heal: %w", err)
	}
	return nil
}
