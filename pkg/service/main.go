package service

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

// Work is what a process does: it blocks until it is done or ctx ends.
type Work func(ctx context.Context, getenv func(string) string, stdout io.Writer) error

// Command is something that a service can do instead of serving, when its first argument names it.
type Command struct {
	Name string
	Run  Work
}

// Main runs a service as a process: SIGINT or SIGTERM ends its context, a second signal ends the process at once. With
// an argument it runs the command of that name instead. The exit code is 1, with the error on standard error, when run
// fails, and 2 when there is no such command. It does not return.
func Main(run Work, commands ...Command) {
	run, err := choose(os.Args, run, commands)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM) //nolint:forbidigo // the root of the process
	context.AfterFunc(ctx, stop)                                                             // from now on a signal kills
	err = run(ctx, os.Getenv, os.Stdout)                                                     //nolint:forbidigo // the one place that hands out the environment
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// choose returns what the arguments ask for.
func choose(args []string, serve Work, commands []Command) (Work, error) {
	if len(args) < 2 {
		return serve, nil
	}
	names := make([]string, 0, len(commands))
	for _, c := range commands {
		if c.Name == args[1] && len(args) == 2 {
			return c.Run, nil
		}
		names = append(names, c.Name)
	}
	usage := "it takes none and is configured by the environment"
	if len(names) > 0 {
		usage = "it serves without any, and otherwise knows: " + strings.Join(names, ", ")
	}
	return nil, fmt.Errorf("%s: wrong arguments %q; %s", filepath.Base(args[0]), strings.Join(args[1:], " "), usage)
}
