// Command stripe-simulator is a stateful Stripe on this machine, for trying, testing and measuring without an account.
package main

import (
	"github.com/datasync-dev/datasync/pkg/service"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/server"
)

func main() { service.Main(server.Run) }
