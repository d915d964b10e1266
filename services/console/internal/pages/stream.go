package pages

import (
	"bytes"
	"context"
	"fmt"
	"hash/maphash"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/datasync-dev/datasync/services/console/internal/ui"
)

const (
	lookEvery = time.Second
	quietFor  = 15 * time.Second // then a word that says nothing, so that proxies do not hang up
)

// stream sends the live parts of a page again whenever they look different, until the reader goes away. It looks once a
// second; what several readers look at is asked for once (see package upstream).
func (s *Site) stream(ctx context.Context, w http.ResponseWriter, c *call, p page) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	c.watched = true
	sender := sender{w: w, flush: http.NewResponseController(w).Flush, seed: maphash.MakeSeed(), sent: map[string]uint64{}}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if c.session.Over() {
			_ = sender.event("leave", []byte(link("/login", "next", c.path))) // it is the last word either way
			return
		}
		if err := s.sendPage(ctx, c, p, &sender); err != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-s.Stopping:
			return
		case <-tick.C:
		}
	}
}

// sendPage sends what looks different. An error means that the reader is gone.
func (s *Site) sendPage(ctx context.Context, c *call, p page, to *sender) error {
	c.gaps, c.damaged = nil, false
	parts, err := s.parts(ctx, c, p)
	if err != nil {
		s.Log.WarnContext(ctx, "a page could not be kept live", slog.String("path", c.URL.Path), slog.Any("error", err))
	}
	for _, part := range parts {
		if err := to.changed(part); err != nil {
			return err
		}
	}
	return to.alive()
}

func (s *Site) parts(ctx context.Context, c *call, p page) ([]ui.Fragment, error) {
	v, err := s.load(ctx, c, p)
	if err != nil {
		return nil, err
	}
	return s.UI.Live(p.template, v)
}

// sender writes server-sent events.
type sender struct {
	w     io.Writer
	flush func() error
	seed  maphash.Seed
	sent  map[string]uint64
	last  time.Time
}

func (s *sender) changed(part ui.Fragment) error {
	sum := maphash.Bytes(s.seed, part.HTML)
	if s.sent[part.Name] == sum {
		return nil
	}
	s.sent[part.Name] = sum
	return s.event(part.Name, part.HTML)
}

func (s *sender) event(name string, data []byte) error {
	s.last = time.Now()
	var b bytes.Buffer
	fmt.Fprintf(&b, "event: %s\n", name)
	for line := range bytes.Lines(data) {
		fmt.Fprintf(&b, "data: %s\n", bytes.TrimRight(line, "\r\n"))
	}
	b.WriteString("\n")
	if _, err := b.WriteTo(s.w); err != nil {
		return err
	}
	return s.flush()
}

func (s *sender) alive() error {
	if time.Since(s.last) < quietFor {
		return nil
	}
	s.last = time.Now()
	if _, err := io.WriteString(s.w, ": still here\n\n"); err != nil {
		return err
	}
	return s.flush()
}
