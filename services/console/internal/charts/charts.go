package charts

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// Span is how far back the charts go.
const Span = time.Hour

// Chart is a few lines over time: for a script that draws it, and as a table for everybody.
type Chart struct {
	ID, Title string
	Unit      string // n: a count, s: seconds
	Names     []string
	Colours   []string     // names of custom properties of the style sheet
	Minutes   []int64      // Unix times
	Lines     [][]*float64 // one value to a minute; nil where there is none
}

// Points is the chart as uPlot takes it.
func (c Chart) Points() (string, error) {
	values := []any{c.Minutes}
	for _, line := range c.Lines {
		values = append(values, line)
	}
	raw, err := json.Marshal(map[string]any{"names": c.Names, "colours": c.Colours, "values": values})
	return string(raw), err
}

// Row is one minute in the table of a chart.
type Row struct {
	At     time.Time
	Values []*float64
}

// Rows returns the minutes in which there was something, the newest first.
func (c Chart) Rows() []Row {
	var rows []Row
	for i, at := range slices.Backward(c.Minutes) {
		row, some := Row{At: time.Unix(at, 0)}, false
		for _, line := range c.Lines {
			row.Values = append(row.Values, line[i])
			some = some || line[i] != nil && *line[i] != 0
		}
		if some {
			rows = append(rows, row)
		}
	}
	return rows
}

// The size of what Sketch draws.
const (
	sketchWidth  = 600
	sketchHeight = 130
)

// Sketch is a line as the points of an SVG polyline: what browsers without scripts see.
func (c Chart) Sketch(line int) string {
	top := 0.0
	for _, l := range c.Lines {
		for _, v := range l {
			if v != nil {
				top = max(top, *v)
			}
		}
	}
	if top == 0 {
		top = 1
	}
	var points []string
	for i, v := range c.Lines[line] {
		if v != nil {
			x := float64(i) * sketchWidth / float64(max(len(c.Minutes)-1, 1))
			points = append(points, fmt.Sprintf("%.0f,%.1f", x, sketchHeight-4-*v/top*(sketchHeight-12)))
		}
	}
	return strings.Join(points, " ")
}

// Series is an hour of work, minute by minute, added up over services. Until one has told, there is nothing to draw: that is
// not the same as an hour without work.
type Series struct {
	minutes []int64
	points  map[int64]*minute
	told    bool
}

type minute struct {
	outbound, inbound float64
	waiting           *admin.Waiting // nil: nobody looked
	errors            map[string]int64
	latency, calls    Histogram
}

// NewSeries returns the hour that ends now. The minute under way is left out: it would always look like a drop.
func NewSeries(now time.Time) *Series {
	s := &Series{points: map[int64]*minute{}}
	end := now.UTC().Truncate(time.Minute)
	for at := end.Add(-Span); at.Before(end); at = at.Add(time.Minute) {
		s.minutes = append(s.minutes, at.Unix())
		s.points[at.Unix()] = &minute{errors: map[string]int64{}}
	}
	return s
}

// Add adds a service's points; those outside the hour are ignored.
func (s *Series) Add(points []admin.Point) {
	s.told = true
	for _, p := range points {
		m, ok := s.points[p.At.UTC().Truncate(time.Minute).Unix()]
		if !ok {
			continue
		}
		m.outbound += float64(p.Outbound)
		m.inbound += float64(p.Inbound)
		for class, n := range p.Errors {
			m.errors[class] += n
		}
		m.latency.Add(p.Latency)
		m.calls.Add(p.Calls)
	}
}

// Latency is the histogram of commit-to-mirrored.
func (s *Series) Latency() Histogram { return s.sum(func(m *minute) Histogram { return m.latency }) }

// Calls is the histogram of the remotes' answers.
func (s *Series) Calls() Histogram { return s.sum(func(m *minute) Histogram { return m.calls }) }

func (s *Series) sum(of func(*minute) Histogram) Histogram {
	var h Histogram
	for _, at := range s.minutes {
		h.Add(of(s.points[at]))
	}
	return h
}

// Totals returns how many changes went each way in the last n minutes.
func (s *Series) Totals(n int) (outbound, inbound int64) {
	for _, at := range s.minutes[max(len(s.minutes)-n, 0):] {
		outbound += int64(s.points[at].outbound)
		inbound += int64(s.points[at].inbound)
	}
	return outbound, inbound
}

// Errors returns how many attempts failed in the hour.
func (s *Series) Errors() (total int64) {
	for _, m := range s.points {
		for _, n := range m.errors {
			total += n
		}
	}
	return total
}

func (s *Series) line(value func(*minute) *float64) []*float64 {
	line := make([]*float64, 0, len(s.minutes))
	for _, at := range s.minutes {
		line = append(line, value(s.points[at]))
	}
	return line
}

// counts is a line in which a minute without work is 0.
func (s *Series) counts(value func(*minute) float64) []*float64 {
	return s.line(func(m *minute) *float64 {
		if !s.told {
			return nil
		}
		return new(value(m))
	})
}

// Throughput is changes per minute in both directions.
func (s *Series) Throughput(out, in string) Chart {
	return Chart{
		ID: "throughput", Title: "Changes per minute", Unit: "n", Names: []string{out, in}, Colours: []string{"--accent", "--second"}, Minutes: s.minutes,
		Lines: [][]*float64{
			s.counts(func(m *minute) float64 { return m.outbound }),
			s.counts(func(m *minute) float64 { return m.inbound }),
		},
	}
}

// Mirrored draws the median and the 99th percentile of commit-to-mirrored for each minute.
func (s *Series) Mirrored(title string) Chart {
	return s.percentiles("mirrored", title, func(m *minute) Histogram { return m.latency })
}

// Answers draws the same of the remotes' answers.
func (s *Series) Answers(title string) Chart {
	return s.percentiles("answers", title, func(m *minute) Histogram { return m.calls })
}

func (s *Series) percentiles(id, title string, of func(*minute) Histogram) Chart {
	quantile := func(q float64) func(*minute) *float64 {
		return func(m *minute) *float64 {
			if v, ok := of(m).Quantile(q); ok {
				return &v
			}
			return nil
		}
	}
	return Chart{
		ID: id, Title: title, Unit: "s", Names: []string{"p50", "p99"}, Colours: []string{"--accent", "--warn"}, Minutes: s.minutes,
		Lines: [][]*float64{s.line(quantile(0.5)), s.line(quantile(0.99))},
	}
}

// ByClass is failed attempts per minute, by class.
func (s *Series) ByClass() Chart {
	classes := map[string]bool{}
	for _, m := range s.points {
		for class := range m.errors {
			classes[class] = true
		}
	}
	chart := Chart{ID: "errors", Title: "Failed attempts per minute", Unit: "n", Minutes: s.minutes}
	for i, class := range slices.Sorted(maps.Keys(classes)) {
		chart.Names = append(chart.Names, class)
		chart.Colours = append(chart.Colours, []string{"--bad", "--warn", "--accent", "--second"}[i%4])
		chart.Lines = append(chart.Lines, s.counts(func(m *minute) float64 { return float64(m.errors[class]) }))
	}
	if len(chart.Lines) == 0 {
		chart.Names, chart.Colours = []string{"failed"}, []string{"--bad"}
		chart.Lines = [][]*float64{s.counts(func(*minute) float64 { return 0 })}
	}
	return chart
}
