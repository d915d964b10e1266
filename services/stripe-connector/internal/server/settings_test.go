package server_test

import (
	"testing"

	"github.com/datasync-dev/datasync/pkg/service"
	"github.com/datasync-dev/datasync/pkg/service/servicetest"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/server"
)

func TestEverySettingIsDocumented(t *testing.T) {
	t.Parallel()
	servicetest.Documented(t, "../../../../docs/configuration/stripe-connector.md", "the stripe-connector", service.Settings(server.Config{}))
}
