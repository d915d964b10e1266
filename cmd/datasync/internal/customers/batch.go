package customers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// operation is one of a batch.
type operation struct {
	Op       string          `json:"op"`
	Customer json.RawMessage `json:"customer"`
}

// Bulk creates customers in batches.
type Bulk struct {
	Client

	DryRun bool // creates nothing, and says what the catalog would refuse
}

// Create implements importer.Target.
func (b Bulk) Create(ctx context.Context, customers []json.RawMessage, key string) (refused []*admin.Problem, before bool, err error) {
	operations := make([]operation, len(customers))
	for i, customer := range customers {
		operations[i] = operation{Op: "create", Customer: customer}
	}
	request := admin.Request{
		Method: http.MethodPost, Path: path + "/batch", Header: Write{Key: key}.header(), Body: map[string]any{"operations": operations},
	}
	if b.DryRun {
		request.Query = url.Values{"dry_run": {"true"}}
	}
	response, err := b.Send(ctx, request)
	if err != nil {
		return nil, false, err
	}
	var answer struct {
		DryRun bool `json:"dry_run"`
		Data   []struct {
			Problem *admin.Problem `json:"problem"`
		} `json:"data"`
	}
	err = json.NewDecoder(response.Body).Decode(&answer)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return nil, false, fmt.Errorf("read the answer: %w", err)
	}
	if answer.DryRun != b.DryRun {
		return nil, false, fmt.Errorf("the catalog is older than this program and did not try the rows only; update it")
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
