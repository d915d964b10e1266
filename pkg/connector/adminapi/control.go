package adminapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/adminapi"
)

func (s *server) registerControl() {
	adminapi.Read(s.api, huma.Operation{
		OperationID: "getControl", Method: http.MethodGet, Path: "/admin/v1/control", Summary: "What operators want of all replicas",
	}, s.control)
	adminapi.Write(s.api, huma.Operation{
		OperationID: "setControl", Method: http.MethodPatch, Path: "/admin/v1/control",
		Summary: "Change what operators want", Description: "A merge patch: what is absent stays, null goes back to the configured " +
			"value. It is applied within seconds by every replica, and survives restarts.",
	}, s.setControl)
	adminapi.Read(s.api, huma.Operation{
		OperationID: "listWorkers", Method: http.MethodGet, Path: "/admin/v1/workers", Summary: "The live replicas and what they work on",
	}, s.workers)
}

type controlOutput struct{ Body admin.Control }

func (s *server) control(ctx context.Context, _ *struct{}) (*controlOutput, error) {
	c, err := s.Engine.Control(ctx)
	if err != nil {
		return nil, err
	}
	return &controlOutput{Body: c}, nil
}

// controlPatch is a merge patch of admin.Control.
type controlPatch struct {
	Workers  nullable[int]     `json:"workers,omitzero"   doc:"workers of each replica; null: as configured"`
	Rate     nullable[float64] `json:"rate,omitzero"      doc:"calls per second of each replica; null: as configured"`
	Outbound *bool             `json:"outbound,omitempty" doc:"false: nothing is written to the remote"`
	Inbound  *bool             `json:"inbound,omitempty"  doc:"false: notifications are stored and not acted on"`
	Drain    *bool             `json:"drain,omitempty"    doc:"true: finish what is being worked on and take nothing new"`
}

// apply changes c, and returns what was asked for, for the audit.
func (p controlPatch) apply(c *admin.Control) map[string]any {
	asked := map[string]any{}
	if p.Workers.sent {
		c.Workers, asked["workers"] = p.Workers.value, p.Workers.value
	}
	if p.Rate.sent {
		c.Rate, asked["rate"] = p.Rate.value, p.Rate.value
	}
	for name, flag := range map[string]struct{ from, to *bool }{
		"outbound": {p.Outbound, &c.Outbound}, "inbound": {p.Inbound, &c.Inbound}, "drain": {p.Drain, &c.Drain},
	} {
		if flag.from != nil {
			*flag.to, asked[name] = *flag.from, *flag.from
		}
	}
	return asked
}

func (s *server) setControl(ctx context.Context, in *struct{ Body controlPatch }) (*controlOutput, error) {
	err := s.api.Act(ctx, admin.AuditEntry{Action: "control.set"}, func(tx *gorm.DB, entry *admin.AuditEntry) error {
		_, err := s.Engine.SetControl(tx, entry.Actor, func(c *admin.Control) { entry.Detail = in.Body.apply(c) })
		return err
	})
	if err != nil {
		return nil, refusal(err)
	}
	s.Engine.Announce()
	return s.control(ctx, nil)
}

type workersOutput struct{ Body admin.List[admin.Instance] }

func (s *server) workers(ctx context.Context, _ *struct{}) (*workersOutput, error) {
	instances, err := s.Engine.Instances(ctx)
	if err != nil {
		return nil, err
	}
	return &workersOutput{Body: admin.List[admin.Instance]{Object: "list", Data: instances}}, nil
}
