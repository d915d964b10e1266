// Package e2e tests the system from outside, through the built binaries.
package e2e
