package connector

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// liveFor is how long a replica counts as live after it was last seen.
const liveFor = 15 * time.Second

const beatSQL = `
INSERT INTO instances (kind, name, version, started_at, seen_at, revision, report) VALUES (?, ?, ?, ?, now(), ?, ?::jsonb)
ON CONFLICT (kind, name) DO UPDATE SET version = EXCLUDED.version, started_at = EXCLUDED.started_at, seen_at = now(),
    revision = EXCLUDED.revision, report = EXCLUDED.report`

// beat tells the other replicas, and operators, what this one does.
func (e *Engine) beat(ctx context.Context) error {
	i := e.instance()
	report, err := json.Marshal(i)
	if err != nil {
		return fmt.Errorf("encode what this replica does: %w", err)
	}
	err = e.o.DB.WithContext(ctx).
		Exec(beatSQL, e.o.Kind, e.o.Instance, i.Version, i.StartedAt, i.Revision, string(report)).Error
	if err != nil {
		return fmt.Errorf("tell what this replica does: %w", err)
	}
	return nil
}

// leave takes this replica off the list.
func (e *Engine) leave(ctx context.Context) error {
	return e.o.DB.WithContext(ctx).Exec(`DELETE FROM instances WHERE kind = ? AND name = ?`, e.o.Kind, e.o.Instance).Error
}

// instance is what this replica does now.
func (e *Engine) instance() admin.Instance {
	c := e.wanted()
	working, oldest := e.flights.list(c.Revision)
	i := admin.Instance{
		Name: e.o.Instance, Version: e.o.Version, StartedAt: e.started.UTC(), SeenAt: time.Now().UTC(), Workers: e.workers(),
		Throttled: e.throttled.Load(), Revision: c.Revision, Breaker: e.Breaker(), InFlight: working,
	}
	if c.Drain {
		i.Workers = 0
	}
	if !c.Outbound || !c.Inbound || c.Drain {
		// A turn that began before may be in the middle of a call that is not to be made any more: not applied before
		// it has ended.
		i.Revision = oldest
	}
	if limited, ok := e.o.Remote.(Limited); ok {
		i.Rate = limited.Rate()
	}
	return i
}

// Instances returns the live replicas. What the others do is as old as their last heartbeat.
func (e *Engine) Instances(ctx context.Context) ([]admin.Instance, error) {
	var rows []struct {
		Report string
		SeenAt time.Time
	}
	err := e.o.DB.WithContext(ctx).Raw(`
SELECT report, seen_at FROM instances WHERE kind = ? AND seen_at > now() - make_interval(secs => ?) ORDER BY name`,
		e.o.Kind, liveFor.Seconds()).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list replicas: %w", err)
	}
	instances := make([]admin.Instance, 0, len(rows))
	for _, row := range rows {
		var i admin.Instance
		if err := json.Unmarshal([]byte(row.Report), &i); err != nil {
			return nil, fmt.Errorf("list replicas: %w", err)
		}
		i.SeenAt = row.SeenAt.UTC()
		if i.Name == e.o.Instance {
			i = e.instance()
		}
		instances = append(instances, i)
	}
	return instances, nil
}
