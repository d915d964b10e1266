// Package postgres opens a service's own schema in PostgreSQL, migrates it, and tells the failures that pass by
// themselves from those that do not.
package postgres
