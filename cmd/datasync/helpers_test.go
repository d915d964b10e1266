package main_test

import (
	"os"
	"path/filepath"
	"strings"
)

// lowered makes the first letters of sentences not matter.
func lowered(text string) string { return strings.ToLower(text) }

func mkdirs(parent string, names ...string) error {
	for _, name := range names {
		if err := os.MkdirAll(filepath.Join(parent, name), 0o750); err != nil {
			return err
		}
	}
	return nil
}

// strip takes a directory of this run out of a text.
func strip(text, dir string) string { return strings.ReplaceAll(text, dir, "DIR") }
