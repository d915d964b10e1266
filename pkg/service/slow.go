package service

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// Timeouts are how long a client may keep the server waiting. None of them limits how long a handler may take, how large
// a body may be, or how long an answer may be streamed: only clients that make no progress are cut off.
type Timeouts struct {
	Header time.Duration // for the whole of the header
	Body   time.Duration // for the body, beside a second for every 16 KiB that came; then reads fail with os.ErrDeadlineExceeded
	Write  time.Duration // for what is written at once
}

// bodyRate is how many bytes a second a body has to bring from the time on that Timeouts.Body allows anyway.
const bodyRate = 16 << 10

// handler sets the deadlines that http.Server cannot: its own are for the whole of a request or an answer.
func (t Timeouts) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		if r.Body != nil && r.Body != http.NoBody {
			body := &timedBody{ReadCloser: r.Body, control: control, start: time.Now(), allowed: t.Body}
			body.extend() // also for a body that nobody reads: the server itself reads it to its end
			r.Body = body
		}
		next.ServeHTTP(&timedWriter{ResponseWriter: w, control: control, allowed: t.Write}, r)
	})
}

// timedBody is a body that has to arrive at a pace.
type timedBody struct {
	io.ReadCloser
	control *http.ResponseController
	start   time.Time
	allowed time.Duration
	read    int64
}

// Read implements io.Reader. At the end the deadline is lifted: it would end the request's context when it passes.
func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	if errors.Is(err, io.EOF) {
		_ = b.control.SetReadDeadline(time.Time{})
		return n, err
	}
	b.extend()
	return n, err
}

func (b *timedBody) extend() {
	earned := time.Duration(b.read) * time.Second / bodyRate
	_ = b.control.SetReadDeadline(b.start.Add(b.allowed + earned)) // a connection that cannot is none of the network
}

// timedWriter is an answer that has to be taken.
type timedWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	allowed time.Duration
}

// Write implements io.Writer.
func (w *timedWriter) Write(p []byte) (int, error) {
	_ = w.control.SetWriteDeadline(time.Now().Add(w.allowed))
	return w.ResponseWriter.Write(p)
}

// Flush implements http.Flusher, which gin asks for.
func (w *timedWriter) Flush() {
	_ = w.control.SetWriteDeadline(time.Now().Add(w.allowed))
	_ = w.control.Flush()
}

// Unwrap is for http.ResponseController.
func (w *timedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
