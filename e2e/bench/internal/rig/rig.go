package rig

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Config says which servers to use and where to put what is built.
type Config struct {
	DatabaseURL   string `env:"DATABASE_URL" envDefault:"postgres://datasync:datasync@localhost:5432/datasync?sslmode=disable"`
	AMQPURL       string `env:"AMQP_URL" envDefault:"amqp://guest:guest@localhost:5672/"`
	ManagementURL string `env:"AMQP_MANAGEMENT_URL"`
	Dir           string `env:"BENCH_DIR" envDefault:".run/bench"`
	QueueType     string `env:"FLOOR_QUEUE_TYPE" envDefault:"classic"`
	Persistent    string `env:"FLOOR_PERSISTENT" envDefault:"false"`
	Profiles      string `env:"BENCH_PROFILES"` // a directory that gets CPU profiles of every program; none: none
}

// Rig starts and stops programs and cleans up behind them. It is used by one goroutine.
type Rig struct {
	config   Config
	db       *pgxpool.Pool
	broker   management
	rabbit   int // process id of the broker; 0: not on this machine
	binaries string
	number   int
	cleanups []func(ctx context.Context) error
}

// New builds the programs and connects to the servers.
func New(ctx context.Context, c Config) (*Rig, error) {
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, err
	}
	c.Dir = dir
	r := &Rig{config: c, binaries: filepath.Join(dir, "bin")}
	if err := os.MkdirAll(r.binaries, 0o755); err != nil { //nolint:gosec // no secrets in there
		return nil, err
	}
	if err := r.build(ctx); err != nil {
		return nil, err
	}
	if r.db, err = pgxpool.New(ctx, c.DatabaseURL); err != nil {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	if err := r.db.Ping(ctx); err != nil {
		return nil, fmt.Errorf("connect to the database (make deps starts one): %w", err)
	}
	if r.broker, err = newManagement(c.AMQPURL, c.ManagementURL); err != nil {
		return nil, err
	}
	r.rabbit, err = r.broker.pid(ctx)
	return r, err
}

// DB is a connection pool of the benchmark's own, to load and to look at tables.
func (r *Rig) DB() *pgxpool.Pool { return r.db }

// Close stops and removes everything that is left.
func (r *Rig) Close(ctx context.Context) error {
	err := r.cleanUp(ctx, 0)
	r.db.Close()
	return err
}

// Scope runs one row: what was started in it is stopped and removed when it ends.
func (r *Rig) Scope(ctx context.Context, row func() error) error {
	mark := len(r.cleanups)
	err := row()
	return errors.Join(err, r.cleanUp(context.WithoutCancel(ctx), mark))
}

func (r *Rig) cleanUp(ctx context.Context, mark int) error {
	var failures []error
	for i := len(r.cleanups) - 1; i >= mark; i-- {
		failures = append(failures, r.cleanups[i](ctx))
	}
	r.cleanups = r.cleanups[:mark]
	return errors.Join(failures...)
}

func (r *Rig) later(f func(ctx context.Context) error) { r.cleanups = append(r.cleanups, f) }

// fresh returns a name that nothing else has.
func (r *Rig) fresh(what string) string {
	r.number++
	return fmt.Sprintf("bench_%d_%d_%s", os.Getpid(), r.number, cmp.Or(what, "x"))
}
