package reference

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
)

// Shapes are the types of some Go packages as JSON encodes them.
type Shapes struct {
	types  map[string]*ast.TypeSpec
	docs   map[string]string
	values map[string][]string // the constants of a type
}

// ReadShapes reads the packages in these directories.
func ReadShapes(directories ...string) (Shapes, error) {
	s := Shapes{types: map[string]*ast.TypeSpec{}, docs: map[string]string{}, values: map[string][]string{}}
	for _, directory := range directories {
		paths, err := filepath.Glob(filepath.Join(directory, "*.go"))
		if err != nil {
			return s, err
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return s, fmt.Errorf("read the types of %s: %w", directory, err)
			}
			s.add(file)
		}
	}
	return s, nil
}

func (s Shapes) add(file *ast.File) {
	for _, declaration := range file.Decls {
		group, ok := declaration.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range group.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				s.types[spec.Name.Name], s.docs[spec.Name.Name] = spec, sentences(group.Doc)
			case *ast.ValueSpec:
				if of, ok := spec.Type.(*ast.Ident); ok && group.Tok == token.CONST {
					s.values[of.Name] = append(s.values[of.Name], text(spec.Values[0]))
				}
			}
		}
	}
}

// Schema is the JSON schema of a struct of these packages.
func (s Shapes) Schema(name string) map[string]any {
	properties, required := map[string]any{}, []string{}
	for _, field := range s.fields(name) {
		tag := reflect.StructTag(strings.Trim(field.Tag.Value, "`")).Get("json")
		key, options, _ := strings.Cut(tag, ",")
		property := s.typeOf(field.Type)
		if doc := strings.TrimSpace(sentences(field.Doc) + " " + sentences(field.Comment)); doc != "" {
			property["description"] = doc
		}
		properties[key] = property
		if !strings.Contains(options, "omitempty") {
			required = append(required, key)
		}
	}
	return map[string]any{"type": "object", "description": s.docs[name], "properties": properties, "required": required}
}

// fields are those of a struct; none of what is no struct.
func (s Shapes) fields(name string) []*ast.Field {
	if of, ok := s.types[name].Type.(*ast.StructType); ok {
		return of.Fields.List
	}
	return nil
}

func (s Shapes) typeOf(e ast.Expr) map[string]any {
	switch e := e.(type) {
	case *ast.StarExpr:
		return s.typeOf(e.X)
	case *ast.ArrayType:
		return map[string]any{"type": []string{"array", "null"}, "items": s.typeOf(e.Elt)}
	case *ast.MapType:
		return map[string]any{"type": []string{"object", "null"}, "additionalProperties": s.typeOf(e.Value)}
	case *ast.SelectorExpr:
		if e.Sel.Name == "Time" {
			return map[string]any{"type": "string", "format": "date-time"}
		}
		return s.named(e.Sel.Name)
	case *ast.Ident:
		return s.named(e.Name)
	}
	panic(fmt.Sprintf("reference: a type that no message has had so far: %T", e))
}

func (s Shapes) named(name string) map[string]any {
	basic := map[string]string{"string": "string", "bool": "boolean", "int": "integer", "int64": "integer", "RawMessage": "object"}
	if kind, ok := basic[name]; ok {
		return map[string]any{"type": kind}
	}
	if s.fields(name) != nil {
		return s.Schema(name)
	}
	schema := s.typeOf(s.types[name].Type)
	if values := s.values[name]; len(values) > 0 {
		schema["enum"] = values
	}
	return schema
}

// Values are the constants of a type, in the order of the code.
func (s Shapes) Values(name string) []string { return s.values[name] }

// sentences is a comment in one line.
func sentences(comment *ast.CommentGroup) string {
	return strings.Join(strings.Fields(comment.Text()), " ")
}
