package drive

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
)

// Simulator turns the knobs of the simulated Stripe and looks into it.
type Simulator struct{ rest *rest }

// NewSimulator returns a client of the simulator's control API.
func NewSimulator(c *cluster.Cluster) *Simulator {
	return &Simulator{newREST(nil, slow, c.Simulator.URL())}
}

// Turn turns knobs.
func (s *Simulator) Turn(ctx context.Context, knobs map[string]any) error {
	answer, err := s.rest.do(ctx, http.MethodPatch, "/_sim/config", "", knobs)
	if err == nil && answer.Status != http.StatusOK {
		err = unexpectedAnswer("turning knobs", answer)
	}
	return err
}

// Calm puts all knobs where nothing fails.
func (s *Simulator) Calm(ctx context.Context) error { return s.Turn(ctx, calm) }

// FindByEmail returns the ids of the customers with this address.
func (s *Simulator) FindByEmail(ctx context.Context, email string) (ids []string, err error) {
	var found struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	err = s.Get(ctx, "/_sim/customers?email="+url.QueryEscape(email), &found)
	for _, c := range found.Data {
		ids = append(ids, c.ID)
	}
	return ids, err
}

// Get reads anything of the simulator.
func (s *Simulator) Get(ctx context.Context, path string, result any) error {
	answer, err := s.rest.do(ctx, http.MethodGet, path, "", nil)
	if err != nil {
		return err
	}
	if answer.Status != http.StatusOK || json.Unmarshal(answer.Body, result) != nil {
		return unexpectedAnswer("GET "+path, answer)
	}
	return nil
}
