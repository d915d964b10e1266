// Package migrations is what services do with their tables besides serving: bring them up to date before a new version
// is started, or tell how far they are.
package migrations

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/postgres"
	"github.com/datasync-dev/datasync/pkg/service"
)

// config is as much of a service's configuration as its tables need.
type config struct {
	DatabaseURL    string `env:"DATABASE_URL,required,notEmpty"`
	DatabaseSchema string `env:"DATABASE_SCHEMA"`
}

// Commands are the arguments migrate and migrations of a service whose tables are sets. Schema is where they are unless
// DATABASE_SCHEMA says otherwise. Both print a line of JSON, an admin.Schema, for each set.
func Commands(schema string, sets ...postgres.Migrations) []service.Command {
	command := func(name string, work func(context.Context, *gorm.DB) error) service.Command {
		return service.Command{Name: name, Run: func(ctx context.Context, getenv func(string) string, stdout io.Writer) error {
			return run(ctx, getenv, stdout, schema, sets, work)
		}}
	}
	return []service.Command{
		command("migrate", func(ctx context.Context, db *gorm.DB) error { return postgres.Migrate(ctx, db, sets...) }),
		command("migrations", func(context.Context, *gorm.DB) error { return nil }),
	}
}

func run(ctx context.Context, getenv func(string) string, stdout io.Writer, schema string, sets []postgres.Migrations,
	work func(context.Context, *gorm.DB) error,
) (err error) {
	c, err := service.Load[config](getenv)
	if err != nil {
		return err
	}
	if c.DatabaseSchema != "" {
		schema = c.DatabaseSchema
	}
	db, err := postgres.Open(ctx, postgres.Options{URL: c.DatabaseURL, Schema: schema, MaxConns: 2, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("DATABASE_URL: %w", err)
	}
	defer func() { err = errors.Join(err, closed(db)) }()
	if err := work(ctx, db); err != nil {
		return err
	}
	return tell(ctx, db, stdout, sets)
}

func tell(ctx context.Context, db *gorm.DB, stdout io.Writer, sets []postgres.Migrations) error {
	lines := json.NewEncoder(stdout)
	for _, set := range sets {
		state, err := postgres.State(ctx, db, set)
		if err != nil {
			return err
		}
		if err := lines.Encode(admin.Schema{Set: set.Name, Version: state.Version, Newest: state.Newest, Pending: state.Pending}); err != nil {
			return fmt.Errorf("print the versions: %w", err)
		}
	}
	return nil
}

func closed(db *gorm.DB) error {
	pool, err := db.DB()
	if err != nil {
		return fmt.Errorf("close the database: %w", err)
	}
	return pool.Close()
}
