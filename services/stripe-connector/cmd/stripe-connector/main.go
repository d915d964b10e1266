// Command stripe-connector keeps the customers of one Stripe account and those of the catalog the same, both ways.
package main

import (
	"github.com/datasync-dev/datasync/pkg/migrations"
	"github.com/datasync-dev/datasync/pkg/service"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/server"
)

func main() {
	service.Main(server.Run, migrations.Commands("stripe_connector", server.Migrations()...)...)
}
