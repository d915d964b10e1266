// Package consoletest is a small world for the console to look at: a catalog and a connector with the operators' API, from
// memory.
package consoletest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

// Key opens every service of a World.
const Key = "ds_world0123456789"

// Call is something that the console asked a service to do.
type Call struct {
	Service, Method, Path, Actor string
	Body                         map[string]any
}

// World is what the services say. Change it under Lock.
type World struct {
	sync.Mutex
	Catalog, Connector *httptest.Server
	Answers            map[string]any // by service and path, such as "stripe /admin/v1/status"; absent: 404
	Down               map[string]int // by service: the status that it answers everything with
	Calls              []Call
	Reads              map[string]int    // how often each path was read
	Queries            map[string]string // of the last read of each path
}

// New starts a world with a few customers: one in sync, one that failed, one with a conflict. Close it.
func New(now time.Time) *World {
	w := &World{Answers: map[string]any{}, Down: map[string]int{}, Reads: map[string]int{}, Queries: map[string]string{}}
	w.Catalog = httptest.NewServer(w.serve("catalog"))
	w.Connector = httptest.NewServer(w.serve("stripe"))
	w.populate(now)
	return w
}

// Close stops the servers.
func (w *World) Close() {
	w.Catalog.Close()
	w.Connector.Close()
}

// Fleet is how the console reaches the world.
func (w *World) Fleet() *upstream.Fleet {
	return upstream.New(upstream.Address{Name: "catalog", URL: w.Catalog.URL, Key: Key},
		[]upstream.Address{{Name: "stripe", URL: w.Connector.URL, Key: Key}})
}

// Done returns what the console asked for so far.
func (w *World) Done() []Call {
	w.Lock()
	defer w.Unlock()
	return append([]Call(nil), w.Calls...)
}

// ReadsOf returns how often a path of a service was read.
func (w *World) ReadsOf(path string) int {
	w.Lock()
	defer w.Unlock()
	return w.Reads[path]
}

// QueryOf returns what was asked for when a path of a service was read last.
func (w *World) QueryOf(path string) string {
	w.Lock()
	defer w.Unlock()
	return w.Queries[path]
}

func (w *World) serve(service string) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.Lock()
		defer w.Unlock()
		if status, down := w.Down[service]; down {
			refuse(rw, status, "the database is away")
			return
		}
		if r.Header.Get("Authorization") != "Bearer "+Key {
			refuse(rw, http.StatusUnauthorized, "the key is not known")
			return
		}
		path := service + " " + r.URL.Path
		if r.Method == http.MethodGet {
			w.Reads[path]++
			w.Queries[path] = r.URL.RawQuery
		} else {
			call := Call{Service: service, Method: r.Method, Path: r.URL.Path, Actor: r.Header.Get(admin.ActorHeader)}
			_ = json.NewDecoder(r.Body).Decode(&call.Body) // actions without a body
			w.Calls = append(w.Calls, call)
			path = r.Method + " " + path
		}
		answer, ok := w.Answers[path]
		if !ok {
			refuse(rw, http.StatusNotFound, "there is no "+path)
			return
		}
		if list, ok := answer.(admin.List[admin.Conflict]); ok {
			answer = conflictsOf(list, r.URL.Query().Get("record_id"))
		}
		rw.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(rw).Encode(answer) // the test notices
	})
}

// conflictsOf are those of one customer; "" for all.
func conflictsOf(list admin.List[admin.Conflict], id string) admin.List[admin.Conflict] {
	all := list.Data
	list.Data = nil
	for _, one := range all {
		if id == "" || one.RecordID == id {
			list.Data = append(list.Data, one)
		}
	}
	return list
}

func refuse(rw http.ResponseWriter, status int, detail string) {
	rw.Header().Set("Content-Type", "application/problem+json")
	rw.WriteHeader(status)
	_ = json.NewEncoder(rw).Encode(admin.Problem{Title: http.StatusText(status), Status: status, Detail: detail, Code: "test"}) // the test notices
}

// ListOf is a page with everything on it.
func ListOf[T any](items ...T) admin.List[T] {
	return admin.List[T]{Object: "list", Data: items}
}
