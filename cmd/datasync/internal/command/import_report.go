package command

import (
	"context"
	"errors"
	"fmt"
	"os"
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
}

// finish reports what came of an import that ended with err, or was stopped, and writes the error file.
func (i *importing) finish(o importer.Options, p *output.Printer, scan importer.Scan, j *importer.Journal, begin time.Time, err error) error {
	if i.dryRun && err != nil {
		j.Sum.Bad = scan.Bad // what the catalog said of the others is not all that it would say
	}
	r := imported{File: o.Path, Rows: scan.Rows, Bad: int64(len(j.Sum.Bad)), Seconds: float64(time.Since(begin).Milliseconds()) / 1000}
	if !i.dryRun {
		r.Created, r.Before, r.State = j.Sum.Created, j.Sum.Before, i.state
	}
	r.Left = r.Rows - r.Created - r.Before - r.Bad
	reported := i.report(o, p, j, r)
	var ending *exit.Error
	switch {
	case err == nil:
		return reported
	case reported != nil && !errors.As(reported, &ending):
		return errors.Join(err, reported) // the error file could not be written
	}
	return i.stopped(err, r.Left)
}

// stopped is how an import ends that did not come to its end.
func (i *importing) stopped(err error, left int64) error {
	what, fix := fmt.Sprintf("stopped with %d rows left", left), "run the same command again to go on"
	if i.dryRun {
		what, fix = "only the form of the rows was checked, not whether the catalog takes their values", "run the same command again"
	}
	code := exit.CodeOf(err)
	if code == exit.Failed || code == exit.Timeout {
		code = exit.Partial
	}
	if !errors.Is(err, context.Canceled) {
		what += ": " + exit.Explain(err).Error()
	}
	return exit.Wrap(code, err, what, fix)
}

// report writes the error file and the sum.
func (i *importing) report(o importer.Options, p *output.Printer, j *importer.Journal, r imported) (err error) {
	if r.Errors, err = importer.WriteErrors(o, i.errors, j); err != nil {
		return err
	}
	if _, err := os.Stat(i.errors); err == nil && r.Errors != i.errors {
		p.Note("%s is left as it is: it was not written by this import, or was changed since.", i.errors)
	}
	number := func(name string, value func(imported) int64) output.Column[imported] {
		return output.Of(name, func(r imported) string { return strconv.FormatInt(value(r), 10) })
	}
	err = output.One(p, r,
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
		return exit.New(exit.Failed, fmt.Sprintf("every one of the %d rows is bad", r.Bad), "see the reasons in "+r.Errors)
	}
	return exit.New(exit.Partial, fmt.Sprintf("%d of %d rows are bad", r.Bad, r.Rows), "correct them in "+r.Errors+" and import that file")
}
