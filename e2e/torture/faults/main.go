// Program faults breaks the real services in one way after the other while people write on both sides, says what it saw
// while each thing was broken, mends it, and checks that both sides agree and that nothing was lost or doubled. Where
// make torture deals its faults at random, this plays every row of the failure table by itself. See docs/guarantees.md.
//
// Environment: ROWS (names, with commas; default: all that fit), SHORT (off: only the rows that CI plays), CLUSTER (1: how
// many nodes RabbitMQ has; 3 adds the rows of a cluster). The exit status is 1 when a row failed.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	startLimit = 10 * time.Minute // with the building
	rowLimit   = 4 * time.Minute
	closeLimit = time.Minute
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM) //nolint:forbidigo // the root of the process
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	code := 0
	if err := run(ctx, os.Getenv, log); err != nil { //nolint:forbidigo // the one place that reads the environment
		log.ErrorContext(ctx, "failed", slog.Any("error", err))
		code = 1
	}
	stop()
	os.Exit(code)
}

func run(ctx context.Context, getenv func(string) string, log *slog.Logger) error {
	nodes := 1
	if getenv("CLUSTER") == "3" {
		nodes = 3
	}
	chosen, err := choose(getenv("ROWS"), getenv("SHORT") != "", nodes)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "datasync-faults-")
	if err == nil {
		err = os.Chmod(dir, 0o755) //nolint:gosec // PostgreSQL and RabbitMQ run as users of their own
	}
	if err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	r := &rig{dir: dir, log: log}
	err = r.start(ctx, nodes)
	if err == nil {
		err = r.play(ctx, chosen)
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
	defer cancel()
	if err != nil {
		err = fmt.Errorf("%w\nlogs and data are in %s", err, dir)
	}
	return errors.Join(err, r.close(closing, err != nil))
}

// choose picks rows by their names, or all that can be played with so many nodes.
func choose(names string, short bool, nodes int) (chosen []row, err error) {
	all := rows()
	for _, r := range all {
		switch {
		case names != "" && !slices.Contains(strings.Split(names, ","), r.name):
		case names == "" && (short && !r.short || r.nodes > nodes):
		default:
			chosen = append(chosen, r)
		}
	}
	if names != "" && len(chosen) != strings.Count(names, ",")+1 {
		known := make([]string, 0, len(all))
		for _, r := range all {
			known = append(known, r.name)
		}
		return nil, fmt.Errorf("ROWS: not all of %q are among %s", names, strings.Join(known, ", "))
	}
	return chosen, nil
}

// play plays rows one after the other. One that fails does not keep the others from being played.
func (r *rig) play(ctx context.Context, chosen []row) error {
	var failures []error
	for _, one := range chosen {
		began := time.Now()
		limited, cancel := context.WithTimeout(ctx, rowLimit)
		seen, err := r.one(limited, one)
		cancel()
		took := time.Since(began).Round(100 * time.Millisecond)
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", one.name, err))
			fmt.Fprintf(os.Stdout, "FAILED  %-24s %7s  %v\n", one.name, took, err)
			continue
		}
		fmt.Fprintf(os.Stdout, "ok      %-24s %7s  %s\n", one.name, took, seen)
	}
	return errors.Join(append(failures, r.leaks(ctx))...)
}
