package importer

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	chunkRows  = 100              // at most, in one request; all of them or none
	chunkBytes = 2 * maxRow       // at most, in one request
	grace      = 20 * time.Second // for what is in the air when the import is stopped
)

// Import is one run over a file.
type Import struct {
	Options  Options
	Scan     Scan
	Journal  *Journal
	Target   Target
	Senders  int
	Patience time.Duration
	Progress func(Sum) // called after each chunk, by one at a time

	noting sync.Mutex
}

// chunk is some rows that follow each other and are sent in one request. Which rows form one depends on nothing but the
// file, so that the same file always makes the same requests.
type chunk struct {
	index int64
	rows  []Row
	bytes int
}

// full reports whether the row does not fit in any more.
func (c chunk) full(row Row) bool {
	return len(c.rows) == chunkRows || len(c.rows) > 0 && c.bytes+len(row.Body) > chunkBytes
}

// Run sends what is not done yet. When ctx ends it stops at once taking up rows, waits for what is in the air, and
// returns ctx's error. The journal tells what came of it.
func (i *Import) Run(ctx context.Context) error {
	sending, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, end) })
	defer stop()
	group, broken := errgroup.WithContext(sending)
	chunks := make(chan chunk)
	stopped := false
	group.Go(func() (err error) {
		defer close(chunks)
		stopped, err = i.read(ctx, broken, chunks)
		return err
	})
	s := &sender{target: i.Target, prefix: "import2-" + i.Scan.Fingerprint[:32] + "-", gate: &gate{}, patience: i.Patience}
	for range i.Senders {
		group.Go(func() error { return i.work(broken, s, chunks) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := i.Journal.Rest(); err != nil {
		return err
	}
	if stopped {
		return ctx.Err()
	}
	return nil
}

// work sends chunks until there are no more.
func (i *Import) work(ctx context.Context, s *sender, chunks <-chan chunk) error {
	for c := range chunks {
		done, err := s.send(ctx, c)
		if err != nil {
			return err
		}
		if err := i.note(done); err != nil {
			return err
		}
	}
	return nil
}

func (i *Import) note(done entry) error {
	i.noting.Lock()
	defer i.noting.Unlock()
	err := i.Journal.Add(done)
	i.Progress(i.Journal.Sum)
	return err
}

// read hands out the chunks that are not done, and says whether it was stopped before the end.
func (i *Import) read(ctx, broken context.Context, chunks chan<- chunk) (stopped bool, err error) {
	reader, file, err := open(i.Options, io.Discard)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	for c, err := range chunked(reader) {
		if err != nil {
			return false, err
		}
		if i.Journal.Done(c.index) {
			continue
		}
		select {
		case chunks <- c:
		case <-ctx.Done():
			return true, nil
		case <-broken.Done():
			return true, nil // the sender that failed says why
		}
	}
	return false, nil
}

// chunked puts rows together; an error is the last thing that comes.
func chunked(reader Reader) iter.Seq2[chunk, error] {
	return func(yield func(chunk, error) bool) {
		var c chunk
		for {
			row, err := reader.Next()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					yield(c, err)
				} else if len(c.rows) > 0 {
					yield(c, nil)
				}
				return
			}
			if c.full(row) {
				if !yield(c, nil) {
					return
				}
				c = chunk{index: c.index + 1}
			}
			c.rows = append(c.rows, row)
			c.bytes += len(row.Body)
		}
	}
}
