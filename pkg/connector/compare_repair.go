package connector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/jobs"
	"github.com/datasync-dev/datasync/pkg/record"
)

const (
	repairsAtOnce = 100 // findings in one transaction
	awaitFirst    = 50 * time.Millisecond
	awaitLast     = 2 * time.Second
	maxWaited     = 150 // times without a repair being settled: five minutes
)

// enterRepair ends the comparing. Where something is to be repaired, what moved meanwhile gets some time to be notified,
// so that it is seen to have moved.
func (c *comparison) enterRepair(ctx context.Context) error {
	if n := c.run.Counts[notVerified]; n > 0 {
		c.report.Unreached = fmt.Sprintf("%d more objects are missing from the listing and were not asked for one by one: "+
			"is it the right account?", n)
	}
	if c.asked.Repair == "" || c.at.Finding == 0 {
		return c.finish(ctx)
	}
	if err := c.enterPhase(ctx, phaseRepair, nil); err != nil {
		return err
	}
	return &jobs.Later{After: c.o.Settle, Err: errSettling}
}

var errSettling = errors.New("waits for notifications of what moved during the comparison")

// repair goes through the findings, of this run or of the plan, and leaves repairs on links.
func (c *comparison) repair(ctx context.Context) error {
	source := c.run.ID
	if c.asked.Plan != "" {
		source = c.asked.Plan
	}
	for {
		found, err := findingsAfter(ctx, c.o.DB, source, c.at.Repaired, repairsAtOnce)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return c.enterPhase(ctx, phaseAwait, nil)
		}
		err = c.commit(ctx, func(tx *gorm.DB) error {
			for _, f := range found {
				f.JobID = c.run.ID
				if err := c.mend(tx, f); err != nil {
					return fmt.Errorf("repair: %w", err)
				}
				c.at.Repaired = f.N
			}
			return storeFindings(tx, found)
		})
		if err != nil {
			return err
		}
		c.Wake()
	}
}

// mend does what the request says about one finding.
func (c *comparison) mend(tx *gorm.DB, f *finding) error {
	var done int64
	var err error
	create := c.asked.Orphans == orphansCreate
	success := outcomeRepaired
	switch {
	case f.Kind == findDrift:
		done, err = c.instruct(tx, f, repair{Fields: f.theirs()})
	case f.Kind == findMatch:
		success = outcomeAdopted
		done, err = c.instruct(tx, f, repair{Adopt: true})
	case f.Kind == findOnlyRemote && create && f.RecordID == nil:
		done, err = c.take(tx, f)
	case f.Kind == findOnlyLocal && create:
		done, err = c.instruct(tx, f, repair{Create: true})
	default:
		return nil
	}
	if err != nil {
		return err
	}
	c.tally(f, done > 0, success)
	return nil
}

// tally notes what became of a finding.
func (c *comparison) tally(f *finding, done bool, success string) {
	switch {
	case done && success == outcomeAdopted:
		f.Outcome = outcomeAdopted
		c.report.Adopted++
	case done:
		f.Outcome = outcomeRepaired
		c.report.Repaired++
	case c.asked.Plan != "":
		f.Outcome = outcomeRefused
		c.report.Refused++
	default:
		f.Outcome = outcomeMoving
		c.report.Moving++
	}
	c.run.Counts[f.Outcome]++
}

// theirs are the remote's values of the fields that differ.
func (f *finding) theirs() record.Patch {
	patch := record.Patch{}
	for _, d := range f.Fields {
		patch[d.Field] = d.After
	}
	return patch
}

// instructSQL leaves a repair on a link at rest that nothing has happened to since it was compared. A match gives it its
// object, unless the object has found another link meanwhile.
const instructSQL = `
UPDATE links SET repair = CAST(@repair AS jsonb), remote_id = COALESCE(CAST(@adopted AS text), remote_id), offered = offered AND NOT @create,
    checks = checks + 1, bulk = true, due_at = now(), lease_token = lease_token + 1, updated_at = clock_timestamp()
WHERE kind = @kind AND local_id = @record AND due_at IS NULL AND NOT gone AND NOT paused
    AND desired_version = @desired AND version = @version AND seq = @seq AND COALESCE(remote_id, '') = @remote
    AND (CAST(@adopted AS text) IS NULL OR NOT EXISTS (SELECT FROM links o WHERE o.kind = @kind AND o.remote_id = @adopted))`

func (c *comparison) instruct(tx *gorm.DB, f *finding, r repair) (int64, error) {
	r.Job, r.Finding, r.Side, r.Version = c.run.ID, f.N, Side(c.asked.Repair), f.DesiredVersion
	encoded, err := json.Marshal(r)
	if err != nil {
		return 0, err
	}
	var adopted *string
	remote := f.RemoteID
	if r.Adopt {
		adopted, remote = &f.RemoteID, ""
	}
	result := tx.Exec(instructSQL, map[string]any{
		"repair": string(encoded), "adopted": adopted, "create": r.Create, "kind": c.o.Kind, "record": *f.RecordID,
		"desired": f.DesiredVersion, "version": f.Version, "seq": f.Seq, "remote": remote,
	})
	return result.RowsAffected, result.Error
}

// take makes the link of an object that the catalog does not have, as a notification of it would.
func (c *comparison) take(tx *gorm.DB, f *finding) (int64, error) {
	result := tx.Exec(`
INSERT INTO links (kind, local_id, remote_id, generation, checks, bulk, due_at) VALUES (?, ?, ?, 1, 1, true, now())
ON CONFLICT DO NOTHING`, c.o.Kind, AdoptedID(c.o.Name, f.RemoteID), f.RemoteID)
	return result.RowsAffected, result.Error
}

// await waits until the workers have settled the repairs.
func (c *comparison) await(ctx context.Context) error {
	var left int64
	err := c.o.DB.WithContext(ctx).Raw(`
SELECT count(*) FROM (SELECT FROM links WHERE kind = ? AND repair IS NOT NULL AND repair->>'job' = ? LIMIT 10000) AS open`,
		c.o.Kind, c.run.ID).Scan(&left).Error
	if err != nil {
		return fmt.Errorf("look for open repairs: %w", err)
	}
	if left == 0 {
		return c.finish(ctx)
	}
	if c.at.Waited++; left != c.run.Counts[stillOpen] {
		c.at.Waited = 0
	}
	c.run.Counts[stillOpen] = left
	if c.at.Waited >= maxWaited {
		c.report.Unreached = fmt.Sprintf("%d repairs still wait for a worker, which goes on with them", left)
		return c.finish(ctx)
	}
	if err := c.commit(ctx, nil); err != nil {
		return err
	}
	after := min(awaitLast, awaitFirst<<min(c.at.Waited, 10))
	return &jobs.Later{After: after, Err: fmt.Errorf("waits for the workers to settle %d repairs", left)}
}

const stillOpen = "open" // a count

// finish forgets what only the run needed. A complete one that left nothing as it was ends the gap that a feed had.
func (c *comparison) finish(ctx context.Context) error {
	if c.run.Counts[stillOpen] > 0 && c.report.Unreached == "" {
		delete(c.run.Counts, stillOpen)
	}
	return c.enterPhase(ctx, phaseDone, func(tx *gorm.DB) error {
		if err := tx.Exec(`TRUNCATE listed, match_keys`).Error; err != nil {
			return fmt.Errorf("clear up: %w", err)
		}
		if !c.complete() {
			return nil
		}
		err := tx.Exec(`UPDATE feeds SET gap = '' WHERE kind = ? AND gap_at < ?`, c.o.Kind, c.at.Began).Error
		if err != nil {
			return fmt.Errorf("clear the feed's gap: %w", err)
		}
		return nil
	})
}

// complete reports whether the run has seen everything and what it found is settled, so that nothing is left of what
// the feed did not tell.
func (c *comparison) complete() bool {
	r := &c.report
	orphans := r.OnlyLocal + r.OnlyRemote + r.Ambiguous + c.run.Counts[findMatch]
	switch {
	case len(c.asked.Only) > 0 || c.asked.Plan != "" || r.Unreached != "":
		return false
	case c.asked.Repair == "":
		return r.Drifted+orphans == 0
	}
	return c.asked.Orphans != "" || orphans == 0
}
