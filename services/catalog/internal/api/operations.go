package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datasync-dev/datasync/pkg/auth"
)

// maxBody is the largest body taken.
const maxBody = 1 << 20

const customerPath = "/v1/customers/{id}"

func (s *Server) register(api huma.API) {
	read, write := needs(auth.CustomersRead), needs(auth.CustomersWrite)
	add(s, api, huma.Operation{
		OperationID: "createCustomer", Method: http.MethodPost, Path: "/v1/customers", Security: write,
		DefaultStatus: http.StatusCreated, Summary: "Create a customer", Errors: []int{400, 401, 403, 408, 409, 410, 413, 415, 422, 503},
	}, s.create)
	add(s, api, huma.Operation{
		OperationID: "listCustomers", Method: http.MethodGet, Path: "/v1/customers", Security: read,
		Summary: "List customers, newest first", Errors: []int{400, 401, 403, 503},
	}, s.list)
	add(s, api, huma.Operation{
		OperationID: "getCustomer", Method: http.MethodGet, Path: customerPath, Security: read,
		Summary: "Get a customer", Errors: []int{400, 401, 403, 404, 410, 503},
		Responses: map[string]*huma.Response{"304": {Description: "The client has the present version"}},
	}, s.get)
	add(s, api, huma.Operation{
		OperationID: "updateCustomer", Method: http.MethodPatch, Path: customerPath, Security: write,
		Summary:     "Change some fields of a customer",
		Description: "A merge patch (RFC 7396): null clears a field, a field that is left out stays.",
		Errors:      []int{400, 401, 403, 404, 408, 409, 410, 412, 413, 415, 422, 503},
	}, s.update)
	add(s, api, huma.Operation{
		OperationID: "replaceCustomer", Method: http.MethodPut, Path: customerPath, Security: write,
		Summary: "Replace a customer", Description: "Fields that are left out are cleared.",
		Errors: []int{400, 401, 403, 404, 408, 409, 410, 412, 413, 415, 422, 503},
	}, s.replace)
	add(s, api, huma.Operation{
		OperationID: "deleteCustomer", Method: http.MethodDelete, Path: customerPath, Security: write,
		Summary: "Delete a customer", Description: "Leaves a tombstone, which can be restored. Deleting it again changes nothing.",
		Errors: []int{400, 401, 403, 404, 409, 410, 412, 422, 503},
	}, s.remove)
	add(s, api, huma.Operation{
		OperationID: "restoreCustomer", Method: http.MethodPost, Path: customerPath + "/restore", Security: write,
		Summary: "Restore a deleted customer", Description: "Remotes get a new object for it. Restoring one that lives changes nothing.",
		Errors: []int{400, 401, 403, 404, 409, 410, 412, 422, 503},
	}, s.restore)
	add(s, api, huma.Operation{
		OperationID: "eraseCustomer", Method: http.MethodPost, Path: customerPath + "/erase", Security: needs(auth.Admin),
		Summary: "Erase a customer's personal data for good",
		Description: "Removes it from the catalog, from what connectors keep, and, as their settings say, from the remotes. Leaves an empty " +
			"tombstone, which nothing brings back. Erasing again removes what has come in since.",
		Errors: []int{400, 401, 403, 404, 409, 410, 412, 422, 503},
	}, s.erase)
	add(s, api, huma.Operation{
		OperationID: "batchCustomers", Method: http.MethodPost, Path: "/v1/customers/batch", Security: write,
		Summary: "Write up to 500 customers",
		Description: "All of it is one transaction, but each operation succeeds or fails by itself: data has one result for each, " +
			"in their order; the pointers in a result's problem are relative to its customer. An Idempotency-Key makes the whole batch safe to repeat. " +
			"Remotes get its new customers after those that are created one by one.",
		Errors: []int{400, 401, 403, 408, 409, 413, 415, 422, 503},
	}, s.batch)
	add(s, api, huma.Operation{
		OperationID: "exportCustomers", Method: http.MethodGet, Path: "/v1/customers/export", Security: read,
		Summary: "Stream all customers",
		Description: "In the order of their ids, as NDJSON (a customer on each line, as GET /v1/customers/{id} answers) or CSV. Each is as it was " +
			"at some moment of the export. An export that cannot be finished is cut off, so that it cannot be taken for a whole one.",
		Errors: []int{400, 401, 403, 503}, Responses: exportResponses(),
	}, s.export)
	add(s, api, huma.Operation{
		OperationID: "listCustomerConflicts", Method: http.MethodGet, Path: customerPath + "/conflicts", Security: read,
		Summary: "List the conflicts of a customer, newest first", Errors: []int{400, 401, 403, 404, 503},
	}, s.customerConflicts)
	add(s, api, huma.Operation{
		OperationID: "listConflicts", Method: http.MethodGet, Path: "/v1/conflicts", Security: read,
		Summary: "List all conflicts, newest first", Errors: []int{400, 401, 403, 503},
	}, s.conflicts)
	s.registerImports(api)
}

// add registers an operation whose errors may be any: they become problems here. Bodies are documented but left to the
// operation to read, since package customers says better what is wrong with them.
func add[I, O any](s *Server, api huma.API, op huma.Operation, handle func(context.Context, *I) (*O, error)) {
	op.SkipValidateBody = true
	addRaw(s, api, op, handle)
	documentBody(api.OpenAPI(), op.Path, op.Method)
}

// addRaw is add for operations whose body, if any, is no customer.
func addRaw[I, O any](s *Server, api huma.API, op huma.Operation, handle func(context.Context, *I) (*O, error)) {
	op.Tags = []string{"customers"}
	op.Errors = append(op.Errors, http.StatusTooManyRequests) // of each key; see auth.Gate
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, problemOf(ctx, s.log, err)
		}
		return out, nil
	})
}
