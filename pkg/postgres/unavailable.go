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
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
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
	var unconnected *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &unconnected) || errors.As(err, &network) || pgconn.SafeToRetry(err)
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
