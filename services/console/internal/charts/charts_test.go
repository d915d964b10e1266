package charts_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/charts"
)

// counts puts n durations into the bucket of each index.
func counts(n int64, buckets ...int) []int64 {
	all := make([]int64, len(admin.LatencyBounds()))
	for _, b := range buckets {
		all[b] += n
	}
	return all
}

func TestPercentilesOfHistogramsThatAddUp(t *testing.T) {
	t.Parallel()
	bounds := admin.LatencyBounds()
	var h charts.Histogram
	_, ok := h.Quantile(0.5)
	require.False(t, ok, "nothing has no median")

	h.Add(counts(98, 10))
	h.Add(counts(2, 40))
	require.EqualValues(t, 100, h.Count())
	for q, bucket := range map[float64]int{0: 10, 0.5: 10, 0.98: 10, 0.99: 40, 1: 40} {
		value, ok := h.Quantile(q)
		require.True(t, ok)
		require.InDelta(t, bounds[bucket], value, 1e-12, "%v", q)
	}

	h = nil
	h.Add(append(make([]int64, len(bounds)), 1)) // above every bound
	value, _ := h.Quantile(0.5)
	require.InDelta(t, bounds[len(bounds)-1], value, 1e-9)
}

func TestAnHourIsAddedUpOverServices(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 12, 30, 40, 0, time.UTC)
	series := charts.NewSeries(now)
	last := now.Truncate(time.Minute).Add(-time.Minute)
	for range 2 {
		series.Add([]admin.Point{
			{At: last, Outbound: 3, Inbound: 1, Latency: counts(1, 5), Errors: map[string]int64{"transient": 2}},
			{At: last.Add(-2 * time.Hour), Outbound: 100},
			{At: now.Truncate(time.Minute), Outbound: 100},
		})
	}
	outbound, inbound := series.Totals(60)
	require.EqualValues(t, 6, outbound)
	require.EqualValues(t, 2, inbound)
	require.EqualValues(t, 4, series.Errors())
	require.EqualValues(t, 2, series.Latency().Count())

	chart := series.Mirrored("Commit to mirrored")
	require.Len(t, chart.Minutes, 60)
	require.Nil(t, chart.Lines[0][0], "a minute without work has no percentile")
	require.NotNil(t, chart.Lines[1][59])
	require.Len(t, chart.Rows(), 1)
	require.NotEmpty(t, chart.Sketch(0))

	points, err := series.ByClass().Points()
	require.NoError(t, err)
	var drawn struct {
		Names  []string     `json:"names"`
		Values [][]*float64 `json:"values"`
	}
	require.NoError(t, json.Unmarshal([]byte(points), &drawn))
	require.Equal(t, []string{"transient"}, drawn.Names)
	require.Len(t, drawn.Values, 2)
	require.InDelta(t, 4, *drawn.Values[1][59], 0)
}

func TestTheBacklogIsAddedUpOverServices(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 12, 30, 40, 0, time.UTC)
	series := charts.NewSeries(now)
	last := now.Truncate(time.Minute).Add(-time.Minute)
	for range 2 {
		series.AddWaiting([]admin.Point{
			{At: last, Waiting: &admin.Waiting{Outbound: 3, Inbound: 1}},
			{At: last.Add(-time.Minute)},
			{At: now.Truncate(time.Minute), Waiting: &admin.Waiting{Outbound: 100}},
		})
	}
	require.EqualValues(t, 8, series.Peak())
	chart := series.Backlog("out", "in")
	require.InDelta(t, 6, *chart.Lines[0][59], 0)
	require.InDelta(t, 2, *chart.Lines[1][59], 0)
	require.Nil(t, chart.Lines[0][58], "nobody looked: that is not nothing")
}

func TestAnHourWithoutErrorsStillHasALine(t *testing.T) {
	t.Parallel()
	chart := charts.NewSeries(time.Now()).ByClass()
	require.Len(t, chart.Lines, 1)
	require.Empty(t, chart.Rows())
}
