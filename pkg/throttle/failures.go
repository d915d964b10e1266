package throttle

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Failures limits how often a client address may fail to log in. Memory is bounded: of more addresses than fit, the one
// that failed longest ago is forgotten. It is safe for concurrent use.
type Failures struct {
	limit    rate.Limit
	burst    int
	capacity int

	mu      sync.Mutex
	order   *list.List // of *failing, the most recent first
	entries map[netip.Addr]*list.Element
}

type failing struct {
	addr   netip.Addr
	bucket *rate.Limiter
}

// NewFailures lets an address fail burst times at once and perMinute times a minute after that, and remembers at most
// capacity addresses.
func NewFailures(burst int, perMinute float64, capacity int) *Failures {
	return &Failures{
		limit: rate.Limit(perMinute / 60), burst: burst, capacity: capacity,
		order: list.New(), entries: map[netip.Addr]*list.Element{},
	}
}

// Wait returns how long an address that failed too often has to wait before its next failure is looked into; 0 when it
// need not.
func (f *Failures) Wait(addr netip.Addr) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	element, ok := f.entries[network(addr)]
	if !ok {
		return 0
	}
	one, _ := element.Value.(*failing)
	missing := 1 - one.bucket.TokensAt(time.Now())
	if missing <= 0 {
		return 0
	}
	return time.Duration(missing / float64(f.limit) * float64(time.Second))
}

// Failed counts a failure of an address.
func (f *Failures) Failed(addr netip.Addr) {
	addr = network(addr)
	f.mu.Lock()
	defer f.mu.Unlock()
	element, ok := f.entries[addr]
	if !ok {
		if len(f.entries) >= f.capacity {
			f.forgetOldest()
		}
		element = f.order.PushFront(&failing{addr, rate.NewLimiter(f.limit, f.burst)})
		f.entries[addr] = element
	}
	f.order.MoveToFront(element)
	one, _ := element.Value.(*failing)
	one.bucket.AllowN(time.Now(), 1)
}

func (f *Failures) forgetOldest() {
	oldest := f.order.Back()
	one, _ := f.order.Remove(oldest).(*failing)
	delete(f.entries, one.addr)
}

// network is what counts as one address: of IPv6 the first 64 bits, since whoever has one has all of them.
func network(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	if !addr.Is6() {
		return addr
	}
	prefix, err := addr.Prefix(64)
	if err != nil {
		return addr
	}
	return prefix.Addr()
}
