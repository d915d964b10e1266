package rows

import (
	"context"
	"time"

	"github.com/datasync-dev/datasync/e2e/bench/internal/load"
	"github.com/datasync-dev/datasync/e2e/bench/internal/report"
	"github.com/datasync-dev/datasync/e2e/bench/internal/rig"
)

const (
	quietTime = 10 * time.Second // the services look more often for work while there was some a moment ago
	idleTime  = 10 * time.Second
)

// idle measures what the services use when nothing happens, after they have done something.
func idle(ctx context.Context, b *Bench) (rows []report.Row, err error) {
	ours, _, err := b.pair(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := load.Times(ctx, creates(ours.entry), 8, 500); err != nil {
		return nil, err
	}
	if err := ours.settle(ctx); err != nil {
		return nil, err
	}
	<-time.After(quietTime)
	before := map[*rig.Process]time.Duration{}
	for _, p := range ours.Processes {
		if before[p], err = p.CPU(); err != nil {
			return nil, err
		}
	}
	<-time.After(idleTime)
	for _, p := range ours.Processes {
		after, err := p.CPU()
		if err != nil {
			return nil, err
		}
		resident, err := p.Resident()
		if err != nil {
			return nil, err
		}
		rows = append(rows,
			report.New("idle, "+p.Name+": % of one CPU", []float64{100 * float64(after-before[p]) / float64(idleTime)}, nil, report.Below(0.5)),
			report.New("idle, "+p.Name+": MB resident", []float64{float64(resident) / 1e6}, nil, report.Below(40)))
	}
	return rows, nil
}
