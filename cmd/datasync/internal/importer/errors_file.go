package importer

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// WriteErrors writes the rows that could not be taken to path, in the form of the original, each with its line and the
// reason. Without such rows there is no file. What stands there and was not left so by the import that the journal is of, such as a file
// that somebody has begun to correct, is left alone: then the rows are in another file beside it. It returns where they are, "" for
// nowhere.
func WriteErrors(o Options, path string, j *Journal) (string, error) {
	if len(j.Sum.Bad) == 0 {
		return "", j.removeErrors(path)
	}
	var content bytes.Buffer
	if err := writeBad(o, &content, j.Sum.Bad); err != nil {
		return "", fmt.Errorf("write the error file: %w", err)
	}
	for n := 1; ; n++ {
		name := numbered(path, n)
		present, err := os.ReadFile(name)
		switch {
		case err == nil && bytes.Equal(present, content.Bytes()):
			return name, j.noteErrors(name, present)
		case err == nil && !j.left(name, present):
			continue
		case err != nil && !errors.Is(err, os.ErrNotExist):
			return "", fmt.Errorf("write the error file: %w", err)
		}
		next := name + ".new"
		if err := os.WriteFile(next, content.Bytes(), 0o600); err != nil { // it holds customers
			return "", fmt.Errorf("write the error file: %w", err)
		}
		if err := os.Rename(next, name); err != nil {
			return "", fmt.Errorf("write the error file: %w", err)
		}
		return name, j.noteErrors(name, content.Bytes())
	}
}

// numbered is path for 1, and path-2 and so on for others, before the extension.
func numbered(path string, n int) string {
	if n == 1 {
		return path
	}
	extension := filepath.Ext(path)
	return fmt.Sprintf("%s-%d%s", strings.TrimSuffix(path, extension), n, extension)
}

// left reports whether the import has left a file as it is.
func (j *Journal) left(path string, content []byte) bool { return j.errors[path] == checksum(content) }

func (j *Journal) noteErrors(path string, content []byte) error {
	sum := checksum(content)
	if j.errors[path] == sum {
		return nil
	}
	j.errors[path] = sum
	return j.write(entry{At: time.Now().UTC(), Errors: &written{path, sum}})
}

// removeErrors removes the error file of an earlier run.
func (j *Journal) removeErrors(path string) error {
	present, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) || err == nil && !j.left(path, present) {
		return nil
	}
	if err == nil {
		err = os.Remove(path)
	}
	if err != nil {
		return fmt.Errorf("remove an old error file: %w", err)
	}
	return nil
}

func checksum(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
