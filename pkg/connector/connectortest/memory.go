// Package connectortest helps to test connectors: a Remote in memory that misbehaves on demand, and the conformance
// suite that every Remote passes.
package connectortest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/record"
)

// Fault is how one call to a Memory goes wrong.
type Fault int

// The faults.
const (
	FaultNone        Fault = iota
	FaultBeforeCall        // the worker dies before the call reaches the remote
	FaultAfterCall         // the call takes effect, the worker dies before it sees the answer
	FaultInFlight          // the worker dies, the call takes effect later: when made again, or by LandLate
	FaultNoAnswer          // the call takes effect, the answer is lost, the worker lives
	FaultThrottled         // refused for now, without effect
	FaultBurntBefore       // a failure without effect, which the remote replays under the same key
	FaultBurntAfter        // the call takes effect, yet a failure is answered and replayed under the same key
	FaultRefused           // refused for good, without effect
	FaultBurntLate         // an update that fails like FaultBurntBefore, and takes effect later, by LandLate
)

// Memory is a Remote that keeps objects in memory. Like Stripe it replays the first answer to a call that is made
// again under the same key, failures included, and refuses other parameters under that key.
type Memory struct {
	// Next picks the fault of the next write; nil: none.
	Next func() Fault
	// Unreadable says whether the next read goes unanswered; nil: none does.
	Unreadable func() bool
	// Crash is called when a fault kills the worker; it should cancel the worker's context.
	Crash func()
	// Moved is called for every change of an object, by a call or by a person.
	Moved func(connector.Notice)

	mu       sync.Mutex
	name     string
	objects  map[string]connector.Object
	order    []string
	answers  map[string]answer
	inFlight map[string]func()
	feed     []connector.Notice
	writes   int
}

type answer struct {
	call   string // the call's parameters
	object connector.Object
	err    error
}

// NewMemory returns an empty remote; name begins the ids of its objects and its notices.
func NewMemory(name string) *Memory {
	return &Memory{
		name: name, objects: map[string]connector.Object{}, answers: map[string]answer{}, inFlight: map[string]func(){},
	}
}

// Objects returns all objects that are not deleted, in order of creation.
func (m *Memory) Objects() []connector.Object {
	m.mu.Lock()
	defer m.mu.Unlock()
	objects := make([]connector.Object, 0, len(m.objects))
	for _, id := range m.order {
		if object, ok := m.objects[id]; ok {
			objects = append(objects, object)
		}
	}
	return objects
}

// Created returns how many objects were ever created.
func (m *Memory) Created() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.order)
}

// Writes returns how many writes took effect.
func (m *Memory) Writes() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.writes
}

// Forget drops all stored answers, as a remote does with keys after a day.
func (m *Memory) Forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.answers)
}

// Add makes an object as a person would at the remote.
func (m *Memory) Add(fields record.Fields) (id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.insert(connector.Call{}, fields).ID
}

// Edit changes an object as a person would at the remote.
func (m *Memory) Edit(id string, patch record.Patch) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, _ = m.change(connector.Call{}, id, patch) // an object that is gone has nothing to edit
}

// Remove deletes an object as a person would at the remote.
func (m *Memory) Remove(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(id)
}

// InFlight reports whether a call whose worker died has yet to take effect.
func (m *Memory) InFlight() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.inFlight) > 0
}

// LandLate lets one such call take effect.
func (m *Memory) LandLate() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(m.inFlight)) {
		m.inFlight[key]()
		delete(m.inFlight, key)
		return
	}
}

// Create implements connector.Remote.
func (m *Memory) Create(ctx context.Context, call connector.Call, fields record.Fields) (connector.Object, error) {
	return m.write(ctx, call, fmt.Sprint("create", fields), func() (connector.Object, error) {
		return m.insert(call, fields), nil
	})
}

// Update implements connector.Remote.
func (m *Memory) Update(ctx context.Context, call connector.Call, id string, patch record.Patch) (connector.Object, error) {
	return m.write(ctx, call, fmt.Sprint("update", id, patch), func() (connector.Object, error) {
		return m.change(call, id, patch)
	})
}

// Delete implements connector.Remote.
func (m *Memory) Delete(ctx context.Context, call connector.Call, id string) error {
	_, err := m.write(ctx, call, "delete"+id, func() (connector.Object, error) {
		m.drop(id)
		return connector.Object{}, nil
	})
	return err
}

// Get implements connector.Remote.
func (m *Memory) Get(_ context.Context, id string) (connector.Object, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.Unreadable != nil && m.Unreadable() {
		return connector.Object{}, errReset
	}
	object, ok := m.objects[id]
	if !ok {
		return connector.Object{}, connector.ErrGone
	}
	return copied(object), nil
}

// Find implements connector.Remote.
func (m *Memory) Find(_ context.Context, call connector.Call, _ record.Fields) (connector.Object, error) {
	if m.Unreadable != nil && m.Unreadable() {
		return connector.Object{}, errReset
	}
	for _, object := range m.Objects() {
		if object.LocalID == call.LocalID {
			return copied(object), nil
		}
	}
	return connector.Object{}, connector.ErrGone
}

// List implements connector.Remote, two objects a page.
func (m *Memory) List(_ context.Context, cursor string) (connector.Page, error) {
	const size = 2
	var page connector.Page
	for _, object := range m.Objects() {
		if cursor != "" {
			if object.ID == cursor {
				cursor = ""
			}
			continue
		}
		if len(page.Objects) == size {
			page.Next = page.Objects[size-1].ID
			break
		}
		page.Objects = append(page.Objects, copied(object))
	}
	return page, nil
}

// Since implements connector.Feed, two notices a page.
func (m *Memory) Since(_ context.Context, position string) (connector.FeedPage, error) {
	const size = 2
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.Unreadable != nil && m.Unreadable() {
		return connector.FeedPage{}, errReset
	}
	from := len(m.feed)
	if position != "" {
		var err error
		if from, err = strconv.Atoi(position); err != nil || from > len(m.feed) {
			return connector.FeedPage{}, connector.ErrForgotten
		}
	}
	to := min(from+size, len(m.feed))
	page := connector.FeedPage{Notices: slices.Clone(m.feed[from:to]), Position: strconv.Itoa(to)}
	if to < len(m.feed) {
		page.Next = page.Position
	}
	return page, nil
}

// errDied stands for everything that a dead worker does not see.
var errDied = errors.New("the worker died")

var errReset = errors.New("connection reset")

func (m *Memory) write(
	ctx context.Context, call connector.Call, parameters string, effect func() (connector.Object, error),
) (connector.Object, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return connector.Object{}, err
	}
	if land, ok := m.inFlight[call.Key]; ok { // the same call again: the first one is finished before
		land()
		delete(m.inFlight, call.Key)
	}
	if old, ok := m.answers[call.Key]; ok {
		if old.call != parameters {
			return connector.Object{}, fmt.Errorf("key %s was used for %s, not for %s", call.Key, old.call, parameters)
		}
		return copied(old.object), old.err
	}
	run := func() (connector.Object, error) {
		object, err := effect()
		m.answers[call.Key] = answer{parameters, object, err}
		return copied(object), err
	}
	return m.misbehave(call.Key, parameters, effect, run)
}

// misbehave makes a call go right or wrong: effect is what it does, run also stores the answer.
func (m *Memory) misbehave(key, parameters string, effect, run func() (connector.Object, error)) (connector.Object, error) {
	fault := FaultNone
	if m.Next != nil {
		fault = m.Next()
	}
	burnt := &connector.Error{Class: connector.Transient, Reason: "the remote failed", Burnt: true}
	switch fault {
	case FaultBeforeCall:
		m.Crash()
	case FaultAfterCall:
		_, _ = run()
		m.Crash()
	case FaultInFlight:
		m.inFlight[key] = func() { _, _ = run() }
		m.Crash()
	case FaultNoAnswer:
		_, _ = run()
		return connector.Object{}, errReset
	case FaultThrottled:
		return connector.Object{}, &connector.Error{Class: connector.Throttled, Reason: "too many requests"}
	case FaultBurntBefore:
		m.answers[key] = answer{parameters, connector.Object{}, burnt}
		return connector.Object{}, burnt
	case FaultBurntAfter:
		_, _ = run()
		m.answers[key] = answer{parameters, connector.Object{}, burnt}
		return connector.Object{}, burnt
	case FaultBurntLate:
		m.answers[key] = answer{parameters, connector.Object{}, burnt}
		if strings.HasPrefix(parameters, "update") {
			m.inFlight[key] = func() { _, _ = effect() }
		}
		return connector.Object{}, burnt
	case FaultRefused:
		refused := &connector.Error{Class: connector.Permanent, Reason: "the remote refuses this"}
		m.answers[key] = answer{parameters, connector.Object{}, refused}
		return connector.Object{}, refused
	case FaultNone:
		return run()
	}
	return connector.Object{}, errDied
}

func (m *Memory) insert(call connector.Call, fields record.Fields) connector.Object {
	object := connector.Object{
		ID: fmt.Sprintf("%s_%d", m.name, len(m.order)+1), Fields: fields.Clone(), LocalID: call.LocalID, Version: call.Version,
	}
	m.order = append(m.order, object.ID)
	m.put(call, object, connector.Object{})
	return object
}

func (m *Memory) change(call connector.Call, id string, patch record.Patch) (connector.Object, error) {
	object, ok := m.objects[id]
	if !ok {
		return connector.Object{}, connector.ErrGone
	}
	before := object
	object.Fields = before.Fields.Apply(patch)
	if call.Version > 0 {
		object.LocalID, object.Version = call.LocalID, call.Version
	}
	m.put(call, object, before)
	return object, nil
}

func (m *Memory) put(call connector.Call, object, before connector.Object) {
	m.writes++
	m.objects[object.ID] = object
	m.notify(connector.Notice{
		Type: "changed", RemoteID: object.ID, LocalID: object.LocalID, Key: call.Key, Fields: object.Fields.Clone(),
		Before: before.Fields, BeforeVersion: before.Version,
	})
}

func (m *Memory) drop(id string) {
	object, ok := m.objects[id]
	if !ok {
		return
	}
	m.writes++
	delete(m.objects, id)
	m.notify(connector.Notice{Type: "deleted", RemoteID: id, LocalID: object.LocalID, Gone: true})
}

func (m *Memory) notify(n connector.Notice) {
	n.EventID = fmt.Sprintf("%s_event_%d", m.name, len(m.feed)+1)
	m.feed = append(m.feed, n)
	if m.Moved != nil {
		m.Moved(n)
	}
}

func copied(object connector.Object) connector.Object {
	object.Fields = object.Fields.Clone()
	return object
}
