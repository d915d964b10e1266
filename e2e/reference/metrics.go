package reference

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Metric is one metric as the code declares it.
type Metric struct {
	Name    string
	Kind    string // counter, gauge or histogram
	Help    string
	Labels  []string // of each sample; "remote" stands on every metric of an engine
	Service string   // the program or package that exports it
}

// Metrics reads the declarations in the Go files below the directories, sorted by name. A declaration is a composite
// literal prometheus.CounterOpts, GaugeOpts or HistogramOpts with constant Name and Help.
func Metrics(root string, directories ...string) ([]Metric, error) {
	var found []Metric
	for _, directory := range directories {
		err := filepath.WalkDir(filepath.Join(root, directory), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			metrics, err := ofFile(path)
			relative, _ := filepath.Rel(root, filepath.Dir(path))
			for _, m := range metrics {
				m.Service = owner(relative)
				found = append(found, m)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(found, func(a, b Metric) int { return strings.Compare(a.Name, b.Name) })
	return found, nil
}

// owner names the program, or the shared package, that a directory belongs to.
func owner(directory string) string {
	parts := strings.Split(filepath.ToSlash(directory), "/")
	if len(parts) < 2 {
		return directory
	}
	if parts[0] == "pkg" {
		return "pkg/" + parts[1]
	}
	return parts[1]
}

func ofFile(path string) (found []Metric, err error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	labels := map[*ast.CompositeLit][]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) != 2 {
			return true
		}
		if opts, ok := call.Args[0].(*ast.CompositeLit); ok {
			labels[opts] = texts(call.Args[1])
		}
		return true
	})
	ast.Inspect(file, func(n ast.Node) bool {
		literal, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		kind, ok := kindOf(literal)
		if !ok {
			return true
		}
		m := declared(literal, Metric{Kind: kind, Labels: labels[literal]})
		if m.Name == "" || m.Help == "" {
			err = fmt.Errorf("%s: a metric without a constant name or help", path)
		}
		found = append(found, m)
		return true
	})
	return found, err
}

// declared fills in what the literal says.
func declared(literal *ast.CompositeLit, m Metric) Metric {
	for _, element := range literal.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		switch fmt.Sprint(pair.Key) {
		case "Name":
			m.Name = text(pair.Value)
		case "Help":
			m.Help = text(pair.Value)
		case "ConstLabels":
			m.Labels = append([]string{"remote"}, m.Labels...)
		}
	}
	return m
}

func kindOf(literal *ast.CompositeLit) (kind string, ok bool) {
	selector, ok := literal.Type.(*ast.SelectorExpr)
	if !ok || fmt.Sprint(selector.X) != "prometheus" {
		return "", false
	}
	kind, ok = strings.CutSuffix(selector.Sel.Name, "Opts")
	return strings.ToLower(kind), ok
}

// text is the value of a string constant, also one that is put together of several.
func text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		value, err := strconv.Unquote(e.Value)
		if err != nil {
			return ""
		}
		return value
	case *ast.BinaryExpr:
		return text(e.X) + text(e.Y)
	default:
		return ""
	}
}

func texts(e ast.Expr) (values []string) {
	list, ok := e.(*ast.CompositeLit)
	if !ok {
		return nil
	}
	for _, element := range list.Elts {
		values = append(values, text(element))
	}
	return values
}
