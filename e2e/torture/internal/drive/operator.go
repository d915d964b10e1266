package drive

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
	"github.com/datasync-dev/datasync/e2e/torture/internal/plan"
	"github.com/datasync-dev/datasync/pkg/admin"
)

// Operator does at a service what operators do there, through the API of whichever replica answers.
type Operator struct {
	replicas []*admin.Client
	next     atomic.Uint64
}

// NewOperator returns an operator of a service.
func NewOperator(replicas []*cluster.Process) *Operator {
	o := &Operator{}
	for _, p := range replicas {
		o.replicas = append(o.replicas, &admin.Client{URL: p.URL(), Key: cluster.APIKey, HTTP: &http.Client{Timeout: 10 * time.Second}})
	}
	return o
}

// Do does something until a replica has answered with a yes or a no. What comes to the same when it is done twice.
func (o *Operator) Do(ctx context.Context, what func(*admin.Client) error) error {
	for {
		err := what(o.replicas[o.next.Add(1)%uint64(len(o.replicas))])
		refused, answered := errors.AsType[*admin.RequestError](err)
		if err == nil || answered && definitive(refused.Status) {
			return err
		}
		if paused := pause(ctx, 200*time.Millisecond); paused != nil {
			return errors.Join(paused, err)
		}
	}
}

// Job starts a job and returns it when it has ended.
func (o *Operator) Job(ctx context.Context, start func(*admin.Client) (admin.Job, error)) (job admin.Job, err error) {
	err = o.Do(ctx, func(c *admin.Client) (err error) { job, err = start(c); return err })
	for err == nil && (job.State == "queued" || job.State == "running") {
		if err = pause(ctx, 100*time.Millisecond); err == nil {
			err = o.Do(ctx, func(c *admin.Client) (err error) { job, err = c.Job(ctx, job.ID); return err })
		}
	}
	if err == nil && job.State != "done" {
		err = fmt.Errorf("the job is %s: %s", job.State, job.Error)
	}
	return job, err
}

// asConfigured is what operators want when they want nothing.
var asConfigured = map[string]any{"workers": nil, "rate": nil, "outbound": true, "inbound": true, "drain": false} //nolint:gochecknoglobals // a constant

// Calm takes back everything that operators of the connectors have asked for.
func (o *Operator) Calm(ctx context.Context) error {
	return o.Do(ctx, func(c *admin.Client) error { _, err := c.SetControl(ctx, asConfigured); return err })
}

// operator asks all connectors for something, and takes it back.
func (b *Breaker) operator(ctx context.Context, f plan.Fault) error {
	defer b.hold("control")()
	var wanted map[string]any
	switch f.Kind {
	case plan.OperatorPauses:
		direction := "outbound"
		if f.Pick%2 == 1 {
			direction = "inbound"
		}
		wanted = map[string]any{direction: false}
	case plan.OperatorDrains:
		wanted = map[string]any{"drain": true}
	default:
		wanted = map[string]any{"workers": 1 + f.Pick%16}
	}
	b.note(ctx, f, fmt.Sprint(wanted))
	asking, cancel := context.WithTimeout(ctx, giveUp)
	defer cancel()
	err := b.operators.Do(asking, func(c *admin.Client) error { _, err := c.SetControl(asking, wanted); return err })
	return errors.Join(err, pause(ctx, f.Hold), b.operators.Calm(asking))
}
