package stripeapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/account"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/apierror"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/form"
)

// pageSize reads the parameter limit.
func pageSize(r *form.Reader) int {
	limit := r.Int("limit")
	switch {
	case limit == nil:
		return 10
	case *limit < 1:
		r.Fail(apierror.Coded(http.StatusBadRequest, "parameter_invalid_integer", "limit", "This value must be greater than or equal to 1."))
	case *limit > 100:
		r.Fail(apierror.Coded(http.StatusBadRequest, "parameter_invalid_integer", "limit", "This value must be less than or equal to 100."))
	default:
		return int(*limit)
	}
	return 10
}

// rangeOf reads limit, starting_after and ending_before. position finds an object by its id.
func rangeOf(r *form.Reader, kind string, position func(id string) (int64, bool)) account.Range {
	out := account.Range{Limit: pageSize(r)}
	out.After = cursor(r, "starting_after", kind, position)
	out.Before = cursor(r, "ending_before", kind, position)
	if out.After > 0 && out.Before > 0 {
		r.Fail(apierror.Invalid("ending_before", "You cannot use both starting_after and ending_before."))
	}
	return out
}

func cursor(r *form.Reader, name, kind string, position func(id string) (int64, bool)) int64 {
	id := r.Text(name, 5000)
	if id == nil || *id == "" {
		return 0
	}
	at, ok := position(*id)
	if !ok {
		r.Fail(apierror.MissingParam(kind, *id, name))
	}
	return at
}

// createdOf reads created=, created[gt]= and so on.
func createdOf(r *form.Reader) account.Created {
	if !r.IsHash("created") {
		at := r.Int("created")
		return account.Created{From: at, To: at}
	}
	bounds, _ := r.Hash("created")
	out := account.Created{From: bounds.Int("gte"), To: bounds.Int("lte")}
	if after := bounds.Int("gt"); after != nil {
		from := *after + 1
		out.From = &from
	}
	if before := bounds.Int("lt"); before != nil {
		to := *before - 1
		out.To = &to
	}
	return out
}

// list renders a page of objects that are JSON already.
func list(url string, data [][]byte, more bool) []byte {
	size := 100 + len(url)
	for _, one := range data {
		size += len(one) + 1
	}
	out := make([]byte, 0, size)
	out = append(out, `{"object":"list","data":[`...)
	for i, one := range data {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, one...)
	}
	out = append(out, `],"has_more":`...)
	out = strconv.AppendBool(out, more)
	out = append(out, `,"url":`...)
	out = strconv.AppendQuote(out, url)
	return append(out, '}')
}

// listOf renders a page of objects.
func listOf[T any](url string, p account.Page[T]) ([]byte, error) {
	data := make([][]byte, len(p.Data))
	for i, one := range p.Data {
		raw, err := render(one)
		if err != nil {
			return nil, err
		}
		data[i] = raw
	}
	return list(url, data, p.HasMore), nil
}

func render(object any) ([]byte, error) {
	raw, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	return raw, nil
}

// splice adds a property to an object that is JSON already.
func splice(object []byte, name string, value []byte) []byte {
	out := make([]byte, 0, len(object)+len(name)+len(value)+5)
	out = append(out, object[:len(object)-1]...)
	out = append(out, ',')
	out = strconv.AppendQuote(out, name)
	out = append(out, ':')
	out = append(out, value...)
	return append(out, '}')
}
