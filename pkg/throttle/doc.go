// Package throttle limits what comes in over HTTP: requests of each API key, and failed logins of each client address.
package throttle
