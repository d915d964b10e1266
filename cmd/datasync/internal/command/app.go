package command

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
)

// app is what the commands share: the process, and the flags that all of them have.
type app struct {
	env     Environment
	flags   connect.Flags
	format  string
	quiet   bool
	noColor bool
}

// printer returns where output goes, in the format that was asked for.
func (a *app) printer() (*output.Printer, error) {
	format, err := output.ParseFormat(a.format)
	if err != nil {
		return nil, err
	}
	return &output.Printer{
		Out: a.env.Out, Err: a.env.Err, Format: format, Quiet: a.quiet,
		Color: a.env.OutTerminal && a.colorful(), Width: a.env.Width, Live: a.env.ErrTerminal,
	}, nil
}

// colorful: see https://no-color.org.
func (a *app) colorful() bool {
	return !a.noColor && a.env.Getenv("NO_COLOR") == "" && a.env.Getenv("TERM") != "dumb"
}

func (a *app) settings() (connect.Settings, error) {
	return connect.Resolve(a.flags, a.env.Getenv, a.env.Dir)
}

func (a *app) services() (*connect.Services, error) {
	settings, err := a.settings()
	if err != nil {
		return nil, err
	}
	return connect.Dial(settings, version()), nil
}

// open returns what nearly every command begins with.
func (a *app) open() (*output.Printer, *connect.Services, error) {
	p, err := a.printer()
	if err != nil {
		return nil, nil, err
	}
	services, err := a.services()
	return p, services, err
}

// run is the body of a command that talks to services.
type run func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error

// do makes a cobra body of it.
func (a *app) do(body run) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		p, services, err := a.open()
		if err != nil {
			return err
		}
		return body(cmd, args, p, services)
	}
}

// confirm asks before something that cannot be taken back. Without a terminal, --yes must have been given.
func (a *app) confirm(yes bool, format string, args ...any) error {
	if yes {
		return nil
	}
	question := fmt.Sprintf(format, args...)
	if !a.env.InTerminal || !a.env.ErrTerminal {
		return exit.New(exit.Usage, "this needs a confirmation: "+question, "repeat the command with --yes")
	}
	_, _ = fmt.Fprintf(a.env.Err, "%s Type yes to go on: ", question) // nobody is left to tell
	answer, err := bufio.NewReader(a.env.In).ReadString('\n')
	if err != nil || strings.TrimSpace(strings.ToLower(answer)) != "yes" {
		return exit.New(exit.Failed, "nothing was done", "")
	}
	return nil
}
