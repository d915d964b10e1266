package command

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
)

// maxDistance is how many letters may be wrong for a name to be suggested.
const maxDistance = 3

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
	if near := nearest(args[0], names); near != "" {
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
		if near := nearest(unknown, names); near != "" {
			fix = "did you mean --" + near + "?"
		}
		return exit.New(exit.Usage, fmt.Sprintf("%s has no flag --%s", cmd.CommandPath(), unknown), fix)
	}
	return exit.Wrap(exit.Usage, err, err.Error(), fix)
}

// nearest returns the name that is most like the word; "" when none is.
func nearest(word string, names []string) string {
	best, least := "", maxDistance+1
	for _, name := range names {
		d := distance(strings.ToLower(word), name)
		if strings.HasPrefix(name, strings.ToLower(word)) {
			d = min(d, 1)
		}
		if d < least && d < max(len(word), len(name)) {
			best, least = name, d
		}
	}
	return best
}

// distance is how many letters have to be changed, added or left out (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
