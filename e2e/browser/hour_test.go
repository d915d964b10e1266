package browser_test

import (
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
)

// hour writes the figures of an hour in which Stripe was away for some minutes, so that the charts have something to show: what a
// test does takes seconds. The minute under way stays as it is.
func (s *stack) hour() {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), postgrestest.URL())
	require.NoError(s.t, err)
	defer func() { require.NoError(s.t, conn.Close(s.t.Context())) }()
	_, err = conn.Exec(s.t.Context(), `SELECT set_config('search_path', $1, false)`, s.connectorSchema)
	require.NoError(s.t, err)
	now := time.Now().UTC().Truncate(time.Minute)
	for ago := 1; ago <= 60; ago++ {
		waves := 1 + 0.3*math.Sin(float64(ago)/7) + 0.1*math.Sin(float64(ago)*1.7)
		outbound, inbound, waiting, slower := int64(120*waves), int64(45/waves), int64(2), 1.0
		failed := map[string]int64{}
		switch {
		case ago > 24 && ago <= 28: // it is away
			outbound, failed["transient"], waiting, slower = 4, 9, 120*int64(29-ago), 12
		case ago > 22 && ago <= 24: // what has waited goes out
			outbound, waiting, slower = 360, 240*int64(ago-22)-180, 40
		case ago%13 == 0:
			failed["throttled"] = 3
		}
		_, err = conn.Exec(s.t.Context(), `
			INSERT INTO rollups (minute, outbound, inbound, waiting_outbound, waiting_inbound, errors, latency, calls)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (minute) DO UPDATE SET outbound = excluded.outbound, inbound = excluded.inbound, errors = excluded.errors,
			    waiting_outbound = excluded.waiting_outbound, latency = excluded.latency, calls = excluded.calls`,
			now.Add(-time.Duration(ago)*time.Minute), outbound, inbound, waiting, inbound/20, failed,
			spread(outbound, 0.16*waves*slower), spread(outbound+inbound, 0.13*waves))
		require.NoError(s.t, err)
	}
}

// spread is a histogram of n durations around a median in seconds, with a long tail.
func spread(n int64, median float64) []int64 {
	bounds := admin.LatencyBounds()
	histogram := make([]int64, len(bounds))
	for i := range n {
		at := median * math.Exp(1.2*math.Pow(2*(float64(i)+0.5)/float64(n)-1, 3))
		bucket, _ := slices.BinarySearch(bounds, at)
		histogram[bucket]++
	}
	return histogram
}
