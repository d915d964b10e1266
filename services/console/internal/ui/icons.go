package ui

import (
	"fmt"
	"html/template"
)

// icons are drawn with strokes on 16 by 16, in the colour of the text beside them. They never stand alone: a word is
// always with them.
func icons() map[string]string {
	return map[string]string{
		"ok":      `<path d="M3 8.5 6.5 12 13 4.5"/>`,
		"bad":     `<path d="M4 4l8 8M12 4l-8 8"/>`,
		"retry":   `<path d="M13 8a5 5 0 1 1-1.5-3.6M13 2.5v2.8h-2.8"/>`,
		"swap":    `<path d="M3 5.5h9.5M10 3l2.5 2.5L10 8M13 10.5H3.5M6 8l-2.5 2.5L6 13"/>`,
		"skip":    `<path d="M4 8h8"/>`,
		"pause":   `<path d="M5.5 3.5v9M10.5 3.5v9"/>`,
		"play":    `<path d="M5 3.5v9l7-4.5z"/>`,
		"wait":    `<circle cx="8" cy="8" r="5.5"/><path d="M8 5v3.2l2 1.3"/>`,
		"warn":    `<path d="M8 2.5 14.2 13H1.8zM8 6.5v3M8 11.4v.1"/>`,
		"info":    `<circle cx="8" cy="8" r="5.5"/><path d="M8 7.4v3.4M8 5v.1"/>`,
		"right":   `<path d="M2.5 8h10.5M9.5 4.5 13 8l-3.5 3.5"/>`,
		"left":    `<path d="M13.5 8H3M6.5 4.5 3 8l3.5 3.5"/>`,
		"search":  `<circle cx="7" cy="7" r="4.2"/><path d="m10.2 10.2 3.3 3.3"/>`,
		"theme":   `<circle cx="8" cy="8" r="5.5"/><path d="M8 2.5v11a5.5 5.5 0 0 0 0-11z" fill="currentColor"/>`,
		"user":    `<circle cx="8" cy="5.5" r="2.6"/><path d="M2.8 13.6c.6-2.9 2.6-4 5.2-4s4.6 1.1 5.2 4"/>`,
		"copy":    `<rect x="5.5" y="5.5" width="7.5" height="7.5" rx="1.5"/><path d="M10.5 3H4.5A1.5 1.5 0 0 0 3 4.5v6"/>`,
		"link":    `<path d="M6.5 9.5l3-3M7 4.5l1-1a3.2 3.2 0 0 1 4.5 4.5l-1 1M9 11.5l-1 1A3.2 3.2 0 0 1 3.5 8l1-1"/>`,
		"out":     `<path d="M9 3h4v4M13 3 7.5 8.5M11 9.5V13H3V5h3.5"/>`,
		"menu":    `<path d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11"/>`,
		"home":    `<path d="M2.5 7.5 8 3l5.5 4.5M4 6.5V13h8V6.5"/>`,
		"people":  `<circle cx="6" cy="5.5" r="2.3"/><path d="M1.8 13c.4-2.5 2-3.5 4.2-3.5s3.8 1 4.2 3.5M10.5 3.4a2.3 2.3 0 0 1 0 4.2M12 9.9c1.3.5 2 1.5 2.2 3.1"/>`,
		"list":    `<path d="M5.5 4.5H13M5.5 8H13M5.5 11.5H13M2.7 4.5h.1M2.7 8h.1M2.7 11.5h.1"/>`,
		"drift":   `<path d="M2.5 6c2-2.6 3.5-2.6 5.5 0s3.5 2.6 5.5 0M2.5 11h11"/>`,
		"workers": `<rect x="2.5" y="3" width="11" height="4" rx="1"/><rect x="2.5" y="9" width="11" height="4" rx="1"/><path d="M5 5h.1M5 11h.1"/>`,
		"queue":   `<path d="M2.5 5.5h4v5h-4zM9 5.5h1.5v5H9zM12.5 5.5h1v5h-1z"/>`,
		"job":     `<rect x="2.5" y="5" width="11" height="8" rx="1"/><path d="M6 5V3h4v2M2.5 8.5h11"/>`,
		"audit":   `<path d="M4 2.5h6l2.5 2.5v8.5H4zM6.5 7h4M6.5 10h4"/>`,
		"gear":    `<path d="M2.5 5h6M11.5 5h2M2.5 11h2M7.5 11h6"/><circle cx="10" cy="5" r="1.5"/><circle cx="6" cy="11" r="1.5"/>`,
		"key":     `<circle cx="5.5" cy="10.5" r="2.8"/><path d="M7.5 8.5 13 3M11 5l1.8 1.8"/>`,
	}
}

func icon(drawn map[string]string, name string) (template.HTML, error) {
	paths, ok := drawn[name]
	if !ok {
		return "", fmt.Errorf("no icon %s", name)
	}
	return template.HTML(`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">` + paths + `</svg>`), nil //nolint:gosec // our own drawings
}
