package main_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestACustomerFromBeginningToEnd(t *testing.T) {
	t.Parallel()
	c := system(t)
	golden(t, "customers-create", c.ok(t, "customers", "create", "--name", "Ada Lovelace", "--email", "ada@example.com",
		"--set", "address.city=London", "--set", "metadata.plan=gold", "--set", "preferred_locales=en,de-AT", "--wait", "30s"))
	golden(t, "customers-update", c.ok(t, "customers", "update", "ada@example.com", "--set", "address.city=Paris",
		"--clear", "metadata.plan,preferred_locales", "--if-version", "1", "--wait", "30s"))
	var found struct {
		ID   string
		Sync map[string]struct {
			CustomerID string `json:"customer_id"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(c.ok(t, "customers", "get", "ada@example.com", "-o", "json")), &found))
	stripe := found.Sync["stripe"].CustomerID
	require.True(t, strings.HasPrefix(stripe, "cus_"))
	golden(t, "customers-list", c.ok(t, "customers", "list"))
	golden(t, "customers-list-csv", c.ok(t, "customers", "list", "-o", "csv", "--stripe-id", stripe))
	require.Equal(t, "[]\n", c.ok(t, "customers", "list", "-o", "json", "--query", "nobody"))
	require.Equal(t, c.ok(t, "customers", "get", found.ID), c.ok(t, "customers", "get", stripe))

	r := c.run(t, "customers", "update", stripe, "--name", "Ada King", "--if-version", "1")
	require.Equal(t, 7, r.code)
	require.Contains(t, r.err, "it is at version 2 now")
	require.NotContains(t, r.err, "ETag")
	r = c.run(t, "customers", "update", stripe, "--email", "nonsense")
	require.Equal(t, 1, r.code)
	golden(t, "customers-invalid", r.err)

	c.ok(t, "customers", "delete", found.ID, "--wait", "30s")
	require.Contains(t, c.ok(t, "customers", "get", found.ID), "datasync customers restore")
	require.Contains(t, c.ok(t, "customers", "restore", found.ID), "Ada Lovelace")

	r = c.run(t, "customers", "erase", found.ID)
	require.Equal(t, 2, r.code, "it cannot be taken back, so it is asked for")
	c.ok(t, "customers", "erase", found.ID, "--yes")
	require.NotContains(t, c.ok(t, "customers", "get", found.ID), "Lovelace")
}

func TestCustomersThatAreNotThere(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	for reference, code := range map[string]int{
		"0199c2a4-7d1c-7a3e-9f6e-2a5f0c9d8b71": 5, "cus_nobody": 5, "nobody@example.com": 5, "Ada Lovelace": 2,
	} {
		r := c.run(t, "customers", "get", reference)
		require.Equal(t, code, r.code, r.err)
	}
	for range 2 {
		c.ok(t, "customers", "create", "--email", "twin@example.com")
	}
	r := c.run(t, "customers", "delete", "twin@example.com")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.err, "more than one customer")
}

func TestDataFromAFileAndStdin(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	c.file(t, "ada.json", `{"name": "Ada", "shipping": {"name": "Ada", "address": {"city": "London"}}}`)
	require.Contains(t, c.ok(t, "customers", "create", "--data", "@ada.json", "--name", "Ada King"), "Ada King")
	r := c.feed(t, `{"name": "Grace"}`, "customers", "create", "--data", "-")
	require.Equal(t, 0, r.code, r.err)
	for _, data := range []string{"nonsense", "[]", "null", "@nowhere.json"} {
		require.Equal(t, 2, c.run(t, "customers", "create", "--data", data).code, data)
	}
}

// A repeated command has the effect of one.
func TestAnIdempotencyKeyMakesRepetitionHarmless(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	first := c.ok(t, "customers", "create", "--name", "Ada", "--idempotency-key", "k1", "-o", "jsonl")
	require.Equal(t, first, c.ok(t, "customers", "create", "--name", "Ada", "--idempotency-key", "k1", "-o", "jsonl"))
}

// What people write into names must not steer the terminal.
func TestControlCharactersAreShownAsSuch(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	c.ok(t, "customers", "create", "--name", "a\u202eb", "--description", "two\nlines")
	require.Contains(t, c.ok(t, "customers", "list"), "a\ufffdb")
}

func TestExportsCanBeImportedElsewhere(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	c.file(t, "in.csv", "name,email,address.city,metadata.plan\n"+strings.Repeat("\"Doe, Jane\",jane@example.com,Köln,gold\n", 450))
	c.ok(t, "customers", "import", "in.csv")
	c.ok(t, "customers", "export", "--file", "out.csv", "--metadata", "plan")
	require.Equal(t, 7, c.run(t, "customers", "export", "--file", "out.csv").code, "an export does not overwrite")
	require.Len(t, strings.Split(strings.TrimSpace(c.ok(t, "customers", "export")), "\n"), 450)
	require.Equal(t, 2, c.run(t, "customers", "export", "-o", "table").code)

	other := catalog(t)
	require.Contains(t, other.ok(t, "customers", "import", filepath.Join(c.dir, "out.csv"),
		"--ignore", "id,version,created_at,updated_at", "-o", "csv"), ",450,450,0,0,0,")
	require.Equal(t, 450, strings.Count(other.ok(t, "customers", "export"), "Köln"))
}
