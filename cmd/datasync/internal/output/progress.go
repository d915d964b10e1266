package output

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

const (
	barWidth    = 30
	redrawEvery = 100 * time.Millisecond
)

// Progress is a bar on stderr while long work goes on. Off a terminal it shows nothing. It is safe for concurrent use.
type Progress struct {
	p     *Printer
	label string

	mu      sync.Mutex
	start   time.Time
	first   int64
	drawn   time.Time
	started bool
	done    int64
	total   int64
	note    string
}

// NewProgress begins a bar.
func NewProgress(p *Printer, label string) *Progress { return &Progress{p: p, label: label} }

// Set says how much is done, of how much (0: not known), and how it goes.
func (b *Progress) Set(done, total int64, note string) {
	if !b.p.Live || b.p.Quiet {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if !b.started {
		b.started, b.start, b.first = true, now, done
	}
	b.done, b.total, b.note = done, total, note
	if now.Sub(b.drawn) >= redrawEvery {
		b.draw(now)
	}
}

// Close draws the bar for the last time and leaves it on the screen.
func (b *Progress) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.started {
		b.draw(time.Now())
		_, _ = fmt.Fprintln(b.p.Err) // nobody is left to tell
		b.started = false
	}
}

func (b *Progress) draw(now time.Time) {
	b.drawn = now
	line := "\r\x1b[K" + b.label + " " + b.bar() + b.pace(now)
	if b.note != "" {
		line += "  " + b.note
	}
	_, _ = fmt.Fprint(b.p.Err, line) // nobody is left to tell
}

func (b *Progress) bar() string {
	if b.total <= 0 {
		return fmt.Sprintf("%d", b.done)
	}
	share := min(float64(b.done)/float64(b.total), 1)
	full := int(share * barWidth)
	return fmt.Sprintf("[%s%s] %3.0f%%  %d/%d", strings.Repeat("=", full), strings.Repeat(" ", barWidth-full), share*100, b.done, b.total)
}

// pace says how fast it goes and how long the rest takes.
func (b *Progress) pace(now time.Time) string {
	seconds := now.Sub(b.start).Seconds()
	if seconds < 1 || b.done <= b.first {
		return ""
	}
	rate := float64(b.done-b.first) / seconds
	text := fmt.Sprintf("  %.0f/s", rate)
	if b.total > b.done {
		left := time.Duration(float64(b.total-b.done) / rate * float64(time.Second))
		text += "  " + left.Round(time.Second).String() + " left"
	}
	return text
}
