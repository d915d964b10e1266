package upstream_test

import (
	"context"
	"errors"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

// list is a source of numbers, largest first.
func list(name string, numbers ...int) upstream.Source[int] {
	return upstream.Source[int]{Name: name, Page: func(_ context.Context, cursor string, limit int) (admin.List[int], error) {
		from, _ := strconv.Atoi(cursor)
		to := min(from+min(limit, 2), len(numbers)) // pages are shorter than asked for
		page := admin.List[int]{Data: numbers[from:to], HasMore: to < len(numbers)}
		if page.HasMore {
			page.NextCursor = strconv.Itoa(to)
		}
		return page, nil
	}}
}

func larger(a, b int) bool { return a > b }

func TestMergedListsAreInOrderAndComplete(t *testing.T) {
	t.Parallel()
	sources := []upstream.Source[int]{list("a", 9, 7, 5, 3, 1), list("b", 8, 6, 2), list("c")}
	var all []int
	cursor := ""
	for range 10 {
		merged, err := upstream.Merge(t.Context(), sources, cursor, 3, larger)
		require.NoError(t, err)
		all = append(all, merged.Items...)
		if cursor = merged.Next; cursor == "" {
			break
		}
	}
	require.Equal(t, []int{9, 8, 7, 6, 5, 3, 2, 1}, all)
}

func TestASourceThatFailsIsLeftOut(t *testing.T) {
	t.Parallel()
	broken := upstream.Source[int]{Name: "b", Page: func(context.Context, string, int) (admin.List[int], error) {
		return admin.List[int]{}, errors.New("away")
	}}
	merged, err := upstream.Merge(t.Context(), []upstream.Source[int]{list("a", 2, 1), broken}, "", 5, larger)
	require.NoError(t, err)
	require.Equal(t, []int{2, 1}, merged.Items)
	require.ErrorContains(t, merged.Failed["b"], "away")
	require.Empty(t, merged.Next)
}

func TestADamagedCursorIsRefused(t *testing.T) {
	t.Parallel()
	for _, cursor := range []string{"?", "bm90IGpzb24", "eyJhIjp7Im8iOi0xfX0"} {
		_, err := upstream.Merge(t.Context(), []upstream.Source[int]{list("a", 1)}, cursor, 5, larger)
		require.ErrorIs(t, err, upstream.ErrCursor, cursor)
	}
}
