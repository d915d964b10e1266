// Package statefile keeps the simulator's state in a file, so that it survives restarts.
package statefile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

const (
	settle  = 100 * time.Millisecond // changes that come close together are written once
	breathe = 10                     // and the file is never written for more than a tenth of the time
)

// Keeper writes the state after changes. Changed is safe for concurrent use.
type Keeper struct {
	path    string
	take    func() any
	log     *slog.Logger
	changed chan struct{}
}

// New returns a keeper of the file at path; take returns the state, which nobody changes any more.
func New(path string, take func() any, log *slog.Logger) *Keeper {
	return &Keeper{path: path, take: take, log: log, changed: make(chan struct{}, 1)}
}

// Load reads the file into state. A file that is not there changes nothing.
func Load(path string, state any) error {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(raw) == 0 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	if err := json.Unmarshal(raw, state); err != nil {
		return fmt.Errorf("state file %s is damaged, move it away to start empty: %w", path, err)
	}
	return nil
}

// Changed says that there is something to write. It never blocks.
func (k *Keeper) Changed() {
	select {
	case k.changed <- struct{}{}:
	default:
	}
}

// Run writes after changes, and once more when ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	pause := settle
	broken := false
	for {
		select {
		case <-ctx.Done():
			return k.Save()
		case <-k.changed:
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return k.Save()
		case <-timer.C:
		}
		began := time.Now()
		err := k.Save()
		pause = max(settle, breathe*time.Since(began))
		switch {
		case err != nil:
			if !broken {
				k.log.ErrorContext(ctx, "the state cannot be written, trying on", slog.Any("error", err))
			}
			k.Changed()
		case broken:
			k.log.InfoContext(ctx, "the state is written again")
		}
		broken = err != nil
	}
}

// Save writes the state: first beside the file, then in its place, so that the file is always whole.
func (k *Keeper) Save() error {
	raw, err := json.Marshal(k.take())
	if err != nil {
		return fmt.Errorf("render state: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(k.path), filepath.Base(k.path)+".new-*")
	if err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	_, err = f.Write(raw)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), k.path)
	}
	if err != nil {
		return fmt.Errorf("write state: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}
