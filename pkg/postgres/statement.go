package postgres

import (
	"fmt"
	"strings"

	"gorm.io/gorm"
)

// Statement is SQL with its arguments, in gorm's placeholders. It can be run alone or travel with others.
type Statement struct {
	SQL  string
	Args []any
}

// With returns main with the others in its WITH clause: all of them are executed, in one round trip, and main's rows are
// the result. The others must be inserts, updates or deletes that do not see each other's effects. None of the
// statements may have a WITH clause of its own.
func With(main Statement, others ...Statement) Statement {
	if len(others) == 0 {
		return main
	}
	var all strings.Builder
	var args []any
	for i, s := range others {
		separator := ",\n"
		if i == 0 {
			separator = "WITH "
		}
		fmt.Fprintf(&all, "%sother%d AS (%s)", separator, i, s.SQL)
		args = append(args, s.Args...)
	}
	all.WriteString("\n" + main.SQL)
	return Statement{SQL: all.String(), Args: append(args, main.Args...)}
}

// Exec runs statements in one round trip inside tx; none does nothing. See With for what they must be.
func Exec(tx *gorm.DB, statements ...Statement) error {
	if len(statements) == 0 {
		return nil
	}
	all := With(statements[0], statements[1:]...)
	return tx.Exec(all.SQL, all.Args...).Error
}
