package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/customers"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/document"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/nearest"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
)

// writing are the flags of writes.
type writing struct {
	name, email, phone, description string
	set, clear                      []string
	data                            string
	key                             string
	version                         int64
	wait                            time.Duration
	replace                         bool
}

// content are the flags that say what to write.
func (w *writing) content(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&w.name, "name", "", "`name`")
	f.StringVar(&w.email, "email", "", "email `address`")
	f.StringVar(&w.phone, "phone", "", "`number`")
	f.StringVar(&w.description, "description", "", "`text`")
	f.StringArrayVar(&w.set, "set", nil, "any `field=value`, such as address.city=Berlin or metadata.plan=gold; may be repeated")
	f.StringVar(&w.data, "data", "", "`JSON` as the API takes it; @file reads a file, - reads stdin")
}

// manner are the flags that say how to write.
func (w *writing) manner(cmd *cobra.Command, existing bool) {
	f := cmd.Flags()
	f.DurationVar(&w.wait, "wait", 0, "wait up to so long (at most 30s) until the remotes have it")
	f.StringVar(&w.key, "idempotency-key", "", "`key` that makes repeating the command within a day harmless")
	if existing {
		f.Int64Var(&w.version, "if-version", 0, "only if the customer still has this `version`")
	}
}

// body puts together what to write.
func (w *writing) body(cmd *cobra.Command, stdin io.Reader) (document.Document, error) {
	d := document.Document{}
	if w.data != "" {
		if err := w.readData(stdin, &d); err != nil {
			return nil, err
		}
	}
	for name, value := range map[string]string{"name": w.name, "email": w.email, "phone": w.phone, "description": w.description} {
		if cmd.Flags().Changed(name) {
			d[name] = value
		}
	}
	for _, one := range w.set {
		name, value, ok := strings.Cut(one, "=")
		if !ok {
			return nil, exit.New(exit.Usage, fmt.Sprintf("--set %s has no =", one), "write --set address.city=Berlin")
		}
		if err := d.Set(name, value); err != nil {
			return nil, unknownField(err, name)
		}
	}
	for _, name := range w.clear {
		if err := d.Clear(name); err != nil {
			return nil, unknownField(err, name)
		}
	}
	if len(d) == 0 {
		return nil, exit.New(exit.Usage, "there is nothing to write", "give --name, --email, --set field=value or --data; "+cmd.CommandPath()+" --help lists all")
	}
	return d, nil
}

func unknownField(err error, name string) error {
	fix := "the fields are: " + strings.Join(document.Names(), ", ") + ", metadata.<key>"
	if near := nearest.Of(name, document.Names()); near != "" {
		fix = "did you mean " + near + "?"
	}
	return exit.Wrap(exit.Usage, err, err.Error(), fix)
}

func (w *writing) readData(stdin io.Reader, d *document.Document) error {
	raw, err := []byte(w.data), error(nil)
	switch {
	case w.data == "-":
		raw, err = io.ReadAll(stdin)
	case strings.HasPrefix(w.data, "@"):
		raw, err = os.ReadFile(w.data[1:])
	}
	if err != nil {
		return exit.Wrap(exit.Usage, err, "--data cannot be read: "+err.Error(), "")
	}
	if err := json.Unmarshal(raw, d); err != nil || *d == nil {
		return exit.Wrap(exit.Usage, err, "--data is not a JSON object", `write --data '{"name": "Ada"}'`)
	}
	return nil
}

func (w *writing) options() customers.Write {
	return customers.Write{Key: w.key, Version: w.version, Wait: w.wait}
}

// written shows what was written and tells when the wait for the remotes was in vain.
func (w *writing) written(ctx context.Context, p *output.Printer, s *connect.Services, c customers.Customer) error {
	if err := showCustomer(p, c); err != nil || w.wait == 0 {
		return err
	}
	for _, remote := range slices.Sorted(maps.Keys(c.Sync)) {
		switch at := c.Sync[remote]; at.State {
		case "pending", "retrying":
			fix := "it follows by itself; watch it with datasync customers timeline " + c.ID
			if held, _ := holdsOf(ctx, s, c); len(held[remote]) > 0 { // who does not answer cannot say that it is held
				why, end := because(held[remote])
				fix = "it will not by itself, because " + why + ": run " + end
			}
			return exit.New(exit.Timeout, fmt.Sprintf("the customer is written, but %s does not have it yet after %s", remote, w.wait), fix)
		case "failed", "discarded":
			return exit.New(exit.Failed, "the customer is written, but "+remote+" refuses it", reason(at.LastError))
		}
	}
	return nil
}

func reason(e *customers.Error) string {
	if e == nil || e.Reason == "" {
		return "see datasync failures list"
	}
	return e.Reason
}

// patient lets requests take as long as the wait.
func (w *writing) patient(s *connect.Services) customers.Client {
	c := client(s)
	c.HTTP.Timeout += w.wait
	return c
}
