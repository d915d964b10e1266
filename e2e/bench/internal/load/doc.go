// Package load makes requests and measures what comes back, with as little CPU as it can: the machine belongs to what
// is measured.
package load
