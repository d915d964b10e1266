package command

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
)

// none is for commands without arguments.
func none(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if cmd.HasSubCommands() {
		return unknownCommand(cmd, args)
	}
	return wrongArgs(cmd, fmt.Sprintf("%s takes no arguments, but got %q", cmd.CommandPath(), strings.Join(args, " ")))
}

// one is for commands that need one argument, which their Use names.
func one(cmd *cobra.Command, args []string) error { return between(1, 1)(cmd, args) }

// between is for commands that need min to max arguments; max < 0 is no limit.
func between(minimum, maximum int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < minimum:
			return wrongArgs(cmd, cmd.CommandPath()+" needs to know more")
		case maximum >= 0 && len(args) > maximum:
			return wrongArgs(cmd, fmt.Sprintf("%s got too much: %q", cmd.CommandPath(), strings.Join(args[maximum:], " ")))
		}
		return nil
	}
}

func wrongArgs(cmd *cobra.Command, what string) error {
	return exit.New(exit.Usage, what, "write: "+strings.TrimSuffix(cmd.UseLine(), " [flags]"))
}
