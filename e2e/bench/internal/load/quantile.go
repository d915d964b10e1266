package load

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Quantile returns the value below which the share q of the values lies; 0 for none.
func Quantile[T cmp.Ordered](values []T, q float64) T {
	var none T
	if len(values) == 0 {
		return none
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)-1, max(0, int(math.Ceil(q*float64(len(sorted))))-1))]
}

// Median returns the middle of the values.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// Milliseconds is a duration in the unit of the table.
func Milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
