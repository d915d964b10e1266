package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/datasync-dev/datasync/e2e/torture/internal/check"
	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
	"github.com/datasync-dev/datasync/e2e/torture/internal/drive"
	"github.com/datasync-dev/datasync/e2e/torture/internal/plan"
	"github.com/datasync-dev/datasync/pkg/record"
)

const (
	customers    = 6
	restLimit    = 90 * time.Second // from mending until all sides agree
	interval     = 50 * time.Millisecond
	quietLimit   = 20 * time.Second
	shownDetails = 5
)

// rig is a cluster, people who write, and somebody who checks.
type rig struct {
	dir string
	log *slog.Logger

	cluster   *cluster.Cluster
	database  *pgxpool.Pool
	simulator *drive.Simulator
	writers   *drive.Writers
	checker   *check.Checker
	known     []*drive.Subject // customers that are on both sides
	atStart   map[string]check.Resources
	zombie    zombie
	restarted chan error    // tells when every replica has been restarted
	mounted   string        // what has to be unmounted
	creating  chan struct{} // closed when nobody makes customers on the full disk any more
	tags      atomic.Int64
}

func (r *rig) start(ctx context.Context, nodes int) (err error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if r.cluster, err = cluster.Start(ctx, r.dir, nodes, r.log); err != nil {
		return err
	}
	version, err := r.cluster.Servers.BrokerVersion(ctx)
	if err != nil {
		return err
	}
	r.log.InfoContext(ctx, "started", slog.String("rabbitmq", version))
	if r.database, err = pgxpool.New(ctx, r.cluster.Servers.Database); err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	r.simulator = drive.NewSimulator(r.cluster)
	r.checker = &check.Checker{Cluster: r.cluster, Database: r.database, Simulator: r.simulator}
	r.writers = drive.NewWriters(drive.NewPeople(r.cluster, r.database, "faults"), plan.Plan{}, r.log)
	if err := r.simulator.Calm(ctx); err != nil {
		return err
	}
	for n := range customers {
		s, err := r.customer(ctx, fmt.Sprintf("customer %d", n))
		if err != nil {
			return err
		}
		r.known = append(r.known, s)
	}
	if _, err := r.rest(ctx); err != nil {
		return err
	}
	for _, s := range r.known { // from now on their ids at Stripe are known, so that nobody has to ask the database
		if err := r.writers.People.WriteAtStripe(ctx, s, record.Patch{"description": r.value("description")}); err != nil {
			return err
		}
	}
	r.writers.People.CloseIdle()
	r.atStart, err = r.checker.Resources(ctx)
	return err
}

// customer makes one through REST.
func (r *rig) customer(ctx context.Context, label string) (*drive.Subject, error) {
	s := r.writers.Add(label)
	return s, r.writers.People.CreateInCatalog(ctx, s, record.Patch{"name": r.value("name"), "email": r.value("email")})
}

// value is one that nobody wrote before.
func (r *rig) value(field string) string {
	return plan.Value(field, fmt.Sprint("f", r.tags.Add(1)))
}

// rest waits until everything agrees and holds it against all that was ever written. It returns how long that took.
func (r *rig) rest(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	if err := r.cluster.WaitReady(ctx); err != nil {
		return 0, err
	}
	_, agreed := r.checker.Converge(ctx, r.writers.Records(), restLimit, r.log)
	took := time.Since(began)
	findings, _, err := r.checker.Findings(ctx, r.writers.Records())
	if err != nil {
		return took, err
	}
	findings = append(findings, check.Logs(r.cluster)...)
	var details []string
	for _, f := range findings[:min(len(findings), shownDetails)] {
		details = append(details, f.String())
	}
	switch {
	case len(findings) > 0:
		return took, fmt.Errorf("%d promises broken: %s", len(findings), strings.Join(details, "; "))
	case !agreed:
		return took, fmt.Errorf("not at rest within %s", restLimit)
	}
	return took, nil
}

// until waits for a condition.
func (r *rig) until(ctx context.Context, limit time.Duration, what string, condition func(context.Context) bool) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for !condition(ctx) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("within %s it was not seen that %s", limit, what)
		case <-tick.C:
		}
	}
	return nil
}

// leaks checks that every service is back to where it began.
func (r *rig) leaks(ctx context.Context) error {
	r.writers.People.CloseIdle()
	var now map[string]check.Resources
	err := r.until(ctx, quietLimit, "goroutines ended", func(ctx context.Context) bool {
		var err error
		now, err = r.checker.Resources(ctx)
		return err == nil && len(check.Leaks(r.atStart, now)) == 0
	})
	r.log.InfoContext(ctx, "resources", slog.Any("start", r.atStart), slog.Any("end", now))
	return err
}

func (r *rig) close(ctx context.Context, keep bool) error {
	if r.database != nil {
		r.database.Close()
	}
	if r.mounted != "" {
		keep = true // the directory goes after what is mounted in it
	}
	err := r.cluster.Close(ctx, keep)
	if r.mounted != "" {
		err = errors.Join(err, exec.CommandContext(ctx, "umount", r.mounted).Run()) //nolint:gosec // we mounted it
	}
	return err
}
