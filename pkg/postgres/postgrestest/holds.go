package postgrestest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
)

// Holds returns the tables of the connection's schema that hold one of the texts anywhere, in columns of any type, each
// as "table: text".
func Holds(t testing.TB, db *gorm.DB, texts ...string) (found []string) {
	t.Helper()
	var columns []struct{ Table, Type, Name string }
	require.NoError(t, db.Raw(`
SELECT c.table_name AS "table", c.column_name AS name, c.data_type AS type
FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE'`).Scan(&columns).Error)
	parts := map[string][]string{}
	for _, c := range columns {
		part := fmt.Sprintf("%q::text", c.Name)
		if c.Type == "bytea" {
			part = fmt.Sprintf("encode(%q, 'escape')", c.Name)
		}
		parts[c.Table] = append(parts[c.Table], part)
	}
	require.NotEmpty(t, parts)
	for table, all := range parts {
		for _, text := range texts {
			var held bool
			query := fmt.Sprintf(`SELECT EXISTS (SELECT FROM %q WHERE position(lower(?) IN lower(concat_ws(' ', %s))) > 0)`, table, strings.Join(all, ", "))
			require.NoError(t, db.Raw(query, text).Scan(&held).Error)
			if held {
				found = append(found, table+": "+text)
			}
		}
	}
	return found
}
