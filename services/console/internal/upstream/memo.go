package upstream

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// keep is how long an answer stays in memory at most, and so how much memory questions can take.
const keep = time.Minute

// memo shares answers. An error is an answer too: a service that is away is not asked more often than one that is there.
type memo struct {
	mu      sync.Mutex
	answers map[string]*answer
	swept   time.Time
}

// answer is there when done is closed.
type answer struct {
	begun time.Time
	done  chan struct{}
	value any
	err   error
}

func newMemo() *memo { return &memo{answers: map[string]*answer{}} }

func (m *memo) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.answers)
}

// begin returns the answer to wait for, and whether the caller is the one who has to get it.
func (m *memo) begin(key string, age time.Duration) (a *answer, mine bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if a, ok := m.answers[key]; ok && now.Sub(a.begun) < age {
		return a, false
	}
	if now.Sub(m.swept) > keep {
		m.swept = now
		for old, a := range m.answers {
			if now.Sub(a.begun) > keep {
				delete(m.answers, old)
			}
		}
	}
	a = &answer{begun: now, done: make(chan struct{})}
	m.answers[key] = a
	return a, true
}

// remember gets an answer, or the one that somebody else got or is getting. A caller that goes away does not take the
// answer from those who wait with it.
func remember[T any](ctx context.Context, m *memo, key string, age time.Duration, get func(context.Context) (T, error)) (T, error) {
	a, mine := m.begin(key, age)
	if mine {
		func() {
			defer close(a.done)
			a.value, a.err = get(context.WithoutCancel(ctx))
		}()
	}
	var none T
	select {
	case <-ctx.Done():
		return none, ctx.Err()
	case <-a.done:
	}
	if a.err != nil {
		return none, a.err
	}
	value, ok := a.value.(T)
	if !ok {
		return none, fmt.Errorf("%s: two kinds of answers under one name", key)
	}
	return value, nil
}
