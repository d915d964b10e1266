package command

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/customers"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/document"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
)

const exportHelp = `Write customers as JSON lines, or with -o csv as CSV, page by page, so that any number needs little memory.

CSV has a column for each field and, of metadata, for each key that --metadata names. An export can be imported
elsewhere: leave out what the catalog sets itself with
  datasync customers import FILE --ignore id,version,created_at,updated_at`

// exporting are the flags of an export.
type exporting struct {
	listing
	file     string
	metadata []string
}

func (a *app) customersExport() *cobra.Command {
	var e exporting
	cmd := &cobra.Command{
		Use: "export", Short: "Write all customers to stdout or a file", Long: exportHelp, Args: none,
		Example: "  datasync customers export --file customers.ndjson\n  datasync customers export -o csv --metadata plan --sync-state synced > customers.csv",
	}
	e.flags(cmd, 0)
	cmd.Flags().StringVar(&e.file, "file", "", "`path` of a new file, which is complete once it is there (default: stdout)")
	cmd.Flags().StringSliceVar(&e.metadata, "metadata", nil, "`keys` of metadata that get a column in CSV, with commas")
	cmd.RunE = a.do(func(cmd *cobra.Command, _ []string, p *output.Printer, s *connect.Services) error {
		query, err := e.values(time.Now())
		if err != nil {
			return err
		}
		if e.state == paused {
			return exit.New(exit.Usage, "only connectors know which customers are paused, so that they cannot be exported by that",
				"datasync customers list --sync-state paused --limit 0 -o json lists them")
		}
		if !cmd.Flags().Changed("output") {
			p.Format = output.JSONL
			if filepath.Ext(e.file) == ".csv" {
				p.Format = output.CSV
			}
		}
		if e.file == "" {
			return e.write(cmd, p, p.Out, query, client(s))
		}
		return e.toFile(cmd, p, query, client(s))
	})
	return cmd
}

// toFile writes beside the file first: whoever finds the file finds all of it.
func (e *exporting) toFile(cmd *cobra.Command, p *output.Printer, query url.Values, c customers.Client) error {
	if _, err := os.Stat(e.file); err == nil {
		return exit.New(exit.Conflict, e.file+" is there already", "name another --file, or remove it")
	}
	part := e.file + ".part"
	file, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // it holds customers
	if err != nil {
		return exit.Wrap(exit.Failed, err, "the export cannot be written: "+err.Error(), "")
	}
	err = e.write(cmd, p, file, query, c)
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	return os.Rename(part, e.file)
}

func (e *exporting) write(cmd *cobra.Command, p *output.Printer, w io.Writer, query url.Values, c customers.Client) error {
	progress := output.NewProgress(p, "exporting")
	defer progress.Close()
	to := *p
	to.Out = w
	add, flush, err := e.sink(&to)
	if err != nil {
		return err
	}
	written := int64(0)
	_, err = pages(e.limit, func(cursor string, limit int) (page[customers.Customer], error) {
		set(query, cursor, limit)
		return c.List(cmd.Context(), query)
	}, func(found ...customers.Customer) error {
		written += int64(len(found))
		progress.Set(written, 0, "")
		return add(found...)
	})
	if err != nil && written > 0 {
		return exit.Wrap(exit.Partial, err, fmt.Sprintf("the export stopped after %d customers: %s", written, exit.Explain(err)), "")
	}
	if err != nil {
		return err
	}
	return flush()
}

func (e *exporting) sink(p *output.Printer) (add func(...customers.Customer) error, flush func() error, err error) {
	switch p.Format {
	case output.CSV:
		return e.table(p.Out)
	case output.JSON, output.JSONL:
		list := output.NewList(p, "", customerColumns()...)
		return list.Add, list.Close, nil
	case output.Table:
	}
	return nil, nil, exit.New(exit.Usage, "an export is no table", "use -o jsonl, -o json or -o csv; datasync customers list shows a table")
}

// table writes CSV that can be imported again.
func (e *exporting) table(w io.Writer) (add func(...customers.Customer) error, flush func() error, err error) {
	names := document.Names()
	for _, key := range e.metadata {
		names = append(names, "metadata."+key)
	}
	out := csv.NewWriter(w)
	err = out.Write(append([]string{"id", "version", "created_at", "updated_at"}, names...))
	add = func(found ...customers.Customer) error {
		for _, c := range found {
			fields, err := c.Fields()
			if err != nil {
				return err
			}
			row := []string{c.ID, strconv.FormatInt(c.Version, 10), document.Flatten(fields, "created_at"), stamp(c.UpdatedAt)}
			for _, name := range names {
				row = append(row, document.Flatten(fields, name))
			}
			if err := out.Write(row); err != nil {
				return fmt.Errorf("write the output: %w", err)
			}
		}
		out.Flush()
		return out.Error()
	}
	return add, func() error { out.Flush(); return out.Error() }, err
}
