package stripeapi

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/apierror"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/knobs"
)

// locks lets one write at a time work on an object. The zero value is ready for use.
type locks struct {
	mu   sync.Mutex
	held map[string]chan struct{}
}

// try takes the lock and returns nil, or returns a channel that closes when it is worth to try again.
func (l *locks) try(name string) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if busy, is := l.held[name]; is {
		return busy
	}
	if l.held == nil {
		l.held = map[string]chan struct{}{}
	}
	l.held[name] = make(chan struct{})
	return nil
}

func (l *locks) release(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.held[name])
	delete(l.held, name)
}

// lock gives a write to one customer the customer for itself. A write that waits too long for another one is refused
// with lock_timeout; every wait is counted, because a caller that orders its writes never has any.
func (s *Server) lock(c *call, k knobs.Settings) (release func(), err error) {
	if c.request.Method == http.MethodGet || !strings.HasPrefix(c.entry.Endpoint, c.request.Method+" /v1/customers/{id}") {
		return func() {}, nil
	}
	busy := s.locks.try(c.id)
	if busy == nil {
		return func() { s.locks.release(c.id) }, nil
	}
	s.Traffic.Overlap()
	timeout := time.NewTimer(knobs.Milliseconds(k.LockTimeoutMS))
	defer timeout.Stop()
	for busy != nil {
		select {
		case <-busy:
			busy = s.locks.try(c.id)
		case <-s.Closing:
			return nil, lockTimeout()
		case <-timeout.C:
			return nil, lockTimeout()
		}
	}
	return func() { s.locks.release(c.id) }, nil
}

func lockTimeout() error {
	return apierror.Coded(http.StatusTooManyRequests, "lock_timeout", "", "This object cannot be accessed right now because another API "+
		"request or Stripe process is currently accessing it. If you see this error intermittently, retry the request. If you see this "+
		"error frequently and are making multiple concurrent requests to a single object, make your requests serially or at a lower rate.")
}
