// Program console measures the pages of the operators' console before the real services, with many changes in their
// ledgers. It prints a table, and fails when a page is not there in 100 ms. `make bench-console` runs it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/datasync-dev/datasync/e2e/bench/internal/load"
	"github.com/datasync-dev/datasync/e2e/bench/internal/rig"
	"github.com/datasync-dev/datasync/pkg/service"
)

// goal is what a first page may take.
const goal = 100 * time.Millisecond

// Config is read from the environment.
type Config struct {
	rig.Config
	Changes int `env:"CHANGES" envDefault:"1000000"` // in the ledger of each service
	Rounds  int `env:"BENCH_ROUNDS" envDefault:"100"`
}

func main() { service.Main(run) }

func run(ctx context.Context, getenv func(string) string, stdout io.Writer) (err error) {
	config, err := service.Load[Config](getenv)
	if err != nil {
		return err
	}
	r, err := rig.New(ctx, config.Config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close(context.WithoutCancel(ctx))) }()
	began := time.Now()
	at, err := start(ctx, r, config.Changes)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%d changes in each ledger, made in %s\n\n", config.Changes, time.Since(began).Round(time.Second))
	v, err := visit(ctx, at)
	if err != nil {
		return err
	}
	for range config.Rounds {
		for i := range v.pages {
			if err := v.look(ctx, &v.pages[i]); err != nil {
				return err
			}
		}
	}
	return show(stdout, v.pages)
}

// start starts the services and fills their ledgers; at is the console's address.
func start(ctx context.Context, r *rig.Rig, changes int) (at string, err error) {
	d, err := r.StartCatalog(ctx)
	if err != nil {
		return "", err
	}
	webhooks, err := rig.FreeAddr(ctx)
	if err != nil {
		return "", err
	}
	stripe, err := r.StartSimulator(ctx, webhooks)
	if err != nil {
		return "", err
	}
	if err := d.StartConnector(ctx, stripe.URL, webhooks, nil); err != nil {
		return "", err
	}
	if err := fill(ctx, r, d, changes); err != nil {
		return "", err
	}
	console, err := d.StartConsole(ctx)
	if err != nil {
		return "", err
	}
	return console.URL, nil
}

func show(stdout io.Writer, pages []page) error {
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "page\tKB\tp50 ms\tp99 ms\t")
	var slow []error
	for _, p := range pages {
		p50, p99 := load.Quantile(p.took, 0.5), load.Quantile(p.took, 0.99)
		fmt.Fprintf(table, "%s\t%d\t%.1f\t%.1f\t\n", p.name, (p.bytes+1023)/1024, load.Milliseconds(p50), load.Milliseconds(p99))
		if p50 > goal {
			slow = append(slow, fmt.Errorf("%s takes %s", p.name, p50))
		}
	}
	return errors.Join(append(slow, table.Flush())...)
}
