package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"
)

// Batch runs statements one after the other in a transaction of their own, all in one round trip. An error means that
// none of them took effect, unless the connection was lost: then nobody knows. db must not be a transaction.
func Batch(ctx context.Context, db *gorm.DB, statements ...Statement) error {
	batch, err := NewBatch(statements...)
	if err != nil {
		return err
	}
	return OnConn(ctx, db, func(conn *pgx.Conn) error { return conn.SendBatch(ctx, batch).Close() })
}

// NewBatch returns statements as a batch, for callers that add some whose rows they want. Sent on a connection of OnConn,
// a batch is a transaction of its own.
func NewBatch(statements ...Statement) (*pgx.Batch, error) {
	batch := &pgx.Batch{}
	for _, s := range statements {
		args, err := plain(s.Args)
		if err != nil {
			return nil, err
		}
		batch.Queue(numbered(s.SQL), args...)
	}
	return batch, nil
}

// OnConn lends a connection, for statements that travel together. A transaction that use leaves open is rolled back. db
// must not be a transaction.
func OnConn(ctx context.Context, db *gorm.DB, use func(conn *pgx.Conn) error) (err error) {
	pool, err := db.DB()
	if err != nil {
		return fmt.Errorf("find the connections: %w", err)
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	const idle = 'I'
	var failed error
	err = conn.Raw(func(raw any) error {
		c, ok := raw.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("a connection of the kind %T takes no batches", raw)
		}
		if failed = use(c.Conn()); c.Conn().PgConn().TxStatus() != idle {
			return driver.ErrBadConn // closes it, and with it the transaction
		}
		return nil
	})
	closed := conn.Close() // gives it back; fails for one that was closed above
	if failed != nil {
		return failed
	}
	return errors.Join(err, closed)
}

// Code is the code by which the server refused a statement; "" when it did not.
func Code(err error) string {
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		return refused.Code
	}
	return ""
}

// numbered turns gorm's placeholders into those of the server.
func numbered(sql string) string {
	var b strings.Builder
	b.Grow(len(sql) + 2*strings.Count(sql, "?"))
	for n := 1; ; n++ {
		before, after, found := strings.Cut(sql, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
		sql = after
	}
}

// plain turns arguments into the few types that database/sql hands on, as it does itself.
func plain(args []any) ([]any, error) {
	values := make([]any, len(args))
	for i, arg := range args {
		value, err := driver.DefaultParameterConverter.ConvertValue(arg)
		if err != nil {
			return nil, fmt.Errorf("argument %d of a statement: %w", i+1, err)
		}
		values[i] = value
	}
	return values, nil
}
