package admin

import (
	"context"
	"net/url"
	"strconv"
	"time"
)

// get reads one value.
func get[T any](ctx context.Context, c *Client, path string, query url.Values) (answer T, err error) {
	err = c.Get(ctx, path, query, &answer)
	return answer, err
}

func (p Page) values() url.Values {
	query := url.Values{}
	set(query, "cursor", p.Cursor)
	if p.Limit > 0 {
		query.Set("limit", strconv.Itoa(p.Limit))
	}
	return query
}

func set(query url.Values, name, value string) {
	if value != "" {
		query.Set(name, value)
	}
}

func (w Window) into(query url.Values) {
	if !w.Since.IsZero() {
		query.Set("since", w.Since.UTC().Format(time.RFC3339Nano))
	}
	if !w.Until.IsZero() {
		query.Set("until", w.Until.UTC().Format(time.RFC3339Nano))
	}
}

// Status returns the state of the service.
func (c *Client) Status(ctx context.Context) (Status, error) {
	return get[Status](ctx, c, "/admin/v1/status", nil)
}

// Series returns a point for each minute of the window in which something happened, oldest first.
func (c *Client) Series(ctx context.Context, w Window) ([]Point, error) {
	query := url.Values{}
	w.into(query)
	list, err := get[List[Point]](ctx, c, "/admin/v1/series", query)
	return list.Data, err
}

// Changes returns a page of the ledger, newest first.
func (c *Client) Changes(ctx context.Context, f ChangeFilter) (List[Change], error) {
	query := f.values()
	f.into(query)
	set(query, "record_id", f.RecordID)
	set(query, "direction", f.Direction)
	set(query, "state", f.State)
	set(query, "q", f.Search)
	return get[List[Change]](ctx, c, "/admin/v1/changes", query)
}

// Change returns one line of the ledger with its attempts.
func (c *Client) Change(ctx context.Context, id string) (Change, error) {
	return get[Change](ctx, c, "/admin/v1/changes/"+url.PathEscape(id), nil)
}

// Timeline returns a page of everything that happened to one record at this service, newest first, with attempts and
// conflicts folded in.
func (c *Client) Timeline(ctx context.Context, recordID string, p Page) (List[Change], error) {
	return get[List[Change]](ctx, c, "/admin/v1/records/"+url.PathEscape(recordID)+"/timeline", p.values())
}

// Links returns a page of records as the connector knows them.
func (c *Client) Links(ctx context.Context, f LinkFilter) (List[Link], error) {
	query := f.values()
	set(query, "state", f.State)
	set(query, "remote_id", f.RemoteID)
	set(query, "class", f.Class)
	set(query, "field", f.Field)
	set(query, "fingerprint", f.Fingerprint)
	return get[List[Link]](ctx, c, "/admin/v1/links", query)
}

// Link returns one record as the connector knows it; now also asks the remote.
func (c *Client) Link(ctx context.Context, recordID string, now bool) (Link, error) {
	query := url.Values{}
	if now {
		query.Set("remote", "now")
	}
	return get[Link](ctx, c, "/admin/v1/links/"+url.PathEscape(recordID), query)
}

// Failures returns what fails, grouped by reason, the largest group first.
func (c *Client) Failures(ctx context.Context) ([]FailureGroup, error) {
	list, err := get[List[FailureGroup]](ctx, c, "/admin/v1/failures", nil)
	return list.Data, err
}

// Conflicts returns a page of conflicts.
func (c *Client) Conflicts(ctx context.Context, f ConflictFilter) (List[Conflict], error) {
	query := f.values()
	set(query, "record_id", f.RecordID)
	if f.Open {
		query.Set("open", "true")
	}
	return get[List[Conflict]](ctx, c, "/admin/v1/conflicts", query)
}

// Conflict returns one conflict.
func (c *Client) Conflict(ctx context.Context, id string) (Conflict, error) {
	return get[Conflict](ctx, c, "/admin/v1/conflicts/"+url.PathEscape(id), nil)
}

// Queues returns the service's queues.
func (c *Client) Queues(ctx context.Context) ([]Queue, error) {
	list, err := get[List[Queue]](ctx, c, "/admin/v1/queues", nil)
	return list.Data, err
}

// DeadLetters returns a page of what could not be handled; state "" means all.
func (c *Client) DeadLetters(ctx context.Context, state string, p Page) (List[DeadLetter], error) {
	query := p.values()
	set(query, "state", state)
	return get[List[DeadLetter]](ctx, c, "/admin/v1/dead-letters", query)
}

// DeadLetter returns one, with its body.
func (c *Client) DeadLetter(ctx context.Context, id string) (DeadLetter, error) {
	return get[DeadLetter](ctx, c, "/admin/v1/dead-letters/"+url.PathEscape(id), nil)
}

// Control returns what operators want of the service.
func (c *Client) Control(ctx context.Context) (Control, error) {
	return get[Control](ctx, c, "/admin/v1/control", nil)
}

// Workers returns the live replicas.
func (c *Client) Workers(ctx context.Context) ([]Instance, error) {
	list, err := get[List[Instance]](ctx, c, "/admin/v1/workers", nil)
	return list.Data, err
}

// Jobs returns a page of jobs.
func (c *Client) Jobs(ctx context.Context, p Page) (List[Job], error) {
	return get[List[Job]](ctx, c, "/admin/v1/jobs", p.values())
}

// Job returns one job.
func (c *Client) Job(ctx context.Context, id string) (Job, error) {
	return get[Job](ctx, c, "/admin/v1/jobs/"+url.PathEscape(id), nil)
}

// Findings returns a page of what a reconcile found, in the order in which it did.
func (c *Client) Findings(ctx context.Context, jobID string, p Page) (List[Finding], error) {
	return get[List[Finding]](ctx, c, "/admin/v1/reconciles/"+url.PathEscape(jobID)+"/findings", p.values())
}

// Audit returns a page of what operators did.
func (c *Client) Audit(ctx context.Context, p Page) (List[AuditEntry], error) {
	return get[List[AuditEntry]](ctx, c, "/admin/v1/audit", p.values())
}

// Config returns the effective configuration, secrets masked.
func (c *Client) Config(ctx context.Context) ([]Setting, error) {
	list, err := get[List[Setting]](ctx, c, "/admin/v1/config", nil)
	return list.Data, err
}

// Keys returns the API keys.
func (c *Client) Keys(ctx context.Context) ([]Key, error) {
	list, err := get[List[Key]](ctx, c, "/admin/v1/keys", nil)
	return list.Data, err
}

// WebhookEndpoint returns the connector's endpoint at the remote as it is now.
func (c *Client) WebhookEndpoint(ctx context.Context) (WebhookEndpoint, error) {
	return get[WebhookEndpoint](ctx, c, "/admin/v1/webhook-endpoint", nil)
}
