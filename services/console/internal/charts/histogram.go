// Package charts turns the minutes of a service's work into what the overview draws. Histograms add up, so percentiles
// over any span and any number of services are true ones.
package charts

import (
	"github.com/datasync-dev/datasync/pkg/admin"
)

// Histogram counts durations in the buckets of admin.LatencyBounds.
type Histogram []int64

// Add adds another one.
func (h *Histogram) Add(counts []int64) {
	for len(*h) < len(counts) {
		*h = append(*h, 0)
	}
	for i, n := range counts {
		(*h)[i] += n
	}
}

// Count returns how many durations there are.
func (h Histogram) Count() (total int64) {
	for _, n := range h {
		total += n
	}
	return total
}

// Quantile returns the duration in seconds that the share q of all is within; false when there are none. What lies above
// the last bound counts as the last bound.
func (h Histogram) Quantile(q float64) (float64, bool) {
	total := h.Count()
	if total == 0 {
		return 0, false
	}
	bounds := admin.LatencyBounds()
	wanted := max(int64(q*float64(total)+0.999999), 1)
	for i, n := range h {
		if wanted -= n; wanted <= 0 {
			return bounds[min(i, len(bounds)-1)], true
		}
	}
	return bounds[len(bounds)-1], true
}
