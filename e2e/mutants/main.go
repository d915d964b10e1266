// Program mutants tests the tests: it switches off one rule of the protocol at a time and runs the suite that has to
// notice. A mutant that stays green is a rule that nothing guards.
//
// The edits are made in an overlay of the go command, so that no file of the workspace changes and no switch is in the
// production code. An edit names the text that it replaces; when the code has moved on, the program says so and fails.
//
// Environment: MUTANTS (names, with commas; default: all), SHORT (off: only those that CI tries), SIDE_BY_SIDE (2). The
// exit status is 1 when a mutant was not noticed.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sync/errgroup"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM) //nolint:forbidigo // the root of the process
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	code := 0
	if err := run(ctx, os.Getenv); err != nil { //nolint:forbidigo // the one place that reads the environment
		log.ErrorContext(ctx, "the tests do not notice everything", slog.Any("error", err))
		code = 1
	}
	stop()
	os.Exit(code)
}

const sideBySide = 2

func run(ctx context.Context, getenv func(string) string) error {
	chosen, err := choose(getenv("MUTANTS"), getenv("SHORT") != "")
	if err != nil {
		return err
	}
	limit := sideBySide
	if text := getenv("SIDE_BY_SIDE"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 {
			return fmt.Errorf("SIDE_BY_SIDE: %q is not a number above 0", text)
		}
	}
	dir, err := os.MkdirTemp("", "datasync-mutants-")
	if err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	root, err := findRoot()
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stdout, "%-26s %-44s %-10s %s\n", "mutant", "suite", "red after", "by")
	failures := make([]error, len(chosen))
	var group errgroup.Group // one that is not noticed does not end the others
	group.SetLimit(limit)
	for i, m := range chosen {
		group.Go(func() error {
			failures[i] = m.try(ctx, root, dir)
			return nil
		})
	}
	_ = group.Wait() // the failures are collected
	return errors.Join(failures...)
}

func choose(names string, short bool) (chosen []mutant, err error) {
	wanted := strings.Split(names, ",")
	for _, m := range mutants() {
		if names == "" && (m.short || !short) || slices.Contains(wanted, m.name) {
			chosen = append(chosen, m)
		}
	}
	if names != "" && len(chosen) != len(wanted) {
		return nil, fmt.Errorf("MUTANTS: not all of %q exist", names)
	}
	return chosen, nil
}
