package command

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/nearest"
)

// unknownCommand is what a group does when it is called itself: with no arguments it shows its help.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	names := make([]string, 0, len(cmd.Commands()))
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	fix := "see " + cmd.CommandPath() + " --help"
	if near := nearest.Of(args[0], names); near != "" {
		fix = "did you mean " + cmd.CommandPath() + " " + near + "?"
	}
	return exit.New(exit.Usage, fmt.Sprintf("%q is not a command of %s", args[0], cmd.CommandPath()), fix)
}

// flagError explains a flag that is not known or cannot be read.
func flagError(cmd *cobra.Command, err error) error {
	fix := "see " + cmd.CommandPath() + " --help"
	if unknown, ok := strings.CutPrefix(err.Error(), "unknown flag: --"); ok {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := nearest.Of(unknown, names); near != "" {
			fix = "did you mean --" + near + "?"
		}
		return exit.New(exit.Usage, fmt.Sprintf("%s has no flag --%s", cmd.CommandPath(), unknown), fix)
	}
	if wrong, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return exit.Wrap(exit.Usage, err, fmt.Sprintf("--%s %q is not %s", wrong.GetFlag().Name, wrong.GetValue(), kindOf(wrong.GetFlag())), fix)
	}
	return exit.Wrap(exit.Usage, err, err.Error(), fix)
}

// kindOf says what a flag takes.
func kindOf(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "int", "int64":
		return "a whole number"
	case "float64":
		return "a number"
	case "duration":
		return "a length of time; write it like 30s, 5m or 24h"
	case "bool":
		return "true or false"
	case "stringToString":
		return "of the form name=value"
	}
	return "what this flag takes"
}
