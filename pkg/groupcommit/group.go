// Package groupcommit lets callers that arrive at the same time share one transaction. A commit costs about the same
// for one row as for fifty; under load, sharing it decides how many writes a second a database takes. Nobody waits for
// company: a caller that finds nothing under way commits at once, alone.
package groupcommit

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Options of a group. Zero values are filled in.
type Options struct {
	Size     int           // most items of one transaction; default 64
	Parallel int           // transactions at once; default 2: one commits while the next is being prepared
	Timeout  time.Duration // of one transaction, which no single caller may cancel; default 10s
	// Shared reports whether an error concerns every item of a transaction alike, such as a database that is away. Any
	// other error may be the fault of one item: then each is tried again by itself, so that nobody gets another's error.
	Shared func(error) bool
}

// Commit does the work for all items in one transaction and returns a result for each, in their order. An error means
// that none of them took effect.
type Commit[T, R any] func(ctx context.Context, items []T) ([]R, error)

// Group runs a Commit for items that arrive from many goroutines. It is safe for concurrent use.
type Group[T, R any] struct {
	o      Options
	commit Commit[T, R]

	mu      sync.Mutex
	running int
	waiting []*call[T, R]
}

// call is one item on its way.
type call[T, R any] struct {
	item   T
	result R
	err    error
	done   chan struct{} // closed when result and err are set
}

// New returns a group.
func New[T, R any](o Options, commit Commit[T, R]) *Group[T, R] {
	if o.Size <= 0 {
		o.Size = 64
	}
	if o.Parallel <= 0 {
		o.Parallel = 2
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Shared == nil {
		o.Shared = func(error) bool { return false }
	}
	return &Group[T, R]{o: o, commit: commit}
}

// Do commits item, alone or with others, and returns its result. When ctx ends before the item's turn has come, it is
// taken back and the error is ctx's: it takes no effect. Once its transaction has begun, Do waits for the end of that.
func (g *Group[T, R]) Do(ctx context.Context, item T) (R, error) {
	c := &call[T, R]{item: item, done: make(chan struct{})}
	if err := ctx.Err(); err != nil {
		return c.result, err
	}
	g.join(ctx, c)
	select {
	case <-c.done:
	case <-ctx.Done():
		if g.takeBack(c) {
			return c.result, ctx.Err()
		}
		<-c.done
	}
	return c.result, c.err
}

// join queues a call, and starts a goroutine to work off the queue if there may be another one. It ends when the queue
// is empty: each of the callers that wait for it is its owner.
func (g *Group[T, R]) join(ctx context.Context, c *call[T, R]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting = append(g.waiting, c)
	if g.running < g.o.Parallel {
		g.running++
		go g.work(context.WithoutCancel(ctx))
	}
}

// takeBack removes a call from the queue; false when its turn has come.
func (g *Group[T, R]) takeBack(c *call[T, R]) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.waiting, c)
	if i >= 0 {
		g.waiting = slices.Delete(g.waiting, i, i+1)
	}
	return i >= 0
}

func (g *Group[T, R]) work(ctx context.Context) {
	for calls := g.next(); len(calls) > 0; calls = g.next() {
		g.settle(ctx, calls)
	}
}

// next takes the calls of the next transaction off the queue; none: the caller has to end.
func (g *Group[T, R]) next() []*call[T, R] {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) == 0 {
		g.running--
		return nil
	}
	n := min(len(g.waiting), g.o.Size)
	calls := slices.Clone(g.waiting[:n])
	g.waiting = slices.Delete(g.waiting, 0, n)
	return calls
}

func (g *Group[T, R]) settle(ctx context.Context, calls []*call[T, R]) {
	items := make([]T, len(calls))
	for i, c := range calls {
		items[i] = c.item
	}
	results, err := g.transact(ctx, items)
	if err != nil && len(calls) > 1 && !g.o.Shared(err) {
		for _, c := range calls {
			g.settle(ctx, []*call[T, R]{c})
		}
		return
	}
	for i, c := range calls {
		if c.err = err; err == nil {
			c.result = results[i]
		}
		close(c.done)
	}
}

func (g *Group[T, R]) transact(ctx context.Context, items []T) ([]R, error) {
	ctx, cancel := context.WithTimeout(ctx, g.o.Timeout)
	defer cancel()
	return g.commit(ctx, items)
}

// Waiting is how many items wait for their turn now.
func (g *Group[T, R]) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.waiting)
}
