package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
)

const (
	flushEvery = time.Second
	maxMinutes = 120 // kept while the database is away
)

// Meter counts entries by the minute, in memory, and adds its counts to the table every second: replicas and workers
// that all added to the same row inside their transactions would wait for each other. What a killed process counted in
// its last second is missing from the charts. A Meter is safe for concurrent use.
type Meter struct {
	bounds  []float64
	mu      sync.Mutex
	minutes map[time.Time]*admin.Point
}

// NewMeter returns a meter; Run empties it.
func NewMeter() *Meter {
	return &Meter{bounds: admin.LatencyBounds(), minutes: map[time.Time]*admin.Point{}}
}

// Count counts entries whose transaction has been committed.
func (m *Meter) Count(e Entries) {
	if len(e.Changes)+len(e.Attempts)+len(e.Settled) == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.point(time.Now())
	for _, c := range e.Changes {
		switch {
		case c.Direction == admin.Outbound && c.State == admin.StateApplied:
			p.Outbound++
			p.Latency = m.observe(p.Latency, c.Latency)
		case c.Direction == admin.Inbound && (c.State == admin.StateApplied || c.State == admin.StateSent):
			p.Inbound++
		}
	}
	for _, s := range e.Settled {
		if s.State == admin.StateApplied {
			p.Outbound++
			p.Latency = m.observe(p.Latency, s.Latency)
		}
	}
	for _, a := range e.Attempts {
		p.Calls = m.observe(p.Calls, a.Duration)
		if a.Class != "" {
			p.Errors[a.Class]++
		}
	}
}

// Waiting notes how much waits now. A minute keeps the most that was noted in it, by any replica: all see the same.
func (m *Meter) Waiting(now admin.Waiting) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.point(time.Now())
	p.Waiting = most(p.Waiting, &now)
}

func most(a, b *admin.Waiting) *admin.Waiting {
	if a == nil || b == nil {
		return cmp.Or(a, b)
	}
	return &admin.Waiting{Outbound: max(a.Outbound, b.Outbound), Inbound: max(a.Inbound, b.Inbound)}
}

func (m *Meter) point(now time.Time) *admin.Point {
	minute := now.UTC().Truncate(time.Minute)
	p := m.minutes[minute]
	if p == nil {
		p = &admin.Point{At: minute, Errors: map[string]int64{}}
		m.minutes[minute] = p
	}
	return p
}

// observe adds one duration to a histogram; 0 is one that is not known.
func (m *Meter) observe(histogram []int64, d time.Duration) []int64 {
	if d <= 0 {
		return histogram
	}
	bucket, _ := slices.BinarySearch(m.bounds, d.Seconds())
	if missing := bucket + 1 - len(histogram); missing > 0 {
		histogram = append(histogram, make([]int64, missing)...)
	}
	histogram[bucket]++
	return histogram
}

// Run adds the counts to the table until ctx ends, the last ones included; then it returns nil.
func (m *Meter) Run(ctx context.Context, db *gorm.DB, log *slog.Logger) error {
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	for failing := false; ; {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushEvery)
			defer cancel()
			if err := m.Flush(last, db); err != nil {
				log.WarnContext(ctx, "the last figures of the ledger are lost", slog.Any("error", err))
			}
			return nil
		case <-ticker.C:
		}
		err := m.Flush(ctx, db)
		if err != nil && !failing && ctx.Err() == nil {
			log.WarnContext(ctx, "the ledger's figures cannot be stored; they are kept", slog.Any("error", err))
		}
		failing = err != nil
	}
}

// addSQL adds up counters, counts by class, and histograms bucket by bucket.
const addSQL = `
INSERT INTO rollups AS r (minute, outbound, inbound, waiting_outbound, waiting_inbound, errors, latency, calls)
SELECT p.at, p.outbound, p.inbound, (p.waiting->>'outbound')::bigint, (p.waiting->>'inbound')::bigint,
    coalesce(p.errors, '{}'), coalesce(p.latency, '{}'), coalesce(p.calls, '{}')
FROM jsonb_to_recordset(?::jsonb) AS p (at timestamptz, outbound bigint, inbound bigint, waiting jsonb, errors jsonb, latency bigint[], calls bigint[])
ORDER BY p.at
ON CONFLICT (minute) DO UPDATE SET
    outbound = r.outbound + excluded.outbound,
    inbound  = r.inbound + excluded.inbound,
    waiting_outbound = greatest(r.waiting_outbound, excluded.waiting_outbound), -- passes over null
    waiting_inbound  = greatest(r.waiting_inbound, excluded.waiting_inbound),
    errors   = coalesce((SELECT jsonb_object_agg(class, total) FROM (
                   SELECT class, sum(count::bigint) AS total
                   FROM (SELECT * FROM jsonb_each_text(r.errors) UNION ALL SELECT * FROM jsonb_each_text(excluded.errors)) AS e (class, count)
                   GROUP BY class) AS t), '{}'),
    latency  = (SELECT coalesce(array_agg(coalesce(a, 0) + coalesce(b, 0) ORDER BY i), '{}')
                FROM unnest(r.latency, excluded.latency) WITH ORDINALITY AS h (a, b, i)),
    calls    = (SELECT coalesce(array_agg(coalesce(a, 0) + coalesce(b, 0) ORDER BY i), '{}')
                FROM unnest(r.calls, excluded.calls) WITH ORDINALITY AS h (a, b, i))`

// Flush adds what was counted to the table now. What cannot be added is kept for the next time.
func (m *Meter) Flush(ctx context.Context, db *gorm.DB) error {
	m.mu.Lock()
	counted := m.minutes
	m.minutes = map[time.Time]*admin.Point{}
	m.mu.Unlock()
	if len(counted) == 0 {
		return nil
	}
	points := make([]*admin.Point, 0, len(counted))
	for _, p := range counted {
		points = append(points, p)
	}
	encoded, err := json.Marshal(points)
	if err != nil {
		return fmt.Errorf("encode the ledger's figures: %w", err)
	}
	if err := db.WithContext(ctx).Exec(addSQL, string(encoded)).Error; err != nil {
		m.takeBack(counted)
		return fmt.Errorf("store the ledger's figures: %w", err)
	}
	return nil
}

// takeBack puts counts back that could not be stored, but for the oldest when there are too many.
func (m *Meter) takeBack(counted map[time.Time]*admin.Point) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for minute, p := range counted {
		if newer := m.minutes[minute]; newer != nil {
			merge(p, newer)
		}
		m.minutes[minute] = p
	}
	for len(m.minutes) > maxMinutes {
		oldest := time.Now()
		for minute := range m.minutes {
			if minute.Before(oldest) {
				oldest = minute
			}
		}
		delete(m.minutes, oldest)
	}
}

func merge(into, from *admin.Point) {
	into.Outbound += from.Outbound
	into.Inbound += from.Inbound
	into.Waiting = most(into.Waiting, from.Waiting)
	for class, count := range from.Errors {
		into.Errors[class] += count
	}
	into.Latency, into.Calls = added(into.Latency, from.Latency), added(into.Calls, from.Calls)
}

func added(a, b []int64) []int64 {
	if len(a) < len(b) {
		a, b = b, a
	}
	for i, count := range b {
		a[i] += count
	}
	return a
}
