// Package ledger is a service's account of what happened to each record: the changes, the calls that they took, figures
// per minute, and what operators did. Lines are written in the transaction that they tell about, so that the ledger
// never says anything that did not happen; they are read by people, and nothing else depends on them.
package ledger

import (
	"embed"
	"errors"

	"github.com/datasync-dev/datasync/pkg/postgres"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations make the tables.
var Migrations = postgres.Embedded("ledger", files)

// Errors of the queries. Every other one means that the database failed.
var (
	ErrNotFound = errors.New("no such line in the ledger")
	ErrCursor   = errors.New("not a cursor of the ledger")
)
