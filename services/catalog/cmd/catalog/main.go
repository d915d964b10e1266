// Command catalog is the system of record for customers: a REST API, the events it announces, and the changes that
// connectors report back.
package main

import (
	"github.com/datasync-dev/datasync/pkg/migrations"
	"github.com/datasync-dev/datasync/pkg/service"
	"github.com/datasync-dev/datasync/services/catalog/internal/server"
)

func main() { service.Main(server.Run, migrations.Commands("catalog", server.Migrations()...)...) }
