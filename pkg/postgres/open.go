package postgres

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	driver "gorm.io/driver/postgres"
	"gorm.io/gorm"
)

const (
	defaultMaxConns = 16
	connectTimeout  = 5 * time.Second
	connLifetime    = 30 * time.Minute // so that a pool finds its way back after a failover or a resize
	applicationName = "datasync"
)

// Options of a database. URL is required.
type Options struct {
	URL      string // postgres://user:password@host:5432/database?sslmode=...
	Schema   string // made if missing, and the only one on the search path; empty: what the server defaults to
	MaxConns int    // connections at most, all kept open; 0: 16
	Log      *slog.Logger
}

// Open connects, waiting until ctx ends for a server that is not there yet, and makes the schema if it is missing. Any
// other failure, a refused password or an unknown certificate for example, is returned at once. The caller owns the pool and closes it through
// db.DB(). No SQL value is ever logged; errors are returned and not logged.
func Open(ctx context.Context, o Options) (*gorm.DB, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	pool, err := newPool(o)
	if err != nil {
		return nil, err
	}
	if err := Await(ctx, o.Log, func() error { return prepare(ctx, pool, o.Schema) }); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	db, err := gorm.Open(driver.New(driver.Config{Conn: pool}), &gorm.Config{
		PrepareStmt:            false,
		SkipDefaultTransaction: true,
		TranslateError:         true,
		DisableAutomaticPing:   true, // Await did
		Logger:                 quietLogger{log: o.Log},
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), pool.Close())
	}
	return db, nil
}

// Close closes the connections of a database that Open opened. What then fails is only logged.
func Close(ctx context.Context, db *gorm.DB, log *slog.Logger) {
	pool, err := db.DB()
	if err == nil {
		err = pool.Close()
	}
	if err != nil {
		log.WarnContext(ctx, "database connections could not be closed", slog.Any("error", err))
	}
}

// prepare connects and makes the schema.
func prepare(ctx context.Context, pool *sql.DB, schema string) error {
	err := pool.PingContext(ctx)
	if untrusted, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		// Not wrapped: the server may be there, but waiting for it is in vain.
		return errors.New("the database's certificate is not trusted; name its authority with sslrootcert= in the URL: " + untrusted.Error())
	}
	if err != nil {
		return fmt.Errorf("connect to the database: %w", err)
	}
	return ensureSchema(ctx, pool, schema)
}

func newPool(o Options) (*sql.DB, error) {
	config, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return nil, errors.New("the database URL is not valid: expected postgres://user:password@host:port/database")
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	config.DialFunc = dialer().DialContext
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = name(o.Schema)
	}
	if o.Schema != "" {
		if err := checkSchema(o.Schema); err != nil {
			return nil, err
		}
		config.RuntimeParams["search_path"] = quote(o.Schema)
	}
	if o.MaxConns == 0 {
		o.MaxConns = defaultMaxConns
	}
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(o.MaxConns)
	pool.SetMaxIdleConns(o.MaxConns)
	pool.SetConnMaxLifetime(connLifetime)
	return pool, nil
}

func name(schema string) string {
	if schema == "" {
		return applicationName
	}
	return applicationName + " " + schema
}
