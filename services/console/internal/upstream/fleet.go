// Package upstream is where the console's data comes from: the operators' APIs of the catalog and of the connectors. It
// asks each service for the same thing at most once a second, however many people watch, and never when nobody does.
package upstream

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// patience is how long a page waits for one service before it is shown without it.
const patience = 4 * time.Second

// Fresh is how old an answer may be that several watchers share. A little below a second, so that a page that looks
// every second sees something new each time.
const Fresh = 900 * time.Millisecond

// Address is where a service is and the key that opens it.
type Address struct {
	Name, URL, Key string
}

// Service is one service. It is safe for concurrent use.
type Service struct {
	Name    string // catalog, or the connector's name
	URL     string
	Catalog bool

	client admin.Client
	memo   *memo
}

// Fleet is everything that the console looks after.
type Fleet struct {
	Catalog    *Service
	Connectors []*Service

	memo *memo
}

// New returns the fleet at these addresses.
func New(catalog Address, connectors []Address) *Fleet {
	f := &Fleet{memo: newMemo()}
	transport := &http.Client{Timeout: 2 * patience, Transport: &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute}}
	open := func(a Address) *Service {
		return &Service{Name: a.Name, URL: a.URL, client: admin.Client{URL: a.URL, Key: a.Key, HTTP: transport}, memo: f.memo}
	}
	f.Catalog = open(catalog)
	f.Catalog.Catalog = true
	for _, a := range connectors {
		f.Connectors = append(f.Connectors, open(a))
	}
	return f
}

// All returns every service, the catalog first.
func (f *Fleet) All() []*Service { return append([]*Service{f.Catalog}, f.Connectors...) }

// Find returns the service of that name.
func (f *Fleet) Find(name string) (*Service, bool) {
	for _, s := range f.All() {
		if s.Name == name {
			return s, true
		}
	}
	return nil, false
}

// Forget makes the next look at anything a fresh one: something was just changed.
func (f *Fleet) Forget() { f.memo.clear() }

// As returns a client that acts for a person.
func (s *Service) As(actor string) *admin.Client {
	c := s.client
	c.Actor = actor
	return &c
}

// WithKey returns a client with another key: to find out whose it is.
func (s *Service) WithKey(key string) *admin.Client {
	c := s.client
	c.Key = key
	return &c
}

// Read asks a service, or takes the answer that another watcher got within age. what tells questions apart. A service
// that does not answer in a few seconds counts as away.
func Read[T any](ctx context.Context, s *Service, what string, age time.Duration, ask func(context.Context, *admin.Client) (T, error)) (T, error) {
	return remember(ctx, s.memo, s.Name+" "+what, age, func(ctx context.Context) (T, error) {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		return ask(ctx, &s.client)
	})
}

// Answer is what one of several services said.
type Answer[T any] struct {
	Service *Service
	Value   T
	Err     error
}

// ReadAll asks several services at once; the answers are in their order.
func ReadAll[T any](ctx context.Context, services []*Service, what string, age time.Duration, ask func(context.Context, *admin.Client) (T, error)) []Answer[T] {
	answers := make([]Answer[T], len(services))
	var all sync.WaitGroup
	for i, s := range services {
		all.Go(func() {
			value, err := Read(ctx, s, what, age, ask)
			answers[i] = Answer[T]{s, value, err}
		})
	}
	all.Wait()
	return answers
}
