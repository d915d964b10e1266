package api

import (
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

// Document is the body of a write, as it came.
type Document struct {
	ContentType string `header:"Content-Type" hidden:"true"`
	RawBody     []byte `contentType:"application/json"`
}

// decode reads the body.
func (d Document) decode() (customers.Edit, error) {
	if err := checkMediaType(d.ContentType); err != nil {
		return customers.Edit{}, err
	}
	return customers.Decode(d.RawBody)
}

// documentBody says in the description what the body of an operation looks like. Huma takes a raw body for binary.
func documentBody(d *huma.OpenAPI, path, method string) {
	item := d.Paths[path]
	var op *huma.Operation
	switch method {
	case http.MethodPost:
		op = item.Post
	case http.MethodPut:
		op = item.Put
	case http.MethodPatch:
		op = item.Patch
	}
	if op == nil || op.RequestBody == nil {
		return
	}
	input := reflect.TypeFor[CustomerInput]()
	if path == "/v1/customers/batch" {
		input = reflect.TypeFor[BatchInput]()
	}
	media := &huma.MediaType{Schema: d.Components.Schemas.Schema(input, true, "")}
	op.RequestBody.Content = map[string]*huma.MediaType{"application/json": media}
	if method == http.MethodPatch {
		op.RequestBody.Content["application/merge-patch+json"] = media
	}
}
