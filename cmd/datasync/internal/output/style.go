package output

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Style is how a cell looks in a terminal.
type Style string

// The styles, as the terminal's codes.
const (
	Plain  Style = ""
	Bold   Style = "1"
	Dim    Style = "2"
	Red    Style = "31"
	Green  Style = "32"
	Yellow Style = "33"
)

// StyleOf colours the words for states that are used everywhere.
func StyleOf(state string) Style {
	switch strings.ToLower(state) {
	case "synced", "applied", "done", "ok", "equal", "repaired", "adopted", "replayed":
		return Green
	case "failed", "problem", "refused", "open", "conflict":
		return Red
	case "retrying", "pending", "running", "queued", "waiting", "drift", "paused", "draining", "outbound paused", "inbound paused", "accepted", "sent":
		return Yellow
	case "skipped", "discarded", "deleted", "detached", "cancelled":
		return Dim
	}
	return Plain
}

// Paint puts a style around text where colours are shown.
func (p *Printer) Paint(s Style, text string) string {
	if !p.Color || s == Plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// Clean keeps what a customer is called from steering the terminal: control characters become visible.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case unicode.IsControl(r) || r == '\u202e' || r == '\u202d':
			return '\ufffd'
		}
		return r
	}, text)
}

// clip shortens text to a width, with a sign that it did.
func clip(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	if width <= 1 {
		return "…"
	}
	return string([]rune(text)[:width-1]) + "…"
}
