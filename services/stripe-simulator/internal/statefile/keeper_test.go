package statefile_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/simtest"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/statefile"
)

func run(t *testing.T, k *statefile.Keeper) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- k.Run(ctx) }()
	return func() {
		cancel()
		require.NoError(t, <-ended)
	}
}

func stored(t *testing.T, path string) (n int64) {
	t.Helper()
	require.NoError(t, statefile.Load(path, &n))
	return n
}

func TestStateIsWrittenAfterChangesAndAtTheEnd(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.json")
	var state atomic.Int64
	k := statefile.New(path, func() any { return state.Load() }, slog.New(slog.DiscardHandler))
	stop := run(t, k)
	require.Zero(t, stored(t, path), "no file is an empty state")

	state.Store(1)
	k.Changed()
	k.Changed()
	simtest.Eventually(t, "it is written", func() bool { return stored(t, path) == 1 })
	state.Store(2)
	stop()

	require.EqualValues(t, 2, stored(t, path))
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, left, 1, "nothing half-written is left")
}

func TestADamagedFileStopsTheStart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"x":`), 0o600))
	var n int
	require.ErrorContains(t, statefile.Load(path, &n), "damaged")
	require.Error(t, statefile.Load(t.TempDir(), &n), "a directory is no state")
}

func TestAFileThatCannotBeWrittenIsTriedAgain(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "later")
	path := filepath.Join(dir, "state.json")
	k := statefile.New(path, func() any { return 7 }, slog.New(slog.DiscardHandler))
	require.Error(t, k.Save())
	stop := run(t, k)
	defer stop()
	k.Changed()
	require.NoError(t, os.Mkdir(dir, 0o700))
	simtest.Eventually(t, "it is written once it can be", func() bool { return stored(t, path) == 7 })
}
