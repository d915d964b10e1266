package pages

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/services/console/internal/timeline"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

// fieldRow is one field on each side.
type fieldRow struct {
	Field                string
	Catalog, Agreed, Now string
	Differs              bool
	Refused              bool // the remote refused the catalog's value
	By                   string
	At                   time.Time
}

// compare puts the sides beside each other, field by field. Without the catalog its side is what the connector last heard.
func (p *customerPage) compare(c *call, customer upstream.Customer, story []timeline.Entry) {
	left := map[string]string(customer.Fields())
	if !p.Known {
		left = p.Side.Link.Desired
	}
	if p.Deleted {
		left = nil
	}
	shadow, now := p.Side.Link.Shadow, p.Side.Now
	fields := map[string]bool{}
	for _, one := range []map[string]string{left, shadow, now} {
		for field := range one {
			fields[field] = true
		}
	}
	for _, field := range slices.SortedFunc(maps.Keys(fields), byImportance) {
		row := fieldRow{Field: field, Catalog: left[field], Agreed: shadow[field], Now: now[field]}
		row.Refused = p.Side.Failure != nil && p.Side.Failure.Field == field
		there := p.Side.Known && p.Side.Link.RemoteID != ""
		row.Differs = there && (row.Catalog != row.Agreed || p.Side.Asked && row.Now != row.Catalog)
		if row.Differs {
			p.Differs++
		}
		p.Moved = p.Moved || p.Side.Asked && row.Now != row.Agreed
		row.By, row.At = lastSet(story, field)
		row.Catalog, row.Agreed, row.Now = c.value(field, row.Catalog), c.value(field, row.Agreed), c.value(field, row.Now)
		p.Rows = append(p.Rows, row)
	}
}

// byImportance puts what identifies a customer first and metadata last.
func byImportance(a, b string) int {
	return strings.Compare(importance(a)+a, importance(b)+b)
}

func importance(field string) string {
	switch {
	case field == "name":
		return "0"
	case field == "email":
		return "1"
	case field == "phone", field == "description":
		return "2"
	case strings.HasPrefix(field, "metadata."):
		return "9"
	}
	return "5"
}

// lastSet finds who changed a field last.
func lastSet(story []timeline.Entry, field string) (by string, at time.Time) {
	for _, e := range story {
		if e.Quiet || e.State == "failed" && !e.Left {
			continue
		}
		if slices.Contains(e.Names(), field) {
			if e.Left {
				return who(e.Origin), e.At
			}
			return remoteTitle(e.Remote), e.At
		}
	}
	return "", time.Time{}
}

func who(origin string) string {
	if origin == "" {
		return "the catalog"
	}
	return origin
}

// loud leaves out what had no effect.
func loud(story []timeline.Entry) []timeline.Entry {
	return slices.DeleteFunc(slices.Clone(story), func(e timeline.Entry) bool { return e.Quiet })
}
