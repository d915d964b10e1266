package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/customers"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/importer"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
)

const importHelp = `Create a customer for each row of a CSV or NDJSON file.

The first line of a CSV file names the columns: name, email, phone, description, tax_exempt, preferred_locales,
address.line1 (also address_line1, "Address Line1") to address.country, shipping.name, shipping.phone,
shipping.address.line1 and so on, and metadata.<key>. NDJSON has one object on each line, as the API takes it.

The file is read whole before anything is sent; wrong columns or a file that cannot be read send nothing. Rows that are
refused are written to FILE.errors with their line and the reason: correct them there and import that file. An error file
that was changed since it was written is never overwritten; the rows are in FILE.errors-2 then.

--dry-run also asks the catalog what is wrong with the values of each row, and creates nothing. Where the catalog cannot be
asked, it says that only the form of the rows was checked. What Stripe would refuse nobody knows before.

Ctrl-C, a crash or an outage loses nothing: the same command goes on where it stood, by what is noted in FILE.import.
Rows are sent in batches of 100 whose Idempotency-Keys are made of the file's content and the batch's number, so running
the command twice, even from another machine, creates nothing twice on the same day with the same API key. A file of which
rows were created cannot be imported in another way, such as with another --encoding; one of which none was begins anew.`

// importing are the flags of an import.
type importing struct {
	format, delimiter, encoding string
	rename                      map[string]string
	ignore                      []string
	state, errors               string
	senders                     int
	patience                    time.Duration
	dryRun                      bool
	resend                      bool
}

func (i *importing) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&i.format, "format", "", "csv or ndjson (default: by the file's name)")
	f.StringVar(&i.delimiter, "delimiter", "", "of CSV (default: comma, semicolon or tab, by the first line)")
	f.StringVar(&i.encoding, "encoding", "", strings.Join(importer.Encodings(), ", ")+" (default utf-8)")
	f.StringToStringVar(&i.rename, "map", nil, "`column=field` for columns with other names; may be repeated")
	f.StringSliceVar(&i.ignore, "ignore", nil, "`columns` to leave out, with commas")
	f.StringVar(&i.state, "state", "", "`file` to note the state in (default FILE.import)")
	f.StringVar(&i.errors, "errors", "", "`file` for the rows that are refused (default FILE.errors with the file's extension)")
	f.IntVar(&i.senders, "concurrency", defaultSenders, "requests at once")
	f.DurationVar(&i.patience, "patience", defaultPatience, "how long an outage may take before the import stops")
	f.BoolVar(&i.dryRun, "dry-run", false, "check every row, by the catalog too, and write the error file; create nothing")
	f.BoolVar(&i.resend, "resend", false, "after a crash more than 23 hours ago: send the rows that were in the air again, although that may create them twice")
	oneOf(cmd, "format", "csv", "ndjson")
	oneOf(cmd, "encoding", importer.Encodings()...)
}

const (
	defaultSenders  = 8
	maxSenders      = 64
	defaultPatience = 2 * time.Minute
	trialPatience   = 5 * time.Second // a dry run loses nothing by ending
)

// options reads the flags for one file.
func (i *importing) options(path string) (importer.Options, error) {
	o := importer.Options{Path: path, Format: importer.Format(i.format), Encoding: strings.ToLower(i.encoding), Rename: i.rename, Ignore: i.ignore}
	delimiter := strings.ReplaceAll(i.delimiter, `\t`, "\t")
	switch {
	case path == "-":
		return o, exit.New(exit.Usage, "an import needs a file, so that it can go on after an interruption", "save the input to a file first")
	case o.Format != "" && o.Format != importer.CSV && o.Format != importer.NDJSON:
		return o, exit.New(exit.Usage, fmt.Sprintf("the format %q is not known", i.format), "use --format csv or --format ndjson")
	case utf8.RuneCountInString(delimiter) > 1:
		return o, exit.New(exit.Usage, "--delimiter must be one character", "")
	case i.senders < 1 || i.senders > maxSenders:
		return o, exit.New(exit.Usage, fmt.Sprintf("--concurrency must be from 1 to %d", maxSenders), "")
	}
	if delimiter != "" {
		o.Delimiter, _ = utf8.DecodeRuneInString(delimiter)
	}
	if i.state == "" {
		i.state = path + ".import"
	}
	if i.errors == "" {
		i.errors = errorsPath(path)
	}
	return o, nil
}

// errorsPath keeps the extension, by which the format is known when the file is imported again.
func errorsPath(path string) string {
	if dot := strings.LastIndexByte(path, '.'); dot > strings.LastIndexByte(path, '/')+1 {
		return path[:dot] + ".errors" + path[dot:]
	}
	return path + ".errors"
}

func (a *app) customersImport() *cobra.Command {
	var i importing
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Create customers from a CSV or NDJSON file; can be stopped and repeated", Long: importHelp, Args: one,
		Example: "  datasync customers import customers.csv --dry-run\n" +
			"  datasync customers import customers.csv --map 'E-Mail=email' --ignore 'Internal No'",
	}
	i.flags(cmd)
	cmd.RunE = a.do(func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error {
		options, err := i.options(args[0])
		if err != nil {
			return err
		}
		return i.run(cmd.Context(), options, p, s)
	})
	return cmd
}

func (i *importing) run(ctx context.Context, o importer.Options, p *output.Printer, s *connect.Services) error {
	begin := time.Now()
	reading := output.NewProgress(p, "reading  ")
	scan, err := importer.Inspect(ctx, o, func(rows int64) { reading.Set(rows, 0, "") })
	reading.Close()
	if err != nil {
		return err
	}
	target := customers.Bulk{Client: client(s), DryRun: i.dryRun}
	journal := importer.Unkept()
	if i.dryRun {
		i.patience = min(i.patience, trialPatience)
	} else if journal, err = i.open(scan, s.Settings.Catalog); err != nil {
		return err
	}
	known := journal.Sum.Created + journal.Sum.Before + int64(len(journal.Sum.Bad))
	if known > 0 && known < scan.Rows {
		p.Note("Going on after %d of %d rows.", known, scan.Rows)
	}
	sending := output.NewProgress(p, i.doing())
	err = (&importer.Import{
		Options: o, Scan: scan, Journal: journal, Target: target, Senders: i.senders, Patience: i.patience,
		Progress: func(sum importer.Sum) {
			sending.Set(sum.Created+sum.Before+int64(len(sum.Bad)), scan.Rows, bad(len(sum.Bad)))
		},
	}).Run(ctx)
	sending.Close()
	err = i.finish(o, p, scan, journal, begin, err)
	return errors.Join(err, journal.Close())
}

// open opens the journal of an import that may go on.
func (i *importing) open(scan importer.Scan, catalog string) (*importer.Journal, error) {
	journal, err := importer.OpenJournal(i.state, importer.Head{Fingerprint: scan.Fingerprint, Catalog: catalog})
	if err != nil {
		return nil, err
	}
	if journal.Uncertain(time.Now()) && !i.resend {
		return nil, errors.Join(journal.Close(), exit.New(exit.Conflict,
			"the import crashed more than 23 hours ago, and rows that were in the air then may have been created without a note of it",
			"look for the customers after the last one that is noted, and repeat the command with --resend if none was created"))
	}
	return journal, nil
}

func (i *importing) doing() string {
	if i.dryRun {
		return "checking "
	}
	return "importing"
}

func bad(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d bad", n)
}
