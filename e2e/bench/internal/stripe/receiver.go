// Package stripe is as much of Stripe as a measurement needs: a receiver that costs next to nothing and notes when each
// call arrived, and signed webhooks.
package stripe

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Call is one write that arrived.
type Call struct {
	At         time.Time
	LocalID    string
	CustomerID string
	Key        string // idempotency key
}

// Receiver answers the calls that make, change, read and list customers, after a latency.
type Receiver struct {
	URL string

	latency atomic.Int64
	last    atomic.Int64
	listed  atomic.Int64
	reads   atomic.Int64
	mu      sync.Mutex
	calls   []Call
	took    time.Duration // the writes that were answered since Forget, all together
	done    int
	objects map[string]object
}

type object struct {
	ID       string            `json:"id"`
	Object   string            `json:"object"`
	Created  int64             `json:"created"`
	Livemode bool              `json:"livemode"`
	Name     string            `json:"name,omitempty"`
	Email    string            `json:"email,omitempty"`
	Phone    string            `json:"phone,omitempty"`
	Address  map[string]string `json:"address,omitempty"`
	Metadata map[string]string `json:"metadata"`
}

// Listen starts a receiver, which ends with ctx.
func Listen(ctx context.Context) (*Receiver, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Receiver{URL: "http://" + listener.Addr().String(), objects: map[string]object{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/customers", r.write)
	mux.HandleFunc("POST /v1/customers/{id}", r.write)
	mux.HandleFunc("GET /v1/customers/{id}", r.read)
	mux.HandleFunc("GET /v1/customers", r.list)
	web := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	context.AfterFunc(ctx, func() { _ = web.Close() })
	go func() { _ = web.Serve(listener) }()
	return r, nil
}

// SetLatency sets how long every call takes.
func (r *Receiver) SetLatency(d time.Duration) { r.latency.Store(int64(d)) }

// Forget drops the calls noted so far.
func (r *Receiver) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls, r.took, r.done = nil, 0, 0
}

// Latency is how long a write took on average since Forget. On a busy machine it is longer than what SetLatency set.
func (r *Receiver) Latency() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.took / time.Duration(max(1, r.done))
}

// Calls returns the writes noted since Forget, in the order of arrival.
func (r *Receiver) Calls() []Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clip(r.calls)
}

func (r *Receiver) write(w http.ResponseWriter, q *http.Request) {
	at := time.Now()
	if err := q.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	id := q.PathValue("id")
	if id == "" {
		id = fmt.Sprintf("cus_bench%d", r.last.Add(1))
	}
	r.mu.Lock()
	o := r.objects[id].with(q.PostForm)
	o.ID, o.Object, o.Created = id, "customer", at.Unix()
	r.objects[id] = o
	_, local, _ := strings.Cut(o.Metadata["datasync_id"], ":")
	r.calls = append(r.calls, Call{At: at, LocalID: local, CustomerID: id, Key: q.Header.Get("Idempotency-Key")})
	r.mu.Unlock()
	r.answer(w, o)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.took += time.Since(at)
	r.done++
}

func (r *Receiver) read(w http.ResponseWriter, q *http.Request) {
	r.reads.Add(1)
	r.mu.Lock()
	o, ok := r.objects[q.PathValue("id")]
	r.mu.Unlock()
	if !ok {
		http.Error(w, `{"error":{"type":"invalid_request_error","code":"resource_missing"}}`, http.StatusNotFound)
		return
	}
	r.answer(w, o)
}

func (r *Receiver) answer(w http.ResponseWriter, o object) {
	if latency := time.Duration(r.latency.Load()); latency > 0 {
		<-time.After(latency)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(o) // the caller has gone if this fails
}

// with returns the object with the parameters of a call in it.
func (o object) with(form url.Values) object {
	next := o
	next.Metadata, next.Address = clone(o.Metadata), clone(o.Address)
	for name, values := range form {
		value := values[0]
		group, key, nested := strings.Cut(strings.TrimSuffix(name, "]"), "[")
		switch {
		case nested && group == "metadata":
			next.Metadata[key] = value
		case nested && group == "address":
			next.Address[key] = value
		case name == "name":
			next.Name = value
		case name == "email":
			next.Email = value
		case name == "phone":
			next.Phone = value
		}
	}
	return next
}

func clone(m map[string]string) map[string]string {
	c := make(map[string]string, len(m))
	maps.Copy(c, m)
	return c
}
