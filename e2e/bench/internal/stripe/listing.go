package stripe

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// PageSize is how many objects Stripe lists at most at a time.
const PageSize = 100

const listedPrefix = "cus_listed"

// SetListed makes the receiver list so many customers, which take no memory: each follows from its number.
func (r *Receiver) SetListed(count int) { r.listed.Store(int64(count)) }

// Reads is how many calls have read something.
func (r *Receiver) Reads() int { return int(r.reads.Load()) }

// list answers with a page, newest first.
func (r *Receiver) list(w http.ResponseWriter, q *http.Request) {
	r.reads.Add(1)
	from := int(r.listed.Load())
	if after := q.URL.Query().Get("starting_after"); after != "" {
		number, err := strconv.Atoi(strings.TrimPrefix(after, listedPrefix))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		from = number - 1
	}
	page := struct {
		Object  string   `json:"object"`
		URL     string   `json:"url"`
		HasMore bool     `json:"has_more"`
		Data    []object `json:"data"`
	}{Object: "list", URL: "/v1/customers", HasMore: from > PageSize, Data: []object{}}
	for i := from; i > max(0, from-PageSize); i-- {
		page.Data = append(page.Data, listed(i))
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(page) // the caller has gone if this fails
}

func listed(i int) object {
	return object{
		ID: listedPrefix + strconv.Itoa(i), Object: "customer", Created: int64(1_700_000_000 + i),
		Name: fmt.Sprintf("Customer %d", i), Email: fmt.Sprintf("customer%d@example.com", i),
		Address: map[string]string{"city": "Berlin", "country": "DE"},
		Metadata: map[string]string{
			"plan": "pro", "datasync_id": fmt.Sprintf("stripe:0199c2a4-0000-7000-8000-%012x", i), "datasync_version": "1",
		},
	}
}
