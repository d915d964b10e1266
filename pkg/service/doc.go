// Package service is what every service needs around its own work: configuration from the environment, a logger,
// health endpoints, an HTTP server, and loops that start in order and stop in the reverse order when a signal comes.
package service
