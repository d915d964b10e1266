package connector

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/postgres"
	"github.com/datasync-dev/datasync/pkg/tracing"
)

// outcome says in the inbox what a notice came to.
type outcome string

const (
	outcomeCheck   outcome = "check"   // the record will be compared with the remote
	outcomeEcho    outcome = "echo"    // caused by a call of our own, whose reply tells the same
	outcomeIgnored outcome = "ignored" // about nothing that is synced
	// outcomeOverwrote is for a call of our own which replaced a value that nobody had seen.
	outcomeOverwrote outcome = "overwrote"
	// outcomeDuplicate is for a notice that was stored before; it is in no inbox.
	outcomeDuplicate outcome = "duplicate"
)

// arrival is a notice with what it comes to: a row of the inbox, and what it does to a link.
type arrival struct {
	EventID     string      `json:"event_id"`
	Type        string      `json:"type"`
	RemoteID    string      `json:"remote_id"`
	Outcome     outcome     `json:"outcome"`
	Reason      string      `json:"reason"`
	Raise       string      `json:"raise,omitempty"`       // local id of the link whose check is raised
	Adopt       string      `json:"adopt,omitempty"`       // local id of the link that is made for an unknown object
	Overwritten []overwrite `json:"overwritten,omitempty"` // for the link to raise
	Trace       string      `json:"trace,omitempty"`       // traceparent of the request that brought it
	About       string      `json:"-"`                     // local id of the link that it is about
}

// Notify takes in a notice that came by itself, from a webhook. Nil means stored; a notice that was stored before changes nothing.
// Any error means that it is not stored and has to be sent again. Notices that arrive at the same time share a
// transaction.
func (e *Engine) Notify(ctx context.Context, n Notice) error {
	if err := e.take(ctx, n); err != nil {
		return err
	}
	now := time.Now()
	e.noticed.Store(&now)
	return nil
}

// take takes in a notice, however it came.
func (e *Engine) take(ctx context.Context, n Notice) error {
	n.trace = tracing.Parent(ctx)
	result, err := e.notices.Do(ctx, n)
	if err != nil {
		return fmt.Errorf("store notice %s: %w", n.EventID, err)
	}
	e.metrics.notices.WithLabelValues(string(result)).Inc()
	return nil
}

// takeIn stores notices and says what each came to. The links are read before: an answer that a worker commits in
// between makes an echo look like news at worst, and then costs a read.
func (e *Engine) takeIn(ctx context.Context, notices []Notice) ([]outcome, error) {
	links, err := e.findLinks(ctx, notices)
	if err != nil {
		return nil, err
	}
	results := make([]outcome, len(notices))
	arrivals := make([]arrival, 0, len(notices))
	first := make(map[string]int, len(notices)) // by event id
	for i, n := range notices {
		if _, twice := first[n.EventID]; twice {
			results[i] = outcomeDuplicate
			continue
		}
		first[n.EventID] = i
		a := e.judgeNotice(links.of(n), n)
		results[i], arrivals = a.Outcome, append(arrivals, a)
	}
	fresh, err := e.storeArrivals(ctx, arrivals)
	if err != nil {
		return nil, err
	}
	for id, i := range first {
		if !slices.Contains(fresh, id) {
			results[i] = outcomeDuplicate
		}
	}
	return results, nil
}

// judgeNotice decides what a notice comes to. l is the link that it is about, or nil.
func (e *Engine) judgeNotice(l *link, n Notice) arrival {
	a := arrival{EventID: n.EventID, Type: n.Type, RemoteID: n.RemoteID, Outcome: outcomeCheck, Trace: n.trace}
	switch {
	case n.Ignore != "" || n.RemoteID == "":
		a.Outcome, a.Reason = outcomeIgnored, n.Ignore
		return a
	case l == nil && n.Gone:
		a.Outcome, a.Reason = outcomeIgnored, "deleted before it was ever synced"
		return a
	case l == nil:
		a.Adopt = AdoptedID(e.o.Name, n.RemoteID)
		return a
	}
	a.About = l.LocalID
	lost, late := e.overwrote(l, n)
	switch {
	case late:
		a.Overwritten, a.Raise = lost, l.LocalID
	case len(lost) > 0:
		a.Outcome, a.Overwritten, a.Raise = outcomeOverwrote, lost, l.LocalID
	case e.isEcho(l, n):
		a.Outcome = outcomeEcho
	default:
		a.Raise = l.LocalID
	}
	return a
}

// storeSQL stores what is not in the inbox yet and does what that asks for, in one statement. Rows are locked in the
// order of their keys, so that two of these never wait for each other. An object that is new gets a link; its local id
// follows from the remote's id, so that doing it twice, or on two replicas at once, gives the same record.
const storeSQL = `
WITH arrived AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(?::jsonb) AS a (event_id text, type text, remote_id text, outcome text, reason text,
        raise uuid, adopt uuid, overwritten jsonb, trace text)),
fresh AS (
    INSERT INTO inbox (event_id, type, remote_id, outcome, reason)
    SELECT event_id, type, remote_id, outcome, reason FROM arrived ORDER BY event_id
    ON CONFLICT DO NOTHING RETURNING event_id),
raises AS MATERIALIZED (
    SELECT raise AS local_id, count(*) AS checks, max(event_id) AS event_id,
        COALESCE((array_agg(trace ORDER BY event_id DESC))[1], '') AS trace,
        jsonb_path_query_array(jsonb_agg(overwritten) FILTER (WHERE overwritten IS NOT NULL), '$[*][*]') AS overwritten
    FROM arrived JOIN fresh USING (event_id) WHERE raise IS NOT NULL GROUP BY raise),
locked AS MATERIALIZED (
    SELECT l.local_id FROM links l JOIN raises USING (local_id) WHERE l.kind = ? ORDER BY l.local_id FOR UPDATE OF l),
raised AS (
    UPDATE links l SET checks = l.checks + r.checks, event_id = r.event_id, event_trace = r.trace, bulk = false, due_at = COALESCE(l.due_at, now()), updated_at = clock_timestamp(),
        overwritten = CASE WHEN r.overwritten IS NULL THEN l.overwritten ELSE COALESCE(l.overwritten, '[]') || r.overwritten END
    FROM raises r JOIN locked USING (local_id) WHERE l.kind = ? AND l.local_id = r.local_id),
adopted AS (
    INSERT INTO links (kind, local_id, remote_id, generation, checks, event_id, event_trace, due_at)
    SELECT DISTINCT ON (adopt) ?, adopt, remote_id, 1, 1, event_id, COALESCE(trace, ''), now()
    FROM arrived JOIN fresh USING (event_id) WHERE adopt IS NOT NULL ORDER BY adopt
    ON CONFLICT (kind, local_id) DO UPDATE SET checks = links.checks + 1, due_at = COALESCE(links.due_at, now()))`

// storeArrivals returns the ids of those that were not stored before.
func (e *Engine) storeArrivals(ctx context.Context, arrivals []arrival) (fresh []string, err error) {
	encoded, err := json.Marshal(arrivals)
	if err != nil {
		return nil, fmt.Errorf("encode notices: %w", err)
	}
	query, args := storeSQL, []any{string(encoded), e.o.Kind, e.o.Kind, e.o.Kind}
	echoes := e.echoes(arrivals)
	if len(echoes) > 0 {
		listed, err := ledger.Those(echoes, "event_id IN (SELECT event_id FROM fresh)")
		if err != nil {
			return nil, err
		}
		query, args = query+",\nlisted AS ("+listed.SQL+")", append(args, listed.Args...)
	}
	ids := raised(arrivals)
	all, err := e.storeAndClaim(ctx, arrived{
		store: postgres.Statement{SQL: query + "\nSELECT event_id FROM fresh", Args: args}, ids: ids,
		read: func(rows pgx.Rows) (err error) {
			fresh, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		},
	})
	if len(ids) > 0 && !all {
		e.Wake()
	}
	if err == nil && e.keepsLedger() {
		e.o.Ledger.Count(ledger.Entries{Changes: slices.DeleteFunc(echoes, func(c ledger.Change) bool {
			return !slices.Contains(fresh, c.EventID)
		})})
	}
	return fresh, err
}

// raised are the links that notices ask to be looked at.
func raised(arrivals []arrival) (ids []string) {
	for _, a := range arrivals {
		if id := cmp.Or(a.Raise, a.Adopt); id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// echoes are the lines of notices that asked for nothing. What asks for a look gets its line when that is done.
func (e *Engine) echoes(arrivals []arrival) (lines []ledger.Change) {
	if !e.keepsLedger() {
		return nil
	}
	for _, a := range arrivals {
		if a.Outcome == outcomeEcho {
			lines = append(lines, ledger.Change{
				Direction: admin.Inbound, Kind: e.o.Kind, RecordID: a.About, RemoteID: a.RemoteID, Origin: e.o.Name, Op: "check",
				State: admin.StateSkipped, Skip: "echo", EventID: a.EventID, TraceID: tracing.IDOf(a.Trace),
			})
		}
	}
	return lines
}

// known are links by what a notice may know of them.
type known struct{ byRemote, byLocal map[string]*link }

// of finds the link that a notice is about: by the remote's id, else by our mark, which also finds one whose create
// crashed before the id was written. A mark of a record that we do not have was made by another installation: nil.
func (k known) of(n Notice) *link {
	if l, ok := k.byRemote[n.RemoteID]; ok {
		return l
	}
	return k.byLocal[n.LocalID]
}

// findSQL looks up each id by itself. Asked for all at once, PostgreSQL reads the whole table as long as it believes it
// to be small, which it does of one that is growing fast.
const findSQL = `
SELECT l.* FROM unnest($2::text[]) AS wanted (id) CROSS JOIN LATERAL (
    SELECT local_id, remote_id, intent, last_key, pushes, doubt, shadow, version
    FROM links WHERE kind = $1 AND remote_id = wanted.id LIMIT 1) AS l
UNION ALL
SELECT l.* FROM unnest($3::uuid[]) AS wanted (id) CROSS JOIN LATERAL (
    SELECT local_id, coalesce(remote_id, ''), intent, last_key, pushes, doubt, shadow, version
    FROM links WHERE kind = $1 AND local_id = wanted.id LIMIT 1) AS l`

// findLinks reads the links that notices are about.
func (e *Engine) findLinks(ctx context.Context, notices []Notice) (known, error) {
	found := known{map[string]*link{}, map[string]*link{}}
	remotes, locals := []string{}, []string{}
	for _, n := range notices {
		if n.RemoteID == "" || n.Ignore != "" {
			continue
		}
		remotes = append(remotes, n.RemoteID)
		if id, err := uuid.Parse(n.LocalID); err == nil && id.String() == n.LocalID {
			locals = append(locals, n.LocalID)
		}
	}
	if len(remotes) == 0 {
		return found, nil
	}
	var links []*link
	err := postgres.OnConn(ctx, e.o.DB, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, findSQL, e.o.Kind, remotes, locals)
		if err != nil {
			return err
		}
		links, err = pgx.CollectRows(rows, pgx.RowToAddrOfStructByNameLax[link])
		return err
	})
	for _, l := range links {
		found.byLocal[l.LocalID] = l
		if l.RemoteID != "" {
			found.byRemote[l.RemoteID] = l
		}
	}
	return found, err
}

// ours reports whether a call of this connector caused the notice.
func (e *Engine) ours(n Notice) bool { return strings.HasPrefix(n.Key, KeyPrefix(e.o.Name)) }

// overwrote returns what the update that caused the notice overwrote unseen. late: the update took effect after a newer
// one, or its outcome was unknown until now: the object has to be looked at.
func (e *Engine) overwrote(l *link, n Notice) (lost []overwrite, late bool) {
	p, ok := l.pushOf(n.Key)
	if !ok || !e.ours(n) {
		return nil, false
	}
	if n.Before != nil {
		lost = p.overwrote(n.Before, n.BeforeVersion, time.Now())
		for i, o := range lost {
			lost[i].Ours = l.setByUs(p, o)
			late = late || lost[i].Ours
		}
	}
	if p.Unknown {
		lost, late = append(lost, overwrite{Landed: p.Key}), true
	}
	return lost, late
}

// isEcho reports whether the notice tells only what a call of ours did, whose answer tells the same: the call under way,
// one that was answered, or one that left the object as we know it.
func (e *Engine) isEcho(l *link, n Notice) bool {
	if !e.ours(n) || n.Gone {
		return false
	}
	_, pushed := l.pushOf(n.Key)
	underWay := l.Intent != nil && l.Intent.Key == n.Key
	return pushed || underWay || l.LastKey == n.Key || (n.Fields != nil && l.Shadow != nil && n.Fields.Equal(l.Shadow))
}

// AdoptedID is the local id of a record that was made at the remote: a UUIDv5 of the connector's name and the
// remote's id.
func AdoptedID(name, remoteID string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("datasync:"+name+":"+remoteID)).String()
}
