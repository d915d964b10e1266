package connector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/outbox"
	"github.com/datasync-dev/datasync/pkg/postgres"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
)

// notCommitted means that a turn's work could not be written back: the lease was lost, or the database is away. The
// row is left as it is; whoever holds it next starts from its intent.
type notCommitted struct{ err error }

func (e *notCommitted) Error() string { return "link not written back: " + e.err.Error() }
func (e *notCommitted) Unwrap() error { return e.err }

// errLeaseLost: the lease ran out and another worker has taken the row.
var errLeaseLost = errors.New("the lease was lost")

// saveSQL writes the worker's columns. The due time is null at rest, and now when an input arrived during the turn. In the
// middle of a turn it stays, and with it every value that is in an index: such an update is cheap.
const saveSQL = `
UPDATE links SET remote_id = NULLIF(?, ''), shadow = ?::jsonb, version = ?, generation = ?, seq = ?, pending = ?::jsonb,
    intent = ?::jsonb, line = ?::jsonb, last_key = ?, pushes = ?::jsonb,
    overwritten = (SELECT jsonb_agg(o ORDER BY i) FROM jsonb_array_elements(overwritten) WITH ORDINALITY AS t (o, i) WHERE i > ?),
    forced = CASE WHEN forced = ? THEN 0 ELSE forced END, repair = CASE WHEN NOT ? THEN repair END,
    doubt = ?::jsonb, checked = ?, gone = ?, state = ?, error = ?::jsonb, attempts = ?, held = ?, marked = ?,
    looked_at = CASE WHEN ? THEN now() ELSE looked_at END, fingerprint = NULLIF(?, ''),
    failing_since = CASE WHEN ? = '' THEN NULL ELSE COALESCE(failing_since, now()) END, updated_at = clock_timestamp(),
    lease_owner = CASE WHEN ? THEN lease_owner ELSE '' END,
    due_at = CASE WHEN ? THEN due_at WHEN NOT ? AND (desired_version > ? OR checks > ?) THEN now() ELSE now() + make_interval(secs => ?) END
WHERE kind = ? AND local_id = ? AND lease_token = ?`

// hold commits the link in the middle of a turn, under the same lease.
func (j *job) hold(ctx context.Context) error { return j.save(ctx, schedule{held: true}) }

// keepLease renews the lease if it could run out during a call: after slow ones, another worker would take the row over
// and be no faster.
func (j *job) keepLease(ctx context.Context) error {
	l, now := j.link, time.Now()
	if l.leasedUntil.Sub(now) > j.o.CallTimeout {
		return nil
	}
	result := j.o.DB.WithContext(ctx).Exec(
		`UPDATE links SET due_at = now() + make_interval(secs => ?) WHERE kind = ? AND local_id = ? AND lease_token = ?`,
		j.o.Lease.Seconds(), l.Kind, l.LocalID, l.LeaseToken)
	switch {
	case result.Error != nil:
		return &notCommitted{fmt.Errorf("renew lease: %w", result.Error)}
	case result.RowsAffected == 0:
		return &notCommitted{errLeaseLost}
	}
	l.leasedUntil = now.Add(j.o.Lease)
	return nil
}

// release commits the link at the end of a turn and gives the lease up.
func (j *job) release(ctx context.Context, next schedule) error { return j.save(ctx, next) }

// save writes the link and the messages that go with it in one transaction.
func (j *job) save(ctx context.Context, next schedule) error {
	statement, err := j.statement(ctx, next)
	if err == nil {
		err = j.commit(ctx, statement)
	}
	if err != nil {
		return &notCommitted{err}
	}
	if len(j.out) > 0 {
		j.o.Committed()
	}
	if j.keepsLedger() {
		j.o.Ledger.Count(j.entries)
	}
	j.link.Held = j.waits
	j.out, j.entries, j.conceded, j.overruled, j.looked = nil, ledger.Entries{}, 0, 0, false
	return nil
}

// statement writes the link, and with it, in the same round trip, the messages and the lines of the ledger. Where the
// lease is lost it fails.
func (j *job) statement(ctx context.Context, next schedule) (postgres.Statement, error) {
	args, err := j.columns(next)
	if err != nil {
		return postgres.Statement{}, err
	}
	sent, err := outbox.Statements(ctx, messages(j.out)...)
	if err != nil {
		return postgres.Statement{}, err
	}
	listed, err := j.entries.Statements()
	if err != nil {
		return postgres.Statement{}, err
	}
	return fenced(postgres.Statement{SQL: saveSQL, Args: args}, append(sent, listed...)...), nil
}

func (j *job) columns(next schedule) ([]any, error) {
	l := j.link
	encoded := make([]any, 0, 7)
	for _, value := range []any{l.Shadow, l.Pending, l.Intent, l.Doubt, l.Error, l.Pushes, l.Line} {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("encode link: %w", err)
		}
		if string(text) == "null" {
			encoded = append(encoded, nil)
		} else {
			encoded = append(encoded, string(text))
		}
	}
	var delay *float64
	if next.delay != nil {
		seconds := next.delay.Seconds()
		delay = &seconds
	}
	return []any{
		l.RemoteID, encoded[0], l.Version, l.Generation, l.Seq, encoded[1],
		encoded[2], encoded[6], l.LastKey, encoded[5], j.conceded, j.overruled, l.Repair == nil,
		encoded[3], l.Checked, l.Gone, l.State, encoded[4], l.Attempts, j.waits, l.Marked,
		j.looked, fingerprint(l.Error), fingerprint(l.Error),
		next.held, next.held, next.strict, j.seenVersion, j.seenChecks, delay,
		l.Kind, l.LocalID, l.LeaseToken,
	}, nil
}

func messages(envelopes []event.Envelope) []rabbitmq.Message {
	result := make([]rabbitmq.Message, 0, len(envelopes))
	for _, e := range envelopes {
		result = append(result, rabbitmq.Message{
			Exchange: event.ChangesExchange, Key: e.Type, ID: e.ID, Body: e.JSON(), Time: e.Time,
		})
	}
	return result
}

// resumeSQL takes no row that a worker holds, and none that the remote has refused or asked to wait for. The try that it
// brings forward is no further one: else a remote that fails half of all calls, and opens and closes the breaker with
// them, would drive records into waits that are far longer than its outage. Like the inputs it locks rows in the order of
// their ids, or they would wait for each other.
const resumeSQL = `
WITH waiting AS MATERIALIZED (
    SELECT local_id FROM links WHERE kind = @kind AND due_at > now() AND lease_owner = '' AND error->>'class' IN ('transient', 'operator')
    ORDER BY local_id FOR UPDATE)
UPDATE links SET due_at = now(), attempts = greatest(attempts - 1, 0) FROM waiting
WHERE links.kind = @kind AND links.local_id = waiting.local_id`

// resume makes due at once what is backing off because of an outage that is over. If the database is away, that is done
// before the next claim.
func (e *Engine) resume(ctx context.Context) {
	err := e.o.DB.WithContext(ctx).Exec(resumeSQL, map[string]any{"kind": e.o.Kind}).Error
	if err != nil {
		e.o.Log.WarnContext(ctx, "retries are not brought forward yet after the outage", slog.Any("error", err))
	}
	e.unresumed.Store(err != nil)
	e.Wake()
}

const takeBackSQL = `
WITH held AS MATERIALIZED (
    SELECT local_id FROM links WHERE kind = @kind AND due_at > now() AND lease_owner = @owner ORDER BY local_id FOR UPDATE)
UPDATE links SET due_at = now() FROM held WHERE links.kind = @kind AND links.local_id = held.local_id`

// takeBack ends the leases that an earlier process of this instance died with.
func (e *Engine) takeBack(ctx context.Context) {
	err := e.o.DB.WithContext(ctx).
		Exec(takeBackSQL, map[string]any{"kind": e.o.Kind, "owner": e.o.Instance}).Error
	if err != nil {
		e.o.Log.WarnContext(ctx, "what this instance held before has to wait for its leases to end", slog.Any("error", err))
	}
}
