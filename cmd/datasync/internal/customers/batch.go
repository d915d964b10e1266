package customers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// operation is one of a batch.
type operation struct {
	Op       string          `json:"op"`
	ID       string          `json:"id,omitempty"`
	Customer json.RawMessage `json:"customer"`
}

// Bulk creates customers in batches.
type Bulk struct{ Client }

// Create implements importer.Target.
func (b Bulk) Create(ctx context.Context, customers []json.RawMessage, key string) (refused []*admin.Problem, before bool, err error) {
	operations := make([]operation, len(customers))
	for i, customer := range customers {
		operations[i] = operation{Op: "create", Customer: customer}
	}
	return b.batch(ctx, operations, key)
}

// batch does operations in one request, and returns what is wrong with each: nil for nothing. Before reports that the answer is that of
// an earlier request with the same key.
func (c Client) batch(ctx context.Context, operations []operation, key string) (refused []*admin.Problem, before bool, err error) {
	response, err := c.Send(ctx, admin.Request{
		Method: http.MethodPost, Path: path + "/batch", Header: Write{Key: key}.header(), Body: map[string]any{"operations": operations},
	})
	if err != nil {
		return nil, false, err
	}
	var answer struct {
		Data []struct {
			Problem *admin.Problem `json:"problem"`
		} `json:"data"`
	}
	err = json.NewDecoder(response.Body).Decode(&answer)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return nil, false, fmt.Errorf("read the answer: %w", err)
	}
	if len(answer.Data) != len(operations) {
		return nil, false, fmt.Errorf("the answer has %d results for %d customers", len(answer.Data), len(operations))
	}
	refused = make([]*admin.Problem, len(operations))
	for i, one := range answer.Data {
		refused[i] = one.Problem
	}
	return refused, response.Header.Get("Idempotent-Replayed") == "true", nil
}
