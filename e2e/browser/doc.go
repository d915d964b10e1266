// Package browser looks at the console with a real browser, before the real services.
package browser
