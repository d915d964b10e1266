package importer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/document"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/nearest"
)

// columns says which field each column of a CSV file is; everything that is wrong with the header is told at once.
func columns(o Options, header []string) ([]string, error) {
	fields, problems := make([]string, len(header)), []string{}
	seen := map[string]string{}
	known := 0
	for i, column := range header {
		name, problem := field(o, strings.TrimSpace(column), i+1)
		if first, twice := seen[name]; name != "" && twice {
			problem = fmt.Sprintf("%q and %q are both %s", first, column, name)
		}
		if problem != "" {
			problems = append(problems, problem)
			continue
		}
		if name != "" {
			known++
			seen[name] = column
		}
		fields[i] = name
	}
	problems = append(problems, unused(o, header)...)
	if len(problems) == 0 && known == 0 {
		problems = append(problems, "no column is imported")
	}
	if len(problems) == 0 {
		return fields, nil
	}
	fix := "rename columns with --map 'Their name=email', leave some out with --ignore column; the fields are " +
		strings.Join(document.Names(), ", ") + " and metadata.<key>"
	if known == 0 {
		fix = "the first line has to name the columns; " + fix
	}
	return nil, exit.New(exit.Failed, "the columns of "+o.Path+" are wrong, and nothing was sent: "+strings.Join(problems, "; "), fix)
}

// field returns the field of a column; "" for one that is left out.
func field(o Options, column string, number int) (name, problem string) {
	switch {
	case column == LineColumn || column == ErrorColumn || slices.Contains(o.Ignore, column):
		return "", ""
	case o.Rename[column] != "":
		column = o.Rename[column]
	case column == "":
		return "", fmt.Sprintf("column %d has no name", number)
	}
	name = normalize(column)
	switch {
	case document.Known(name):
		return name, ""
	case document.ReadOnly(name):
		return "", fmt.Sprintf("%s is set by the catalog", column)
	case column == TextColumn:
		return "", TextColumn + " holds what was no row; write the customers in it as rows and remove the column"
	}
	return "", unknownField(column)
}

func unknownField(name string) string {
	problem := fmt.Sprintf("%q is not a field of customers", name)
	if near := nearest.Of(name, document.Names()); near != "" {
		problem += " (" + near + "?)"
	}
	return problem
}

// normalize brings a name into the form that fields have: Address Line1 and address_line1 are address.line1. The keys of
// metadata keep theirs.
func normalize(column string) string {
	if prefix, key, ok := strings.Cut(column, "."); ok && strings.EqualFold(prefix, "metadata") {
		return "metadata." + key
	}
	flat := strings.NewReplacer(" ", "_", "-", "_", ".", "_").Replace(strings.ToLower(column))
	for _, name := range document.Names() {
		if strings.ReplaceAll(name, ".", "_") == flat {
			return name
		}
	}
	return strings.ToLower(column)
}

// unused finds names in the options that no column has: a typing mistake there would leave data out in silence.
func unused(o Options, header []string) []string {
	var problems []string
	has := func(name string) bool {
		return slices.ContainsFunc(header, func(column string) bool { return strings.TrimSpace(column) == name })
	}
	for _, name := range o.Ignore {
		if !has(name) {
			problems = append(problems, fmt.Sprintf("--ignore %s: there is no such column", name))
		}
	}
	for name := range o.Rename {
		if !has(name) {
			problems = append(problems, fmt.Sprintf("--map %s: there is no such column", name))
		}
	}
	slices.Sort(problems)
	return problems
}
