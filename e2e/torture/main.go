// Program torture runs the real services, breaks everything around and in them at random while people write on both
// sides, mends it, and checks that nothing was lost, doubled or overwritten. See docs/torture.md.
//
// Environment: SEED (default: the clock), WRITES (3000), FAULTS (60), MINUTES (2), DROP_WEBHOOKS (off), CLUSTER (1: how
// many nodes RabbitMQ has; 3 is the other choice), KEEP (off: keep
// the logs of a good run). It prints one line of JSON; the exit status is 1 when a promise was broken.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM) //nolint:forbidigo // the root of the process
	code := run(ctx)
	stop()
	os.Exit(code)
}

func run(ctx context.Context) int {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo}))
	s, err := readSettings(os.Getenv) //nolint:forbidigo // the one place that reads the environment
	if err != nil {
		log.ErrorContext(ctx, "bad settings", slog.Any("error", err))
		return 2
	}
	dir, err := workDir()
	if err != nil {
		log.ErrorContext(ctx, "no place to work", slog.Any("error", err))
		return 2
	}
	t := &torture{settings: s, dir: dir, log: log}
	report := t.run(ctx)
	line, err := json.Marshal(report)
	if err != nil {
		log.ErrorContext(ctx, "the report cannot be written", slog.Any("error", err))
		return 2
	}
	fmt.Fprintln(os.Stdout, string(line))
	if !report.OK {
		fmt.Fprintf(os.Stderr, "FAILED. Repeat with SEED=%d WRITES=%d FAULTS=%d MINUTES=%g. Logs and data are in %s\n",
			s.Seed, s.Writes, s.Faults, s.Minutes, dir)
		return 1
	}
	return 0
}

// workDir is a new directory that the servers' own users may enter.
func workDir() (string, error) {
	dir, err := os.MkdirTemp("", "datasync-torture-")
	if err != nil {
		return "", fmt.Errorf("make a directory: %w", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // PostgreSQL and RabbitMQ run as users of their own
		return "", fmt.Errorf("open the directory: %w", err)
	}
	return filepath.EvalSymlinks(dir)
}
