package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// store is the database: tables without any index but the primary keys.
type store struct{ pool *pgxpool.Pool }

const poolSize = 16 // as many connections as the catalog has

func openStore(ctx context.Context, c Config) (*store, error) {
	config, err := pgxpool.ParseConfig(c.DatabaseURL)
	if err != nil {
		return nil, fmt.Errorf("read the database URL: %w", err)
	}
	config.MaxConns = poolSize
	config.ConnConfig.RuntimeParams["application_name"] = "floor " + c.Schema
	config.ConnConfig.RuntimeParams["search_path"] = c.Schema
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	_, err = pool.Exec(ctx, `
		CREATE SCHEMA IF NOT EXISTS `+pgx.Identifier{c.Schema}.Sanitize()+`;
		CREATE TABLE IF NOT EXISTS customers (id uuid PRIMARY KEY, body jsonb NOT NULL);
		CREATE TABLE IF NOT EXISTS links (id uuid PRIMARY KEY, remote_id text NOT NULL);
		CREATE TABLE IF NOT EXISTS inbox (id text PRIMARY KEY, type text NOT NULL)`)
	if err != nil {
		return nil, fmt.Errorf("make the tables: %w", err)
	}
	return &store{pool: pool}, nil
}

func (s *store) insert(ctx context.Context, id string, body []byte) error {
	_, err := s.pool.Exec(ctx, `INSERT INTO customers (id, body) VALUES ($1, $2)`, id, string(body))
	return err
}

func (s *store) update(ctx context.Context, id string, body []byte) error {
	_, err := s.pool.Exec(ctx, `UPDATE customers SET body = $2 WHERE id = $1`, id, string(body))
	return err
}

func (s *store) get(ctx context.Context, id string) (body string, err error) {
	err = s.pool.QueryRow(ctx, `SELECT body FROM customers WHERE id = $1`, id).Scan(&body)
	return body, err
}

// link stores which object a customer is at Stripe: without that, no program could ever change or delete it there.
func (s *store) link(ctx context.Context, id, remoteID string) error {
	_, err := s.pool.Exec(ctx, `INSERT INTO links (id, remote_id) VALUES ($1, $2)`, id, remoteID)
	return err
}

func (s *store) remember(ctx context.Context, id, kind string) error {
	_, err := s.pool.Exec(ctx, `INSERT INTO inbox (id, type) VALUES ($1, $2) ON CONFLICT DO NOTHING`, id, kind)
	return err
}
