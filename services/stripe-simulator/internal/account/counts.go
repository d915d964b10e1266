package account

import "slices"

// Counts are totals since the account was empty.
type Counts struct {
	Created        int `json:"customers_created"`
	Live           int `json:"customers_live"`
	Delivered      int `json:"deliveries_ok"`
	FailedAttempts int `json:"deliveries_failed"` // attempts that were not answered with 2xx
	Pending        int `json:"deliveries_pending"`
	Dropped        int `json:"deliveries_dropped"`
}

// Counts returns the totals.
func (d *Side) Counts() Counts {
	d.store.mu.RLock()
	defer d.store.mu.RUnlock()
	return d.counts
}

// DuplicateMarks returns the marks that more than one customer was ever created with.
func (d *Side) DuplicateMarks() []string {
	d.store.mu.RLock()
	defer d.store.mu.RUnlock()
	return repeated(d.marks)
}

// LiveDuplicateMarks returns the marks that more than one customer carries that is there now.
func (d *Side) LiveDuplicateMarks() []string {
	d.store.mu.RLock()
	defer d.store.mu.RUnlock()
	marks := map[string]int{}
	for _, r := range d.order {
		if mark := r.current.Metadata[Mark]; mark != "" && !r.current.deleted {
			marks[mark]++
		}
	}
	return repeated(marks)
}

func repeated(marks map[string]int) []string {
	out := []string{}
	for mark, n := range marks {
		if n > 1 {
			out = append(out, mark)
		}
	}
	slices.Sort(out)
	return out
}
