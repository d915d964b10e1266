package ledger_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/ledger"
)

func total(points []admin.Point) (sum admin.Point) {
	sum.Errors = map[string]int64{}
	sum.Latency, sum.Calls = make([]int64, 82), make([]int64, 82)
	for _, p := range points {
		sum.Outbound += p.Outbound
		sum.Inbound += p.Inbound
		for class, count := range p.Errors {
			sum.Errors[class] += count
		}
		for i, count := range p.Latency {
			sum.Latency[i] += count
		}
		for i, count := range p.Calls {
			sum.Calls[i] += count
		}
	}
	return sum
}

func TestReplicasAddUpTheirFigures(t *testing.T) {
	t.Parallel()
	db := setup(t)
	counted := ledger.Entries{
		Changes: []ledger.Change{
			{Direction: admin.Outbound, State: admin.StateApplied, Latency: time.Millisecond},
			{Direction: admin.Outbound, State: admin.StateFailed},
			{Direction: admin.Inbound, State: admin.StateApplied},
			{Direction: admin.Inbound, State: admin.StateSkipped},
			{Direction: admin.Local, State: admin.StateAccepted},
		},
		Attempts: []ledger.Attempt{
			{Duration: time.Hour, Class: "transient"}, {Duration: 1900 * time.Microsecond}, {Class: "permanent"},
		},
		Settled: []ledger.Settlement{
			{State: admin.StateApplied, Latency: 1900 * time.Microsecond}, {State: admin.StateDiscarded},
		},
	}
	var all sync.WaitGroup
	for range 4 {
		meter := ledger.NewMeter()
		all.Go(func() {
			for i := range 10 {
				meter.Count(counted)
				meter.Waiting(admin.Waiting{Outbound: int64(i), Inbound: 2})
				require.NoError(t, meter.Flush(t.Context(), db))
			}
		})
	}
	all.Wait()

	points, err := ledger.Series(t.Context(), db, admin.Window{Since: time.Now().Add(-time.Hour)})
	require.NoError(t, err)
	sum := total(points)
	require.EqualValues(t, 80, sum.Outbound)
	require.EqualValues(t, 40, sum.Inbound)
	require.Equal(t, map[string]int64{"transient": 40, "permanent": 40}, sum.Errors)
	require.EqualValues(t, 40, sum.Latency[0], "up to a millisecond")
	require.EqualValues(t, 40, sum.Latency[4], "the bucket that ends at two milliseconds")
	require.EqualValues(t, 40, sum.Calls[4])
	require.EqualValues(t, 40, sum.Calls[81], "above all bounds")
	require.Equal(t, &admin.Waiting{Outbound: 9, Inbound: 2}, points[len(points)-1].Waiting, "the most, not the sum")
}

func TestFiguresAreKeptWhileTheyCannotBeStored(t *testing.T) {
	t.Parallel()
	db := setup(t)
	require.NoError(t, db.Exec("ALTER TABLE rollups RENAME TO elsewhere").Error)
	meter := ledger.NewMeter()
	one := ledger.Entries{Changes: []ledger.Change{{Direction: admin.Outbound, State: admin.StateApplied, Latency: time.Second}}}
	for range 3 {
		meter.Count(one)
		require.Error(t, meter.Flush(t.Context(), db))
	}
	require.NoError(t, db.Exec("ALTER TABLE elsewhere RENAME TO rollups").Error)

	require.NoError(t, meter.Flush(t.Context(), db))
	require.NoError(t, meter.Flush(t.Context(), db))

	points, err := ledger.Series(t.Context(), db, admin.Window{Since: time.Now().Add(-time.Hour)})
	require.NoError(t, err)
	require.EqualValues(t, 3, total(points).Outbound)
}
