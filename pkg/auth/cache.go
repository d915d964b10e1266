package auth

import (
	"sync"
	"time"
)

// cacheSize bounds the cache. It is emptied when full: whoever comes next is looked up again.
const cacheSize = 4096

// cache remembers keys that were let in, by their hash, so that a busy client does not cost a query per request.
// Refusals are not remembered.
type cache struct {
	keep    time.Duration
	mu      sync.Mutex
	entries map[string]cached
}

type cached struct {
	principal Principal
	until     time.Time
}

func newCache(keep time.Duration) *cache {
	return &cache{keep: keep, entries: map[string]cached{}}
}

func (c *cache) get(hash []byte) (Principal, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry, ok := c.entries[string(hash)]
	if !ok || time.Now().After(entry.until) {
		return Principal{}, false
	}
	return entry.principal, true
}

func (c *cache) put(hash []byte, p Principal) {
	if c.keep <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= cacheSize {
		clear(c.entries)
	}
	c.entries[string(hash)] = cached{principal: p, until: time.Now().Add(c.keep)}
}

// empty forgets everything: a key changed.
func (c *cache) empty() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.entries)
}
