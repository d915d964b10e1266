package service

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/caarlos0/env/v11"
)

// FileSuffix turns the name of a variable into the name of one that holds the path of a file with the value.
const FileSuffix = "_FILE"

// Checker is a configuration that knows what is wrong with it beyond what struct tags can say: a bad key, two values
// that exclude each other. Several problems are one error made by errors.Join, each naming its variable.
type Checker interface{ Check() error }

// Load reads a configuration with the tags of github.com/caarlos0/env. Every variable NAME can also be given as
// NAME_FILE, the path of a file whose trimmed content is the value. The error lists every problem at once, those that
// C finds itself (see Checker) too, each beginning with the variable's name; it never contains a value.
func Load[C any](getenv func(string) string) (C, error) {
	var config C
	params, err := env.GetFieldParams(&config)
	if err != nil {
		return config, fmt.Errorf("configuration of %T: %w", config, err)
	}
	values, problems := read(getenv, params)
	problems = append(problems, explain(env.ParseWithOptions(&config, env.Options{Environment: values}), names(reflect.TypeFor[C]()))...)
	if checker, ok := any(&config).(Checker); ok {
		problems = append(problems, unknown(checker.Check(), problems)...)
	}
	if len(problems) > 0 {
		return config, fmt.Errorf("bad configuration:\n%w", errors.Join(problems...))
	}
	return config, nil
}

// read collects the values of all variables. An empty variable counts as one that is not set.
func read(getenv func(string) string, params []env.FieldParams) (map[string]string, []error) {
	values, problems := map[string]string{}, []error(nil)
	for _, p := range params {
		value, path := getenv(p.Key), getenv(p.Key+FileSuffix)
		switch {
		case value != "" && path != "":
			problems = append(problems, fmt.Errorf("%s: %s is set too; unset one of them", p.Key, p.Key+FileSuffix))
		case path != "":
			content, err := os.ReadFile(path) // the operator names the file
			if err != nil {
				problems = append(problems, fmt.Errorf("%s: %w", p.Key+FileSuffix, err))
				content = []byte("-") // the variable is not missing: its file is
			}
			value = strings.TrimSpace(string(content))
		}
		if value != "" {
			values[p.Key] = value
		}
	}
	return values, problems
}

// explain turns the parser's errors into sentences that begin with the variable's name and hold no value.
func explain(err error, names map[string]string) []error {
	var all env.AggregateError
	if !errors.As(err, &all) {
		if err == nil {
			return nil
		}
		return []error{err}
	}
	var problems []error
	for _, e := range all.Errors {
		var (
			notSet env.VarIsNotSetError
			empty  env.EmptyVarError
			parse  env.ParseError
		)
		switch {
		case errors.As(e, &notSet):
			problems = append(problems, missing(notSet.Key))
		case errors.As(e, &empty):
			problems = append(problems, missing(empty.Key))
		case errors.As(e, &parse):
			problems = append(problems, fmt.Errorf("%s: is not %s", names[parse.Name], describe(parse.Type)))
		default:
			problems = append(problems, e)
		}
	}
	return dedupe(problems)
}

func missing(name string) error {
	return fmt.Errorf("%s: is not set; set it, or %s to the path of a file that holds it", name, name+FileSuffix)
}

// describe says what a value of the type looks like.
func describe(t reflect.Type) string {
	switch {
	case t.PkgPath() == "time" && t.Name() == "Duration":
		return "a duration like 500ms, 20s or 5m"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Int64:
		return "a whole number"
	case t.Kind() >= reflect.Uint && t.Kind() <= reflect.Uint64:
		return "a whole number of at least 0"
	case t.Kind() == reflect.Float32 || t.Kind() == reflect.Float64:
		return "a number"
	}
	return "a valid " + t.String()
}

// names maps the fields of a configuration to their variables.
func names(config reflect.Type) map[string]string {
	result := map[string]string{}
	for field := range config.Fields() {
		if field.Type.Kind() == reflect.Struct {
			for inner, name := range names(field.Type) {
				result[inner] = field.Tag.Get("envPrefix") + name
			}
		}
		if name, _, _ := strings.Cut(field.Tag.Get("env"), ","); name != "" {
			result[field.Name] = name
		}
	}
	return result
}

// dedupe keeps one problem of each variable: a required one that is missing is also empty.
func dedupe(problems []error) []error {
	var kept []error
	for _, p := range problems {
		kept = append(kept, unknown(p, kept)...)
	}
	return kept
}

// unknown returns the parts of err that are about variables which have no problem yet.
func unknown(err error, known []error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok { // only the outermost error is a list
		var rest []error
		for _, part := range joined.Unwrap() {
			rest = append(rest, unknown(part, known)...)
		}
		return rest
	}
	for _, k := range known {
		if variable(k) == variable(err) {
			return nil
		}
	}
	return []error{err}
}

func variable(problem error) string {
	name, _, _ := strings.Cut(problem.Error(), ":")
	return strings.TrimSuffix(name, FileSuffix)
}
