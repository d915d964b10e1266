// Package ui is how the console looks: templates, style, scripts and icons, all embedded, and how values are written
// for people.
package ui

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

//go:embed templates/*.html templates/*/*.html
var templates embed.FS

//go:embed static
var static embed.FS

// livePrefix begins the names of templates that are sent again while somebody watches.
const livePrefix = "live-"

// UI renders pages. It is safe for concurrent use.
type UI struct {
	Assets *Assets
	pages  map[string]*template.Template
	live   map[string][]string
}

// New parses everything; an error is a mistake of ours.
func New() (*UI, error) {
	files, err := fs.Sub(static, "static")
	if err != nil {
		return nil, err
	}
	assets, err := loadAssets(files)
	if err != nil {
		return nil, err
	}
	u := &UI{Assets: assets, pages: map[string]*template.Template{}, live: map[string][]string{}}
	shared, err := template.New("").Funcs(funcs(assets)).ParseFS(templates, "templates/shared/*.html")
	if err != nil {
		return nil, fmt.Errorf("shared templates: %w", err)
	}
	names, err := fs.Glob(templates, "templates/*.html")
	if err != nil {
		return nil, err
	}
	for _, file := range names {
		if err := u.add(shared, file); err != nil {
			return nil, err
		}
	}
	return u, nil
}

func (u *UI) add(shared *template.Template, file string) error {
	page, err := shared.Clone()
	if err == nil {
		page, err = page.ParseFS(templates, file)
	}
	if err != nil {
		return fmt.Errorf("template %s: %w", file, err)
	}
	name := strings.TrimSuffix(strings.TrimPrefix(file, "templates/"), ".html")
	u.pages[name] = page
	for _, t := range page.Templates() {
		if strings.HasPrefix(t.Name(), livePrefix) {
			u.live[name] = append(u.live[name], t.Name())
		}
	}
	slices.Sort(u.live[name])
	return nil
}

// Render writes the template part of a page: "layout" is all of it.
func (u *UI) Render(page, part string, data any) ([]byte, error) {
	t, ok := u.pages[page]
	if !ok {
		return nil, fmt.Errorf("no page %s", page)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, part, data); err != nil {
		return nil, fmt.Errorf("render %s of %s: %w", part, page, err)
	}
	return b.Bytes(), nil
}

// Fragment is a part of a page that is sent again when it changes.
type Fragment struct {
	Name string
	HTML []byte
}

// passing is the text of a time, which changes by itself; a script writes it.
var passing = regexp.MustCompile(`(<time [^>]*>)[^<]*`)

// Live renders the live parts of a page. What only changes because time passes is left to the page's script, so that a part
// looks different only when something happened.
func (u *UI) Live(page string, data any) ([]Fragment, error) {
	parts := make([]Fragment, 0, len(u.live[page]))
	for _, name := range u.live[page] {
		html, err := u.Render(page, name, data)
		if err != nil {
			return nil, err
		}
		parts = append(parts, Fragment{name, passing.ReplaceAll(html, []byte("$1"))})
	}
	return parts, nil
}
