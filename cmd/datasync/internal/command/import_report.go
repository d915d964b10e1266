package command

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/importer"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
)

// imported is what an import has come to.
type imported struct {
	File    string  `json:"file"`
	Rows    int64   `json:"rows"`
	Created int64   `json:"created"`
	Before  int64   `json:"created_before"`
	Bad     int64   `json:"bad"`
	Left    int64   `json:"left"`
	Seconds float64 `json:"seconds"`
	Errors  string  `json:"error_file,omitempty"`
	State   string  `json:"state_file,omitempty"`

	refused []importer.Bad
}

func (r imported) with(sum importer.Sum, i *importing, begin time.Time) imported {
	r.Created, r.Before, r.Bad, r.refused = sum.Created, sum.Before, int64(len(sum.Bad)), sum.Bad
	r.Left = r.Rows - r.Created - r.Before - r.Bad
	r.Seconds = float64(time.Since(begin).Milliseconds()) / 1000
	if r.Bad > 0 {
		r.Errors = i.errors
	}
	if !i.dryRun {
		r.State = i.state
	}
	return r
}

// finish reports after an import that ended with err, or was stopped.
func (i *importing) finish(o importer.Options, p *output.Printer, r imported, err error) error {
	reported := i.report(o, p, r)
	var ending *exit.Error
	switch {
	case err == nil:
		return reported
	case reported != nil && !errors.As(reported, &ending):
		return errors.Join(err, reported) // the error file could not be written
	case errors.Is(err, context.Canceled):
		return exit.Wrap(exit.Partial, err, fmt.Sprintf("stopped with %d rows left", r.Left), "run the same command again to go on")
	}
	failed := exit.Explain(err)
	code := exit.CodeOf(err)
	if code == exit.Failed || code == exit.Timeout {
		code = exit.Partial
	}
	return exit.Wrap(code, err, fmt.Sprintf("stopped with %d rows left: %s", r.Left, failed), "run the same command again to go on")
}

// report writes the error file and the sum.
func (i *importing) report(o importer.Options, p *output.Printer, r imported) error {
	if err := importer.WriteErrors(o, i.errors, r.refused); err != nil {
		return err
	}
	number := func(name string, value func(imported) int64) output.Column[imported] {
		return output.Of(name, func(r imported) string { return strconv.FormatInt(value(r), 10) })
	}
	err := output.One(p, r,
		output.Of("file", func(r imported) string { return r.File }),
		number("rows", func(r imported) int64 { return r.Rows }),
		number("created", func(r imported) int64 { return r.Created }),
		number("created_before", func(r imported) int64 { return r.Before }),
		number("bad", func(r imported) int64 { return r.Bad }),
		number("left", func(r imported) int64 { return r.Left }),
		output.Of("seconds", func(r imported) string { return strconv.FormatFloat(r.Seconds, 'f', 1, 64) }),
		output.Of("error_file", func(r imported) string { return r.Errors }),
		output.Of("state_file", func(r imported) string { return r.State }))
	switch {
	case err != nil:
		return err
	case r.Bad == 0:
		return nil
	case r.Bad == r.Rows:
		return exit.New(exit.Failed, fmt.Sprintf("every one of the %d rows is bad", r.Bad), "see the reasons in "+i.errors)
	}
	return exit.New(exit.Partial, fmt.Sprintf("%d of %d rows are bad", r.Bad, r.Rows), "correct them in "+i.errors+" and import that file")
}
