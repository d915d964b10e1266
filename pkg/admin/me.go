package admin

import "context"

// ActorHeader names the person for whom a client acts, such as one who is logged in to the console. The audit shows
// both: "console (ada)". It grants nothing: what is allowed depends on the key alone.
const ActorHeader = "X-DataSync-Actor"

// Me is whose key made the request: GET /admin/v1/me. Any valid key may ask.
type Me struct {
	ID     string   `json:"id"`
	Name   string   `json:"name"`
	Scopes []string `json:"scopes"`
}

// Me returns whose key the client uses.
func (c *Client) Me(ctx context.Context) (Me, error) {
	return get[Me](ctx, c, "/admin/v1/me", nil)
}
