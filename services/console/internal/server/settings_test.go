package server_test

import (
	"testing"

	"github.com/datasync-dev/datasync/pkg/service"
	"github.com/datasync-dev/datasync/pkg/service/servicetest"
	"github.com/datasync-dev/datasync/services/console/internal/server"
)

func TestEverySettingIsDocumented(t *testing.T) {
	t.Parallel()
	servicetest.Documented(t, "../../../../docs/configuration/console.md", "the console", service.Settings(server.Config{}))
}
