package connector

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/jobs"
)

// JobReconcile is the kind of the jobs that Reconcile does.
const JobReconcile = "reconcile"

// A comparison reads the remote's listing page by page, puts each object beside its link, and writes down where they
// differ. It keeps one page in memory, makes no call per record, and stores where it stands with every page, so that
// another replica can go on. It changes nothing by itself: repairs are left on links at rest, for the workers.

// phase is a part of a comparison.
type phase string

const (
	phaseBegin   phase = ""        // forget what an earlier run left
	phaseOnly    phase = "only"    // compare the records that were asked for, one by one
	phaseList    phase = "list"    // read the listing
	phaseIndex   phase = "index"   // note by what customers can be matched
	phaseMatch   phase = "match"   // match objects and customers
	phaseMissing phase = "missing" // look for linked objects that the listing did not show
	phaseRepair  phase = "repair"  // leave repairs on links
	phaseAwait   phase = "await"   // wait until the workers have settled them
	phaseDone    phase = "done"
)

// position is where a comparison stands.
type position struct {
	Phase    phase     `json:"phase"`
	Cursor   string    `json:"cursor,omitempty"` // in the listing; in the links, the last local id; in the keys, the last one
	Finding  int64     `json:"finding"`          // number of the last one that was written
	Repaired int64     `json:"repaired"`         // number of the last one that was looked at for a repair
	Verified int       `json:"verified"`         // objects that were asked for one by one
	Began    time.Time `json:"began"`            // by the database's clock
	Failures int       `json:"failures"`         // calls in a row that failed
	Waited   int       `json:"waited"`           // how often it was put off for the workers in a row
}

// comparison is one turn at a job.
type comparison struct {
	*Engine
	run    *jobs.Run
	asked  admin.ReconcileRequest
	at     position
	report admin.Reconcile
	paced  time.Time // when the last call was made
	stored progress
}

// progress is what the last commit stored.
type progress struct {
	at     position
	report admin.Reconcile
	done   int64
	counts map[string]int64
}

// Reconcile compares everything with the remote: it is the jobs.Handler of JobReconcile, whose arguments are an
// admin.ReconcileRequest.
func (e *Engine) Reconcile(ctx context.Context, run *jobs.Run) error {
	c := &comparison{Engine: e, run: run}
	if err := run.Args(&c.asked); err != nil {
		return err
	}
	if err := run.Resume(&c.at, &c.report); err != nil {
		return err
	}
	c.report.ReconcileRequest, c.report.Unreached = c.asked, ""
	run.Report = &c.report
	c.keep()
	err := c.advance(ctx)
	if err != nil {
		c.goBack()
		c.report.Unreached = c.unreached(err)
	}
	return err
}

// keep remembers the progress as it was stored.
func (c *comparison) keep() {
	c.stored = progress{c.at, c.report, c.run.Done, maps.Clone(c.run.Counts)}
	c.stored.report.Fields = maps.Clone(c.report.Fields)
}

// goBack forgets what was counted since and not stored: it will be counted again.
func (c *comparison) goBack() {
	c.at, c.report, c.run.Done, c.run.Counts = c.stored.at, c.stored.report, c.stored.done, c.stored.counts
}

// advance goes from phase to phase.
func (c *comparison) advance(ctx context.Context) error {
	for c.at.Phase != phaseDone {
		step, ok := map[phase]func(context.Context) error{
			phaseBegin: c.begin, phaseOnly: c.compareOnly, phaseList: c.list, phaseIndex: c.index, phaseMatch: c.match,
			phaseMissing: c.findMissing, phaseRepair: c.repair, phaseAwait: c.await,
		}[c.at.Phase]
		if !ok {
			return fmt.Errorf("the comparison stands at %q, which this version of the program does not know", c.at.Phase)
		}
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// begin forgets what earlier runs left behind.
func (c *comparison) begin(ctx context.Context) error {
	var err error
	if c.at.Began, err = c.now(ctx); err != nil {
		return err
	}
	if err := c.estimate(ctx); err != nil {
		return err
	}
	next := phaseList
	switch {
	case c.asked.Plan != "":
		next = phaseRepair
	case len(c.asked.Only) > 0:
		next = phaseOnly
	}
	return c.enterPhase(ctx, next, func(tx *gorm.DB) error {
		for _, statement := range []string{
			`TRUNCATE listed, match_keys`, `DELETE FROM findings WHERE job_id NOT IN (SELECT id FROM jobs)`,
		} {
			if err := tx.Exec(statement).Error; err != nil {
				return fmt.Errorf("forget earlier comparisons: %w", err)
			}
		}
		return nil
	})
}

// estimate says how much there may be to do, without counting.
func (c *comparison) estimate(ctx context.Context) error {
	if c.run.Total = int64(len(c.asked.Only)); c.run.Total > 0 {
		return nil
	}
	return c.o.DB.WithContext(ctx).
		Raw(`SELECT greatest(0, reltuples)::bigint FROM pg_class WHERE oid = 'links'::regclass`).Scan(&c.run.Total).Error
}

// enterPhase commits the beginning of a phase, with what effect does.
func (c *comparison) enterPhase(ctx context.Context, next phase, effect func(tx *gorm.DB) error) error {
	before := c.at
	c.at.Phase, c.at.Cursor = next, ""
	if err := c.commit(ctx, effect); err != nil {
		c.at = before
		return err
	}
	return nil
}

func (c *comparison) commit(ctx context.Context, effect func(tx *gorm.DB) error) error {
	if err := c.run.Commit(ctx, c.at, effect); err != nil {
		return err
	}
	c.keep()
	return nil
}

// now is the database's time, which all times of links are in.
func (c *comparison) now(ctx context.Context) (now time.Time, err error) {
	if err = c.o.DB.WithContext(ctx).Raw(`SELECT clock_timestamp()`).Scan(&now).Error; err != nil {
		return now, fmt.Errorf("read the database's clock: %w", err)
	}
	return now, nil
}

// unreached says in a sentence what the run has not done because of err.
func (c *comparison) unreached(err error) string {
	why := "it was interrupted"
	var later *jobs.Later
	switch failure, failed := errors.AsType[*Error](err); {
	case failed:
		why = failure.Reason
	case errors.As(err, &later):
		why = later.Error()
	}
	rest := map[phase]string{
		phaseOnly: "the other records", phaseList: "the rest of the listing, objects that are missing at the remote, and repairs",
		phaseIndex:   "matches, objects that are missing at the remote, and repairs",
		phaseMatch:   "the rest of the matches, objects that are missing at the remote, and repairs",
		phaseMissing: "the rest of the objects that may be missing at the remote, and repairs",
		phaseRepair:  "the rest of the repairs", phaseAwait: "the end of the repairs, which the workers go on with",
	}[c.at.Phase]
	if rest == "" {
		return ""
	}
	return fmt.Sprintf("after %d pages, not reached: %s (%s)", c.report.Pages, rest, why)
}
