package adminapi

import (
	"context"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/service"
)

// Checks are those of /readyz, for Options.
func Checks(health *service.Health) func(ctx context.Context) []admin.Check {
	return func(ctx context.Context) []admin.Check {
		results := health.Results(ctx)
		checks := make([]admin.Check, 0, len(results))
		for _, r := range results {
			checks = append(checks, admin.Check{Name: r.Name, OK: r.Error == "", Detail: r.Error})
		}
		return checks
	}
}
