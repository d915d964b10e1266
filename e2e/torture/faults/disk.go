package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
	"github.com/datasync-dev/datasync/pkg/record"
)

// fillDisk moves the database to a file system of 64 MB in memory and fills that up. The log of the server stays where
// it is: when that has no room the server crashes, which is another row. Mounting needs root.
func fillDisk(ctx context.Context, r *rig) error {
	r.mounted = filepath.Join(r.dir, "small")
	if err := os.Mkdir(r.mounted, 0o755); err != nil { //nolint:gosec // PostgreSQL runs as a user of its own
		return fmt.Errorf("make the small disk: %w", err)
	}
	if out, err := exec.CommandContext(ctx, "mount", "-t", "tmpfs", "-o", "size=64m,uid=postgres,mode=0700", "tmpfs", r.mounted).CombinedOutput(); err != nil { //nolint:gosec // our own directory
		r.mounted = ""
		return fmt.Errorf("mount the small disk: %w: %s", err, out)
	}
	services := append(r.cluster.Catalogs, r.cluster.Connectors...)
	for _, p := range services {
		p.Kill()
	}
	if err := r.moveDatabase(ctx); err != nil {
		return err
	}
	for _, p := range services {
		if err := p.Start(); err != nil {
			return err
		}
	}
	if err := r.cluster.WaitReady(ctx); err != nil {
		return err
	}
	return r.fill()
}

// moveDatabase puts all tables on the small disk.
func (r *rig) moveDatabase(ctx context.Context) error {
	address, err := pgx.ParseConfig(r.cluster.Servers.Database)
	if err != nil {
		return fmt.Errorf("read the database's URL: %w", err)
	}
	password, err := os.ReadFile(filepath.Join(r.dir, fmt.Sprintf("postgres-%d", address.Port), "superuser-password"))
	if err != nil {
		return fmt.Errorf("read the superuser's password: %w", err)
	}
	database := pgx.Identifier{address.Database}.Sanitize()
	address.User, address.Password, address.Database = "postgres", strings.TrimSpace(string(password)), "postgres"
	conn, err := pgx.ConnectConfig(ctx, address)
	if err != nil {
		return fmt.Errorf("connect as superuser: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	r.database.Reset()
	for _, statement := range []string{
		`CREATE TABLESPACE small LOCATION '` + r.mounted + `'`,
		`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname IS NOT NULL AND pid <> pg_backend_pid()`,
		`ALTER DATABASE ` + database + ` SET TABLESPACE small`,
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%.40s: %w", statement, err)
		}
	}
	return nil
}

func (r *rig) filler() string { return filepath.Join(r.mounted, "filler") }

// fill leaves no byte free.
func (r *rig) fill() error {
	file, err := os.Create(r.filler())
	if err != nil {
		return fmt.Errorf("fill the disk: %w", err)
	}
	block := make([]byte, 4096)
	for err == nil {
		_, err = file.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("fill the disk: %w", errors.Join(err, file.Close()))
	}
	return file.Close()
}

// noSpace: sooner or later a write finds no room. It is answered 503; reading goes on.
func noSpace(ctx context.Context, r *rig, _ traffic) (string, error) {
	refusals := func() int { return r.writers.People.CatalogAnswers()[http.StatusServiceUnavailable] }
	before, made, failed := refusals(), 0, error(nil)
	r.creating = make(chan struct{})
	go func() {
		defer close(r.creating)
		for refusals() == before && failed == nil {
			patch := record.Patch{"name": r.value("name"), "email": r.value("email")}
			for n := range 20 {
				patch[fmt.Sprintf("metadata.note%d", n)] = strings.Repeat("x", 400)
			}
			made++
			failed = r.writers.People.CreateInCatalog(ctx, r.writers.Add("customer on a full disk"), patch)
		}
	}()
	err := r.until(ctx, time.Minute, "a write is answered 503", func(context.Context) bool { return refusals() > before })
	request, asked := http.NewRequestWithContext(ctx, http.MethodGet, r.cluster.Catalogs[0].URL()+"/v1/customers?limit=1", http.NoBody)
	if asked != nil {
		return "", fmt.Errorf("read: %w", asked)
	}
	request.Header.Set("Authorization", "Bearer "+cluster.APIKey)
	status, _, body, asked := exchange(request)
	if asked == nil && status != http.StatusOK {
		asked = fmt.Errorf("reading was answered %d: %s", status, body)
	}
	return fmt.Sprintf("; after %d more customers there was no room and a write was answered 503; reading went on", made),
		errors.Join(err, asked)
}

// emptyDisk makes room; what was refused is then accepted.
func emptyDisk(ctx context.Context, r *rig) error {
	if err := os.Remove(r.filler()); err != nil {
		return fmt.Errorf("make room: %w", err)
	}
	select {
	case <-r.creating:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
