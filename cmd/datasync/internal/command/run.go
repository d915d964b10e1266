// Package command is the tree of commands.
package command

import (
	"context"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
)

// Environment is the process around a command.
type Environment struct {
	In       io.Reader
	Out, Err io.Writer
	Getenv   func(string) string
	Dir      string   // the working directory
	Environ  []string // for programs that are run
	Self     string   // path of this program

	InTerminal, OutTerminal, ErrTerminal bool
	Width                                int // of the terminal
}

// Process is the environment of this process.
func Process() Environment {
	dir, err := os.Getwd()
	if err != nil {
		dir = "."
	}
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	e := Environment{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Dir: dir, Self: self, Environ: os.Environ(),
		Getenv:     os.Getenv,
		InTerminal: isTerminal(os.Stdin), OutTerminal: isTerminal(os.Stdout), ErrTerminal: isTerminal(os.Stderr),
	}
	if width, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil && e.OutTerminal {
		e.Width = width
	}
	return e
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// Run runs one command line and returns how the process ends. What went wrong has been told on stderr.
func Run(ctx context.Context, args []string, e Environment) exit.Code {
	a := &app{env: e, format: string(output.Table)}
	root := a.root() //nolint:contextcheck // commands get ctx when they are executed
	root.SetArgs(args)
	root.SetIn(e.In)
	root.SetOut(e.Out)
	root.SetErr(e.Err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exit.OK
	}
	err = exit.Explain(err)
	if text := err.Error(); text != "" {
		p := output.Printer{Err: e.Err, Color: e.ErrTerminal && a.colorful()}
		_, _ = fmt.Fprintf(e.Err, "%s %s\n", p.Paint(output.Red, "datasync:"), text) // nobody is left to tell
	}
	return exit.CodeOf(err)
}
