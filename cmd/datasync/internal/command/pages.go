package command

import (
	"net/url"
	"strconv"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
	"github.com/datasync-dev/datasync/pkg/admin"
)

const (
	defaultLimit = 50
	maxPage      = 200
)

type page[T any] = admin.List[T]

// pages reads a list page by page until limit items came (0: all) and says whether there are more.
func pages[T any](limit int, read func(cursor string, limit int) (page[T], error), take func(...T) error) (more bool, err error) {
	cursor, taken := "", 0
	for {
		size := maxPage
		if limit > 0 {
			size = min(maxPage, limit-taken)
		}
		got, err := read(cursor, size)
		if err != nil {
			return false, err
		}
		if err := take(got.Data...); err != nil {
			return false, err
		}
		taken += len(got.Data)
		cursor = got.NextCursor
		if cursor == "" || limit > 0 && taken >= limit {
			return cursor != "", nil
		}
	}
}

// set puts the place in the list into a query.
func set(query url.Values, cursor string, limit int) {
	query.Set("limit", strconv.Itoa(limit))
	query.Del("cursor")
	if cursor != "" {
		query.Set("cursor", cursor)
	}
}

// end closes a list and says whether there is more.
func end[T any](p *output.Printer, list *output.List[T], more bool, err error) error {
	if err != nil {
		return err
	}
	if err := list.Close(); err != nil {
		return err
	}
	if more {
		p.Note("There are more; --limit 0 shows all.")
	}
	return nil
}
