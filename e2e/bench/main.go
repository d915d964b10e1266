// Program bench measures DataSync's built binaries against the floor: a program that does the same and promises
// nothing. It prints a table and writes it as JSON. `make bench` runs all of it, `make bench BENCH=drain,idle` some rows.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/e2e/bench/internal/report"
	"github.com/datasync-dev/datasync/e2e/bench/internal/rig"
	"github.com/datasync-dev/datasync/e2e/bench/internal/rows"
	"github.com/datasync-dev/datasync/pkg/service"
)

// Config is read from the environment.
type Config struct {
	rig.Config
	Rows   []string `env:"BENCH"`                                     // names of rows; none: all of them
	Rounds int      `env:"BENCH_ROUNDS" envDefault:"5"`               // of each side
	Full   bool     `env:"BENCH_FULL"`                                // backlogs of 20,000 and tables of a million: takes far longer
	Detail bool     `env:"BENCH_DETAIL"`                              // says who used how much CPU
	Result string   `env:"BENCH_RESULT" envDefault:".run/bench.json"` // where the JSON goes
}

func main() { service.Main(run) }

func run(ctx context.Context, getenv func(string) string, stdout io.Writer) (err error) {
	config, err := service.Load[Config](getenv)
	if err != nil {
		return err
	}
	chosen, err := choose(config.Rows)
	if err != nil {
		return err
	}
	r, err := rig.New(ctx, config.Config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close(context.WithoutCancel(ctx))) }()
	b := &rows.Bench{Rig: r, Rounds: config.Rounds, Full: config.Full}
	if config.Detail {
		b.Detail = stdout
	}
	var results []report.Row
	var failures []error
	for _, row := range chosen {
		began := time.Now()
		failure := r.Scope(ctx, func() error {
			some, err := row.Run(ctx, b)
			results = append(results, some...)
			return err
		})
		fmt.Fprintf(stdout, "%s: %s\n", row.Name, time.Since(began).Round(100*time.Millisecond))
		if failure != nil {
			failures = append(failures, fmt.Errorf("row %s: %w", row.Name, failure))
		}
		if ctx.Err() != nil {
			break
		}
	}
	fmt.Fprintln(stdout)
	return errors.Join(append(failures, report.Print(stdout, results), report.Save(config.Result, results))...)
}

func choose(names []string) ([]rows.Row, error) {
	all := rows.All()
	var chosen []rows.Row
	for _, name := range names {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		i := slices.IndexFunc(all, func(r rows.Row) bool { return r.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("BENCH: there is no row %q; rows are %s", name, list(all))
		}
		chosen = append(chosen, all[i])
	}
	if len(chosen) == 0 {
		return all, nil
	}
	return chosen, nil
}

func list(all []rows.Row) string {
	names := make([]string, 0, len(all))
	for _, row := range all {
		names = append(names, row.Name)
	}
	return strings.Join(names, ", ")
}
