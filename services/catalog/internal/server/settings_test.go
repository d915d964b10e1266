package server_test

import (
	"testing"

	"github.com/datasync-dev/datasync/pkg/service"
	"github.com/datasync-dev/datasync/pkg/service/servicetest"
	"github.com/datasync-dev/datasync/services/catalog/internal/server"
)

func TestEverySettingIsDocumented(t *testing.T) {
	t.Parallel()
	servicetest.Documented(t, "../../../../docs/configuration/catalog.md", "the catalog", service.Settings(server.Config{}))
}
