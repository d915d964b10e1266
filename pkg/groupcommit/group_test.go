package groupcommit_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/groupcommit"
)

const (
	waitLimit = 10 * time.Second
	waitStep  = time.Millisecond
)

var errBad = errors.New("a bad item")

// recorder is a Commit that doubles its items, refuses negative ones, and waits at a gate.
type recorder struct {
	mu      sync.Mutex
	groups  [][]int
	entered chan struct{} // gets one for each transaction that begins
	gate    chan struct{} // each transaction takes one before it ends
}

func newRecorder() *recorder {
	return &recorder{entered: make(chan struct{}, 100), gate: make(chan struct{}, 100)}
}

func (r *recorder) commit(ctx context.Context, items []int) ([]int, error) {
	r.mu.Lock()
	r.groups = append(r.groups, slices.Clone(items))
	r.mu.Unlock()
	r.entered <- struct{}{}
	select {
	case <-r.gate:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	results := make([]int, len(items))
	for i, item := range items {
		if item < 0 {
			return nil, errBad
		}
		results[i] = 2 * item
	}
	return results, nil
}

// together starts a transaction with the item 1 and lets the others queue up behind it.
func together(t *testing.T, o groupcommit.Options, r *recorder, items ...int) (results []int, errs []error) {
	t.Helper()
	o.Parallel = 1
	g := groupcommit.New(o, r.commit)
	results, errs = make([]int, len(items)), make([]error, len(items))
	var all sync.WaitGroup
	all.Go(func() {
		result, err := g.Do(t.Context(), 1)
		assert.NoError(t, err)
		assert.Equal(t, 2, result)
	})
	<-r.entered
	for i, item := range items {
		all.Go(func() { results[i], errs[i] = g.Do(t.Context(), item) })
	}
	require.Eventually(t, func() bool { return g.Waiting() == len(items) }, waitLimit, waitStep)
	for range cap(r.gate) {
		r.gate <- struct{}{}
	}
	all.Wait()
	return results, errs
}

func TestWhoArrivesDuringATransactionSharesTheNext(t *testing.T) {
	t.Parallel()
	r := newRecorder()
	results, errs := together(t, groupcommit.Options{}, r, 10, 20, 30)
	require.Equal(t, []int{20, 40, 60}, results)
	require.Equal(t, make([]error, 3), errs)
	require.Len(t, r.groups, 2)
	require.ElementsMatch(t, []int{10, 20, 30}, r.groups[1])
}

func TestATransactionHoldsNoMoreThanItsSize(t *testing.T) {
	t.Parallel()
	r := newRecorder()
	results, _ := together(t, groupcommit.Options{Size: 2}, r, 1, 2, 3, 4, 5)
	require.Equal(t, []int{2, 4, 6, 8, 10}, results)
	require.Len(t, r.groups, 4)
}

func TestNobodyGetsTheErrorOfAnother(t *testing.T) {
	t.Parallel()
	r := newRecorder()
	results, errs := together(t, groupcommit.Options{}, r, 10, -1, 30)
	require.Equal(t, []int{20, 0, 60}, results)
	require.NoError(t, errs[0])
	require.ErrorIs(t, errs[1], errBad)
	require.NoError(t, errs[2])
}

func TestAnErrorThatConcernsAllIsNotTriedOneByOne(t *testing.T) {
	t.Parallel()
	r := newRecorder()
	_, errs := together(t, groupcommit.Options{Shared: func(err error) bool { return errors.Is(err, errBad) }}, r, 10, -1)
	require.ErrorIs(t, errs[0], errBad)
	require.ErrorIs(t, errs[1], errBad)
	require.Len(t, r.groups, 2)
}

func TestWhoGivesUpBeforeItsTurnTakesNoEffect(t *testing.T) {
	t.Parallel()
	r := newRecorder()
	g := groupcommit.New(groupcommit.Options{Parallel: 1}, r.commit)
	var all sync.WaitGroup
	ctx, giveUp := context.WithCancel(t.Context())
	all.Go(func() {
		result, err := g.Do(ctx, 1) // has begun: giving up comes too late
		assert.NoError(t, err)
		assert.Equal(t, 2, result)
	})
	<-r.entered
	all.Go(func() {
		_, err := g.Do(ctx, 10)
		assert.ErrorIs(t, err, context.Canceled)
	})
	require.Eventually(t, func() bool { return g.Waiting() == 1 }, waitLimit, waitStep)
	giveUp()
	require.Eventually(t, func() bool { return g.Waiting() == 0 }, waitLimit, waitStep)
	r.gate <- struct{}{}
	all.Wait()
	require.Equal(t, [][]int{{1}}, r.groups)
}

func TestWhoHasGivenUpAlreadyTakesNoEffect(t *testing.T) {
	t.Parallel()
	r := newRecorder()
	g := groupcommit.New(groupcommit.Options{}, r.commit)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := g.Do(ctx, 1)
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, r.groups)
}

func TestEverybodyGetsTheirOwnResultUnderLoad(t *testing.T) {
	t.Parallel()
	g := groupcommit.New(groupcommit.Options{Size: 7}, func(_ context.Context, items []int) ([]int, error) {
		results := make([]int, len(items))
		for i, item := range items {
			results[i] = 2 * item
		}
		return results, nil
	})
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			for n := range 200 {
				result, err := g.Do(t.Context(), 1000*i+n)
				assert.NoError(t, err)
				assert.Equal(t, 2*(1000*i+n), result)
			}
		})
	}
	all.Wait()
	require.Zero(t, g.Waiting())
}
