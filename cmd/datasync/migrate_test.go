package main_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
	"github.com/datasync-dev/datasync/pkg/service/servicetest"
)

func TestMigrating(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	for _, program := range []string{"catalog", "stripe-connector"} {
		require.NoError(t, os.Symlink(servicetest.Program(t, program), filepath.Join(bin, program)))
	}
	c := newCLI(t, map[string]string{"DATABASE_URL": postgrestest.URL(), "DATABASE_SCHEMA": "is_not_meant"})
	flags := []string{"--bin", bin, "--schema", "catalog=" + postgrestest.Schema(t), "--schema", "stripe-connector=" + postgrestest.Schema(t)}

	r := c.run(t, append([]string{"migrate", "--check"}, flags...)...)
	require.Equal(t, 3, r.code, r.err)
	require.Contains(t, r.err, "migrations are to be applied. Run datasync migrate")
	r = c.run(t, append([]string{"migrate", "-o", "csv"}, flags...)...)
	require.Equal(t, 0, r.code, r.err)
	require.Contains(t, r.out, "catalog,customers,")
	require.Contains(t, r.out, "stripe-connector,connector,")
	require.Equal(t, 0, c.run(t, append([]string{"migrate", "--check"}, flags...)...).code)
	require.Equal(t, 0, c.run(t, append([]string{"migrate"}, flags...)...).code, "again")

	c.env["DATABASE_URL"] = "postgres://nobody:wrong@localhost:5432/datasync?sslmode=disable"
	r = c.run(t, append([]string{"migrate"}, flags...)...)
	require.Equal(t, 1, r.code)
	require.Contains(t, r.err, "catalog migrate: DATABASE_URL: ")
	require.NotContains(t, r.err, "wrong")
	delete(c.env, "DATABASE_URL")
	require.Contains(t, c.run(t, append([]string{"migrate"}, flags...)...).err, "DATABASE_URL: is not set")
	r = c.run(t, "migrate", "--bin", c.dir)
	require.Equal(t, 5, r.code)
	require.Contains(t, r.err, "Build it with make build")
}
