package knobs

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Error says what is wrong with one knob.
type Error struct {
	Knob   string
	Reason string
}

// Error implements error.
func (e *Error) Error() string { return "knob " + e.Knob + ": " + e.Reason }

// Knobs are the settings in force. They are safe for concurrent use.
type Knobs struct {
	initial  Settings
	current  atomic.Pointer[Settings]
	mu       sync.Mutex // one patch at a time
	watchers []func()
}

// New returns knobs in the given position, to which Reset brings them back.
func New(initial Settings) *Knobs {
	k := &Knobs{initial: initial}
	k.current.Store(&initial)
	return k
}

// Get returns the settings in force.
func (k *Knobs) Get() Settings { return *k.current.Load() }

// Watch calls f after every change. It must be called before the knobs are used concurrently; f must not block.
func (k *Knobs) Watch(f func()) { k.watchers = append(k.watchers, f) }

// Patch changes the knobs that stand in a JSON object and leaves the others. All or none: the error, an *Error, names
// the first knob that is unknown or wrong.
func (k *Knobs) Patch(patch []byte) (Settings, error) {
	var named map[string]json.RawMessage
	if err := json.Unmarshal(patch, &named); err != nil {
		return Settings{}, fmt.Errorf("the body must be a JSON object of knobs: %w", err)
	}
	known := names()
	k.mu.Lock()
	defer k.mu.Unlock()
	next := k.Get()
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if !slices.Contains(known, name) {
			return Settings{}, &Error{Knob: name, Reason: "there is no such knob; there are " + strings.Join(known, ", ")}
		}
		one, err := json.Marshal(map[string]json.RawMessage{name: named[name]})
		if err != nil {
			return Settings{}, fmt.Errorf("knob %s: %w", name, err)
		}
		if name == "webhook_retry_ms" {
			next.WebhookRetryMS = nil // decoding into the old slice would change what others read
		}
		if err := json.Unmarshal(one, &next); err != nil {
			return Settings{}, &Error{Knob: name, Reason: err.Error()}
		}
	}
	if err := next.check(); err != nil {
		return Settings{}, err
	}
	k.store(next)
	return next, nil
}

// Reset brings all knobs back to where they were at the start.
func (k *Knobs) Reset() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.store(k.initial)
}

func (k *Knobs) store(s Settings) {
	k.current.Store(&s)
	for _, watcher := range k.watchers {
		watcher()
	}
}

// Now is the account's time: the real one plus the offset.
func (k *Knobs) Now() time.Time {
	return time.Now().Add(time.Duration(k.current.Load().ClockOffsetS) * time.Second)
}

// SearchLag is how long search does not see a change.
func (k *Knobs) SearchLag() time.Duration { return Milliseconds(k.current.Load().SearchLagMS) }

// Latency draws how long a call takes before its effect.
func (s Settings) Latency() time.Duration {
	return Milliseconds(s.LatencyMS) + UpTo(Milliseconds(s.LatencyJitterMS))
}

// UpTo draws a random duration below limit.
func UpTo(limit time.Duration) time.Duration {
	if limit <= 0 {
		return 0
	}
	return rand.N(limit) //nolint:gosec // a made-up delay is no secret
}

// Chance draws true with the given probability.
func Chance(rate float64) bool {
	return rate > 0 && rand.Float64() < rate //nolint:gosec // a made-up fault is no secret
}

// names lists the knobs in the order of the struct.
func names() []string {
	raw, err := json.Marshal(Settings{})
	if err != nil {
		return nil
	}
	var all map[string]any
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(all))
}
