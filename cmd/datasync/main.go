// Command datasync is the operators' command line: it sees and does what the services' APIs offer, and nothing behind
// their backs.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/command"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := command.Run(ctx, os.Args[1:], command.Process())
	stop()
	os.Exit(int(code))
}
