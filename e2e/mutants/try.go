package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// mutant is one rule switched off.
type mutant struct {
	name  string
	short bool // CI tries it
	edits []edit
	suite string // the package whose tests have to notice
	tests string // a regular expression: which of them
}

// edit replaces a text that has to stand exactly once in a file.
type edit struct{ file, from, to string }

const suiteLimit = 3 * time.Minute

var failedTest = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)

// try runs the suite with the mutant, and returns an error unless a test fails which passes without it.
func (m mutant) try(ctx context.Context, root, dir string) error {
	overlay, err := m.overlay(root, filepath.Join(dir, m.name))
	if err != nil {
		return fmt.Errorf("%s: %w", m.name, err)
	}
	// In the environment, so that a program which a test builds has the mutant too.
	flags := "GOFLAGS=-buildvcs=false -overlay=" + overlay
	if output, err := command(ctx, root, flags, "test", "-c", "-o", os.DevNull, "./"+m.suite); err != nil {
		return fmt.Errorf("%s: the mutant does not compile: %w\n%s", m.name, err, output)
	}
	began := time.Now()
	output, err := m.test(ctx, root, flags)
	took := time.Since(began)
	var exited *exec.ExitError
	switch found := failedTest.FindStringSubmatch(output); {
	case err == nil:
		fmt.Fprintf(os.Stdout, "%-26s %-44s %-10s %s\n", m.name, m.suite, "NEVER", m.tests)
		return fmt.Errorf("%s: no test of %s noticed", m.name, m.suite)
	case !errors.As(err, &exited) || ctx.Err() != nil:
		return fmt.Errorf("%s: %w", m.name, err)
	case found == nil:
		return fmt.Errorf("%s: the suite failed, but no test did:\n%s", m.name, output)
	default:
		if output, err := m.test(ctx, root, "GOFLAGS=-buildvcs=false"); err != nil {
			return fmt.Errorf("%s: the suite fails without the mutant as well: %w\n%s", m.name, err, output)
		}
		fmt.Fprintf(os.Stdout, "%-26s %-44s %-10s %s\n", m.name, m.suite, took.Round(100*time.Millisecond), found[1])
		return nil
	}
}

// test runs the tests that have to notice.
func (m mutant) test(ctx context.Context, root, flags string) (string, error) {
	return command(ctx, root, flags, "test", "-count=1", "-timeout", suiteLimit.String(), "-run", m.tests, "./"+m.suite)
}

func command(ctx context.Context, root, flags string, args ...string) (string, error) {
	run := exec.CommandContext(ctx, "go", args...)
	run.Dir, run.Env = root, append(os.Environ(), flags)
	output, err := run.CombinedOutput()
	return string(output), err
}

// overlay writes the edited files, and the JSON file that tells the go command of them.
func (m mutant) overlay(root, dir string) (string, error) {
	replace, edited := map[string]string{}, map[string][]byte{}
	for _, e := range m.edits {
		path := filepath.Join(root, e.file)
		text := edited[path]
		if text == nil {
			var err error
			if text, err = os.ReadFile(path); err != nil {
				return "", fmt.Errorf("read: %w", err)
			}
		}
		if n := bytes.Count(text, []byte(e.from)); n != 1 {
			return "", fmt.Errorf("%s has moved on: this stands %d times in it, and not once:\n%s", e.file, n, e.from)
		}
		edited[path] = bytes.Replace(text, []byte(e.from), []byte(e.to), 1)
	}
	for path, text := range edited {
		replace[path] = filepath.Join(dir, strings.ReplaceAll(strings.TrimPrefix(path, root), string(filepath.Separator), "_"))
		if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(replace[path], text, 0o600)); err != nil {
			return "", fmt.Errorf("write the mutant: %w", err)
		}
	}
	encoded, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", fmt.Errorf("write the overlay: %w", err)
	}
	file := filepath.Join(dir, "overlay.json")
	return file, os.WriteFile(file, encoded, 0o600)
}

// findRoot finds the workspace above the working directory.
func findRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the workspace: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("find the workspace: no go.work above the working directory")
		}
		dir = parent
	}
}
