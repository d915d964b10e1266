package charts

import (
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// AddWaiting adds what waited at a service.
func (s *Series) AddWaiting(points []admin.Point) {
	for _, p := range points {
		m, ok := s.points[p.At.UTC().Truncate(time.Minute).Unix()]
		if !ok || p.Waiting == nil {
			continue
		}
		if m.waiting == nil {
			m.waiting = &admin.Waiting{}
		}
		m.waiting.Outbound += p.Waiting.Outbound
		m.waiting.Inbound += p.Waiting.Inbound
	}
}

// Peak is the most that waited in a minute of the hour, in both directions together.
func (s *Series) Peak() (peak int64) {
	for _, m := range s.points {
		if m.waiting != nil {
			peak = max(peak, m.waiting.Outbound+m.waiting.Inbound)
		}
	}
	return peak
}

// Backlog is what waited in each minute, at most, in both directions.
func (s *Series) Backlog(out, in string) Chart {
	waiting := func(of func(*admin.Waiting) int64) []*float64 {
		return s.line(func(m *minute) *float64 {
			if m.waiting == nil {
				return nil
			}
			return new(float64(of(m.waiting)))
		})
	}
	return Chart{
		ID: "backlog", Title: "Waiting", Unit: "n", Names: []string{out, in}, Colours: []string{"--accent", "--second"}, Minutes: s.minutes,
		Lines: [][]*float64{
			waiting(func(w *admin.Waiting) int64 { return w.Outbound }), waiting(func(w *admin.Waiting) int64 { return w.Inbound }),
		},
	}
}
