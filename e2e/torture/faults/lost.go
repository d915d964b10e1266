package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/record"
)

// loseEvents deletes the connectors' queue while it holds events: RabbitMQ had confirmed them, and now nobody has them.
func loseEvents(ctx context.Context, r *rig) error {
	for _, p := range r.cluster.Connectors {
		if err := p.Stop(ctx); err != nil {
			return err
		}
	}
	for _, s := range r.known {
		if err := r.writers.People.WriteInCatalog(ctx, s, record.Patch{"name": r.value("name")}); err != nil {
			return err
		}
	}
	err := r.until(ctx, quietLimit, "the broker has every event", func(ctx context.Context) bool {
		var waiting int
		err := r.database.QueryRow(ctx, `SELECT count(*) FROM `+cluster.CatalogSchema+`.outbox`).Scan(&waiting)
		return err == nil && waiting == 0
	})
	if err != nil {
		return err
	}
	if err := r.cluster.Servers.DeleteTopology(ctx); err != nil {
		return err
	}
	for _, p := range r.cluster.Connectors {
		if err := p.Start(); err != nil {
			return err
		}
	}
	return r.cluster.WaitReady(ctx)
}

// eventsMissing: the connectors have not heard of the last writes, and nothing is left that could tell them.
func eventsMissing(ctx context.Context, r *rig, _ traffic) (string, error) {
	var behind int
	err := r.database.QueryRow(ctx, `SELECT count(*) FROM `+cluster.CatalogSchema+`.customers c
		JOIN `+cluster.ConnectorSchema+`.links l ON l.local_id = c.id WHERE l.desired_version < c.version`).Scan(&behind)
	switch {
	case err != nil:
		return "", fmt.Errorf("look for what is missing: %w", err)
	case behind < len(r.known):
		return "", fmt.Errorf("%d events are missing and not %d", behind, len(r.known))
	}
	return fmt.Sprintf("; %d customers were behind until the backfill", behind), nil
}

// backfill has the catalog tell the connectors about every customer again.
func backfill(ctx context.Context, r *rig) error {
	client := admin.Client{URL: r.cluster.Catalogs[0].URL(), Key: cluster.APIKey}
	job, err := client.Backfill(ctx, admin.BackfillRequest{})
	if err != nil {
		return fmt.Errorf("begin the backfill: %w", err)
	}
	err = r.until(ctx, quietLimit, "the backfill ended", func(ctx context.Context) bool {
		now, err := client.Job(ctx, job.ID)
		if err == nil {
			job = now
		}
		return !strings.Contains("queued running", job.State)
	})
	if err == nil && job.State != "done" {
		err = errors.New("the backfill " + job.State + ": " + job.Error)
	}
	return err
}
