package service

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Main runs a service as a process: SIGINT or SIGTERM ends its context, a second signal ends the process at once. The
// exit code is 1, with the error on standard error, when run fails. It does not return.
func Main(run func(ctx context.Context, getenv func(string) string, stdout io.Writer) error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM) //nolint:forbidigo // the root of the process
	context.AfterFunc(ctx, stop)                                                             // from now on a signal kills
	err := run(ctx, os.Getenv, os.Stdout)                                                    //nolint:forbidigo // the one place that hands out the environment
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
