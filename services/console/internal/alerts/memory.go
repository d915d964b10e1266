package alerts

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// remember takes up what an earlier process has told and not told the end of.
func (w *Watch) remember() error {
	if w.o.Memory == "" {
		return nil
	}
	raw, err := os.ReadFile(w.o.Memory)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var told []Problem
	if err == nil {
		err = json.Unmarshal(raw, &told)
	}
	if err != nil {
		return fmt.Errorf("alerts that stand are told again: %w", err)
	}
	for _, p := range told {
		w.known[p.Key] = &known{Problem: p, seen: lasting, told: true}
	}
	return nil
}

// memorize keeps what is told for the next process.
func (w *Watch) memorize() error {
	if w.o.Memory == "" {
		return nil
	}
	told := []Problem{}
	for _, k := range w.known {
		if k.told {
			told = append(told, k.Problem)
		}
	}
	raw, err := json.Marshal(told)
	if err != nil {
		return fmt.Errorf("remember alerts: %w", err)
	}
	fresh := w.o.Memory + ".new"
	if err := os.WriteFile(fresh, raw, 0o600); err != nil {
		return fmt.Errorf("remember alerts: %w", err)
	}
	if err := os.Rename(fresh, w.o.Memory); err != nil {
		return fmt.Errorf("remember alerts: %w", err)
	}
	return nil
}
