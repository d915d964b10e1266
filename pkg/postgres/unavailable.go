package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// Unavailable reports whether err means that the database could not be reached, is starting, shutting down or failing
// over, is full, or did not answer within the deadline: nothing is wrong with the statement, and the same one will
// work later. A caller answers 503 or holds what it has and tries again. A caller that gave up itself (context.Canceled)
// and a login that is refused are not Unavailable. Whether a transaction that ended so has committed is unknown.
func Unavailable(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		return passing(refused.Code)
	}
	for _, broken := range []error{
		driver.ErrBadConn, sql.ErrConnDone, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, context.DeadlineExceeded,
		syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE, syscall.ENOENT,
	} {
		if errors.Is(err, broken) {
			return true
		}
	}
	_, unconnected := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[net.Error](err)
	return unconnected || network || pgconn.SafeToRetry(err)
}

// CutOff reports whether the caller's context ended what was being done: its own error, or that of a transaction which
// was rolled back for that reason before its next statement.
func CutOff(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, sql.ErrTxDone)
}

// Deadlocked reports whether a transaction was ended because it and another one waited for each other: it will work when
// it is made again.
func Deadlocked(err error) bool {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	return ok && refused.Code == "40P01"
}

// passing reports whether the server's error code speaks of the server's state and not of the statement.
func passing(code string) bool {
	switch code {
	case "57P01", "57P02", "57P03", // shutting down, crashed, starting
		"58030", // I/O error
		"25006": // read only: we still talk to what was the primary before a failover
		return true
	}
	return strings.HasPrefix(code, "08") || // connection exceptions
		strings.HasPrefix(code, "53") // out of disk, memory or connections
}
