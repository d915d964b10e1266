package reference

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// code is how a stable name looks.
var code = regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)

// Codes reads the stable names of problems that the Go files below the directories answer with, sorted. They stand
//
//   - after the status in a call of Refuse or refuse,
//   - after an http.Status... in a row of a table,
//   - in the constants of the type Code, and in values of the field or variable of that name.
func Codes(root string, directories ...string) ([]string, error) {
	found := map[string]bool{}
	for _, directory := range directories {
		err := filepath.WalkDir(filepath.Join(root, directory), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				for _, e := range candidates(n) {
					if name := text(e); code.MatchString(name) {
						found[name] = true
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// candidates are the expressions of a node that hold a code, if they are constants.
func candidates(n ast.Node) []ast.Expr {
	switch n := n.(type) {
	case *ast.CallExpr:
		return afterStatus(n.Args)
	case *ast.CompositeLit:
		return afterStatus(n.Elts)
	case *ast.ValueSpec:
		if of, ok := n.Type.(*ast.Ident); ok && of.Name == "Code" {
			return n.Values
		}
	case *ast.KeyValueExpr:
		if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Code" {
			return []ast.Expr{n.Value}
		}
	case *ast.AssignStmt:
		if to, ok := n.Lhs[0].(*ast.Ident); ok && to.Name == "code" {
			return n.Rhs
		}
	}
	return nil
}

// afterStatus is what follows an HTTP status.
func afterStatus(list []ast.Expr) []ast.Expr {
	for i, e := range list[:max(len(list)-1, 0)] {
		if isStatus(e) {
			return list[i+1 : i+2]
		}
	}
	return nil
}

func isStatus(e ast.Expr) bool {
	if name, ok := e.(*ast.Ident); ok {
		return name.Name == "status"
	}
	selector, ok := e.(*ast.SelectorExpr)
	return ok && strings.HasPrefix(selector.Sel.Name, "Status")
}
