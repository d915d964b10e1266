package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

// StaticPath is below what Assets are served.
const StaticPath = "/static/"

// Assets are the files that pages load. Each has the hash of its content in its address, so that a browser may keep it for
// ever; they are compressed once.
type Assets struct {
	files map[string]asset // by name, such as console.css
}

type asset struct {
	url, kind  string
	plain, zip []byte
}

func loadAssets(dir fs.FS) (*Assets, error) {
	a := &Assets{files: map[string]asset{}}
	err := fs.WalkDir(dir, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(dir, name)
		if err != nil {
			return err
		}
		compressed, err := compress(content)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		a.files[name] = asset{
			url: StaticPath + hex.EncodeToString(sum[:6]) + "/" + name, kind: kind(name), plain: content, zip: compressed,
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read static files: %w", err)
	}
	return a, nil
}

func kind(name string) string {
	if known := mime.TypeByExtension(path.Ext(name)); known != "" {
		return known
	}
	return "text/plain; charset=utf-8"
}

func compress(content []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	err = w.Close()
	return b.Bytes(), err
}

// URL returns the address of a file; the error is a mistake in a template.
func (a *Assets) URL(name string) (string, error) {
	file, ok := a.files[name]
	if !ok {
		return "", fmt.Errorf("no static file %s", name)
	}
	return file.url, nil
}

// ScriptBytes is how much script a browser downloads, compressed.
func (a *Assets) ScriptBytes() int {
	total := 0
	for name, file := range a.files {
		if path.Ext(name) == ".js" {
			total += len(file.zip)
		}
	}
	return total
}

// ServeHTTP serves a file by the address that URL gave.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, StaticPath), "/")
	file, ok := a.files[name]
	if !ok || file.url != r.URL.Path {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", file.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	content := file.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		content = file.zip
	}
	_, _ = w.Write(content) // a reader that went away is none of our business
}
