package customers

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// Trial asks what the catalog would say to new customers, without creating them. It has no request for that, so it is asked for what it
// must refuse, twice over: to update the customer with the id that nobody has, in a field that there is not. To that it answers with
// everything that is wrong with the other fields, too.
type Trial struct{ Client }

// noField is the name of the field that there is not.
const noField = "datasync_dry_run"

// Create implements importer.Target. Nothing is created.
func (t Trial) Create(ctx context.Context, customers []json.RawMessage, _ string) (refused []*admin.Problem, before bool, err error) {
	operations := make([]operation, len(customers))
	for i, customer := range customers {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(customer, &fields); err != nil {
			return nil, false, fmt.Errorf("read a customer: %w", err)
		}
		fields[noField] = json.RawMessage("null")
		encoded, err := json.Marshal(fields)
		if err != nil {
			return nil, false, fmt.Errorf("encode a customer: %w", err)
		}
		operations[i] = operation{Op: "update", ID: uuid.Nil.String(), Customer: encoded}
	}
	results, _, err := t.batch(ctx, operations, "")
	if err != nil {
		return nil, false, err
	}
	refused = make([]*admin.Problem, len(results))
	for i, problem := range results {
		if refused[i], err = withoutTrial(problem); err != nil {
			return nil, false, err
		}
	}
	return refused, false, nil
}

// withoutTrial is what is wrong but for the trial itself; nil for nothing.
func withoutTrial(p *admin.Problem) (*admin.Problem, error) {
	own := func(d admin.ProblemDetail) bool { return d.Pointer == "/"+noField }
	if p == nil || p.Status != http.StatusUnprocessableEntity || !slices.ContainsFunc(p.Errors, own) {
		return nil, fmt.Errorf("the catalog does not check values as this version of the program expects; update both to the same version")
	}
	rest := *p
	rest.Errors = slices.DeleteFunc(slices.Clone(p.Errors), own)
	if len(rest.Errors) == 0 {
		return nil, nil //nolint:nilnil // nothing is wrong
	}
	return &rest, nil
}
