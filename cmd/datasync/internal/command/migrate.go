package command

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
	"github.com/datasync-dev/datasync/pkg/admin"
)

const migrateHelp = `Bring the services' tables up to date before a new version of them is started. They do so themselves when they start;
this is for those who want to do it first, or by another database user.

Each service knows its own tables, so its program is run: catalog migrate, stripe-connector migrate. The programs are
looked for beside this one, and get this process's environment; DATABASE_URL has to be set.`

// migrating are the flags of migrate.
type migrating struct {
	check   bool
	bin     string
	schemas map[string]string
	only    []string
}

// programs are the services that have tables.
func programs() []string { return []string{"catalog", "stripe-connector"} }

func (a *app) migrate() *cobra.Command {
	var m migrating
	cmd := &cobra.Command{
		Use: "migrate", Short: "Bring the services' tables up to date, or check that they are", Long: migrateHelp, Args: none,
		Example: "  datasync migrate --check\n  datasync migrate --program catalog --schema catalog=catalog_eu",
	}
	cmd.Flags().BoolVar(&m.check, "check", false, "change nothing; exit code 3 says that migrations are to be applied")
	cmd.Flags().StringVar(&m.bin, "bin", "", "`directory` with the services' programs (default: that of this program)")
	cmd.Flags().StringSliceVar(&m.only, "program", programs(), "`programs` whose tables are meant")
	cmd.Flags().StringToStringVar(&m.schemas, "schema", nil, "`program=schema` where tables are elsewhere than by default; may be repeated")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		p, err := a.printer()
		if err != nil {
			return err
		}
		return m.run(cmd.Context(), a.env, p)
	}
	return cmd
}

func (m *migrating) run(ctx context.Context, e Environment, p *output.Printer) error {
	for _, program := range append(slices.Sorted(maps.Keys(m.schemas)), m.only...) {
		if !slices.Contains(programs(), program) {
			return exit.New(exit.Usage, fmt.Sprintf("%q has no tables", program), "the programs are: "+strings.Join(programs(), ", "))
		}
	}
	list := output.NewList(p, "", of(
		output.Of("set", func(s admin.Schema) string { return s.Set }),
		output.Of("version", func(s admin.Schema) string { return strconv.FormatInt(s.Version, 10) }),
		output.Of("newest", func(s admin.Schema) string { return strconv.FormatInt(s.Newest, 10) }),
		output.Of("pending", func(s admin.Schema) string { return strconv.Itoa(s.Pending) }))...)
	pending := 0
	for _, program := range m.only {
		schemas, err := m.ask(ctx, e, program)
		if err != nil {
			return err
		}
		for _, schema := range schemas {
			pending += schema.Pending
			if err := list.Add(from[admin.Schema]{program, schema}); err != nil {
				return err
			}
		}
	}
	if err := list.Close(); err != nil || pending == 0 {
		return err
	}
	return exit.New(exit.Differences, fmt.Sprintf("%d migrations are to be applied", pending), "run datasync migrate")
}

// ask runs a service's program.
func (m *migrating) ask(ctx context.Context, e Environment, program string) ([]admin.Schema, error) {
	path := filepath.Join(cmp.Or(m.bin, filepath.Dir(e.Self)), program)
	if _, err := os.Stat(path); err != nil {
		return nil, exit.Wrap(exit.NotFound, err, "there is no program "+path, "build it with make build, or say with --bin where it is")
	}
	argument := "migrate"
	if m.check {
		argument = "migrations"
	}
	command := exec.CommandContext(ctx, path, argument)
	command.Env = m.environment(e, program)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		told := strings.Join(strings.Fields(cmp.Or(stderr.String(), err.Error())), " ")
		return nil, exit.Wrap(exit.Failed, err, program+" "+argument+": "+told, "")
	}
	var schemas []admin.Schema
	for lines := json.NewDecoder(&stdout); lines.More(); {
		var one admin.Schema
		if err := lines.Decode(&one); err != nil {
			return nil, errors.Join(exit.New(exit.Failed, program+" gave an answer that cannot be read", "build all programs from the same version"), err)
		}
		schemas = append(schemas, one)
	}
	return schemas, nil
}

// environment is this process's, but for the schema: both services would take the same one.
func (m *migrating) environment(e Environment, program string) []string {
	environment := slices.DeleteFunc(slices.Clone(e.Environ), func(pair string) bool {
		return strings.HasPrefix(pair, "DATABASE_SCHEMA=") || strings.HasPrefix(pair, "DATABASE_SCHEMA_FILE=")
	})
	if schema := m.schemas[program]; schema != "" {
		environment = append(environment, "DATABASE_SCHEMA="+schema)
	}
	return environment
}
