package connector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/jobs"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/outbox"
)

// KindDiscard is the kind of the jobs that discard parked records.
const KindDiscard = "discard"

// ErrNothingParked means that nothing of what was selected is parked.
var ErrNothingParked = errors.New("nothing of that is parked: it may have been settled meanwhile. What is tried again by itself can be paused, not discarded")

const (
	parkedOnes    = `state = 'failed' AND state <> 'synced' AND due_at IS NULL` // the second condition names the index
	discardedOnes = `state = 'discarded' AND state <> 'synced'`
)

// discarded is who gave a record up, and why. It is valid while the link's state is discarded: the next turn of a worker
// that tries something ends that.
type discarded struct {
	Reason string    `json:"reason"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

// DiscardOf is the job that discards parked records: they rest as they do, but count as failed no more. What brings a
// parked record back brings them back too: a newer version, an edit at the remote, a retry. ErrNothingParked if there are
// none.
func (e *Engine) DiscardOf(ctx context.Context, r admin.DiscardRequest) (jobs.New, error) {
	if len(r.RecordIDs) == 0 && r.Fingerprint == "" && !r.All {
		return jobs.New{}, ErrNothingSelected
	}
	total, err := e.countChosen(ctx, parked(r))
	if err == nil && total == 0 {
		err = ErrNothingParked
	}
	return jobs.New{Kind: KindDiscard, Args: r, Total: total}, err
}

func parked(r admin.DiscardRequest) chosen { return chosen{parkedOnes, r.RecordIDs, r.Fingerprint} }

// DiscardJob is the jobs.Handler of KindDiscard.
func (e *Engine) DiscardJob(ctx context.Context, run *jobs.Run) error {
	var r admin.DiscardRequest
	if err := run.Args(&r); err != nil {
		return err
	}
	if r.DryRun {
		run.Counts["would_discard"] = run.Total
		return nil
	}
	return e.walk(ctx, run, parked(r), r.Rate, func(tx *gorm.DB, ids []string) error {
		n, err := e.discard(tx, ids, discarded{Reason: r.Reason, By: run.By, At: time.Now().UTC()})
		run.Counts["discarded"] += int64(n)
		return err
	}, e.o.Committed)
}

// discardSQL passes over what is no longer parked by now. The token makes the report newer than the last one.
const discardSQL = `
WITH parked AS MATERIALIZED (
    SELECT local_id FROM links WHERE kind = @kind AND local_id IN @ids AND ` + parkedOnes + ` ORDER BY local_id FOR UPDATE)
UPDATE links SET state = 'discarded', fingerprint = NULL, failing_since = NULL, discarded = CAST(@why AS jsonb),
    line = CASE WHEN jsonb_typeof(line) = 'object' THEN jsonb_set(line, '{state}', '"discarded"') ELSE line END,
    lease_token = lease_token + 1, updated_at = clock_timestamp()
WHERE kind = @kind AND local_id IN (SELECT local_id FROM parked)
RETURNING *`

// discard gives parked records up, tells the catalog, and settles their lines in the ledger. It returns how many it were.
func (e *Engine) discard(tx *gorm.DB, ids []string, why discarded) (n int, err error) {
	encoded, err := json.Marshal(why)
	if err != nil {
		return 0, fmt.Errorf("discard: %w", err)
	}
	var rows []*link
	if err := tx.Raw(discardSQL, map[string]any{"kind": e.o.Kind, "ids": ids, "why": string(encoded)}).Scan(&rows).Error; err != nil {
		return 0, fmt.Errorf("discard: %w", err)
	}
	var reports []event.Envelope
	var entries ledger.Entries
	for _, l := range rows {
		reports = append(reports, event.NewState(e.stateOf(l)))
		l.listDiscard(&entries, why.Reason)
	}
	if err := outbox.Append(tx, messages(reports)...); err != nil {
		return 0, err
	}
	if !e.keepsLedger() {
		return len(rows), nil
	}
	return len(rows), ledger.Append(tx, entries)
}

// listDiscard ends the line of the change that is given up. A failure that has none, such as one to look at the remote,
// gets one.
func (l *link) listDiscard(entries *ledger.Entries, reason string) {
	if l.Line != nil {
		entries.Settled = append(entries.Settled, ledger.Settlement{ChangeID: l.Line.ID, State: admin.StateDiscarded, Skip: reason})
		return
	}
	entries.Changes = append(entries.Changes, ledger.Change{
		Direction: admin.Outbound, Kind: l.Kind, RecordID: l.LocalID, RemoteID: l.RemoteID, Origin: "catalog",
		Op: "update", Version: l.DesiredVersion, State: admin.StateDiscarded, Skip: reason,
	})
}
