package admin

import (
	"context"
	"net/http"
	"net/url"
)

// act makes a request that changes something.
func act[T any](ctx context.Context, c *Client, method, path string, body any) (answer T, err error) {
	err = c.Do(ctx, method, path, body, &answer)
	return answer, err
}

// SetControl changes what operators want; patch is a merge patch of Control, such as {"workers": 8}.
func (c *Client) SetControl(ctx context.Context, patch map[string]any) (Control, error) {
	return act[Control](ctx, c, http.MethodPatch, "/admin/v1/control", patch)
}

// Act does one of the Action... to a link.
func (c *Client) Act(ctx context.Context, recordID, action string) (Link, error) {
	return act[Link](ctx, c, http.MethodPost, "/admin/v1/links/"+url.PathEscape(recordID)+"/"+action, nil)
}

// LinkTo links a record that has no remote object to one that belongs to nobody.
func (c *Client) LinkTo(ctx context.Context, recordID, remoteID string) (Link, error) {
	body := map[string]string{"remote_id": remoteID}
	return act[Link](ctx, c, http.MethodPost, "/admin/v1/links/"+url.PathEscape(recordID)+"/link", body)
}

// Retry un-parks records.
func (c *Client) Retry(ctx context.Context, r RetryRequest) (Job, error) {
	return act[Job](ctx, c, http.MethodPost, "/admin/v1/failures/retry", r)
}

// DiscardFailures gives parked records up.
func (c *Client) DiscardFailures(ctx context.Context, r DiscardRequest) (Job, error) {
	return act[Job](ctx, c, http.MethodPost, "/admin/v1/failures/discard", r)
}

// Replay sends dead letters to their queue again.
func (c *Client) Replay(ctx context.Context, r ReplayRequest) (Job, error) {
	return act[Job](ctx, c, http.MethodPost, "/admin/v1/dead-letters/replay", r)
}

// Discard gives a dead letter up.
func (c *Client) Discard(ctx context.Context, id, reason string) (DeadLetter, error) {
	return act[DeadLetter](ctx, c, http.MethodPost, "/admin/v1/dead-letters/"+url.PathEscape(id)+"/discard", ReasonRequest{reason})
}

// Reconcile starts a comparison of everything.
func (c *Client) Reconcile(ctx context.Context, r ReconcileRequest) (Job, error) {
	return act[Job](ctx, c, http.MethodPost, "/admin/v1/reconciles", r)
}

// Backfill makes the catalog tell its connectors about every customer again.
func (c *Client) Backfill(ctx context.Context, r BackfillRequest) (Job, error) {
	return act[Job](ctx, c, http.MethodPost, "/admin/v1/backfill", r)
}

// CancelJob stops a job; what it did stays done.
func (c *Client) CancelJob(ctx context.Context, id string) (Job, error) {
	return act[Job](ctx, c, http.MethodPost, "/admin/v1/jobs/"+url.PathEscape(id)+"/cancel", nil)
}

// ResolveConflict settles an open conflict: the field gets this value on both sides.
func (c *Client) ResolveConflict(ctx context.Context, id, value string) (Conflict, error) {
	return act[Conflict](ctx, c, http.MethodPost, "/admin/v1/conflicts/"+url.PathEscape(id)+"/resolve", ResolveRequest{Value: &value})
}

// TakeConflict settles an open conflict: the field gets the value of this side, catalog or the remote's name, on both.
func (c *Client) TakeConflict(ctx context.Context, id, side string) (Conflict, error) {
	return act[Conflict](ctx, c, http.MethodPost, "/admin/v1/conflicts/"+url.PathEscape(id)+"/resolve", ResolveRequest{Take: side})
}

// CreateKey makes an API key.
func (c *Client) CreateKey(ctx context.Context, r KeyRequest) (Key, error) {
	return act[Key](ctx, c, http.MethodPost, "/admin/v1/keys", r)
}

// RotateKey makes a new secret for a key.
func (c *Client) RotateKey(ctx context.Context, id string, r RotateRequest) (Key, error) {
	return act[Key](ctx, c, http.MethodPost, "/admin/v1/keys/"+url.PathEscape(id)+"/rotate", r)
}

// RevokeKey ends a key within seconds.
func (c *Client) RevokeKey(ctx context.Context, id string) error {
	return c.Do(ctx, http.MethodDelete, "/admin/v1/keys/"+url.PathEscape(id), nil, nil)
}

// EnsureWebhookEndpoint makes the connector's endpoint at the remote, or adopts and repairs the one that is there.
func (c *Client) EnsureWebhookEndpoint(ctx context.Context, publicURL string) (WebhookEndpoint, error) {
	return act[WebhookEndpoint](ctx, c, http.MethodPut, "/admin/v1/webhook-endpoint", map[string]string{"url": publicURL})
}
