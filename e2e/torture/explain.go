package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/datasync-dev/datasync/e2e/torture/internal/oracle"
)

// explain writes what is wrong, with the timeline of the first records concerned.
func (t *torture) explain(ctx context.Context) {
	file, err := os.Create(filepath.Join(t.dir, "failure.txt"))
	if err != nil {
		t.log.ErrorContext(ctx, "the failure cannot be written down", slog.Any("error", err))
		return
	}
	defer func() { _ = file.Close() }()
	out := both{file, os.Stderr}
	for _, f := range t.findings {
		fmt.Fprintln(out, f)
	}
	if t.checker == nil {
		return
	}
	shown := map[*oracle.Record]bool{}
	for _, f := range t.findings {
		if f.Record == nil || shown[f.Record] || len(shown) == shownRecords {
			continue
		}
		shown[f.Record] = true
		t.checker.Timeline(ctx, out, f.Record, t.breaker.Journal())
	}
}

// both writes to a file and to the terminal.
type both struct{ file, terminal *os.File }

func (b both) Write(p []byte) (int, error) {
	_, _ = b.terminal.Write(p) // a closed terminal must not cost us the file
	return b.file.Write(p)
}
