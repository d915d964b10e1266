package check

import (
	"context"
	"fmt"
	"strings"

	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
	"github.com/datasync-dev/datasync/e2e/torture/internal/oracle"
)

// Erased looks for email addresses of erased customers in every table that should have forgotten them.
func (c *Checker) Erased(ctx context.Context, records []*oracle.Record) (findings []oracle.Finding, err error) {
	var patterns []string
	for _, r := range records {
		if !r.Erased() {
			continue
		}
		for _, email := range r.Values("email") {
			patterns = append(patterns, "%"+email+"%")
		}
	}
	type table struct{ Schema, Name, Text string }
	tables, err := query[table](ctx, c, `
SELECT table_schema, table_name, string_agg(format(CASE data_type WHEN 'bytea' THEN 'encode(%I, ''escape'')' ELSE '%I::text' END, column_name), ', ')
FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
WHERE table_type = 'BASE TABLE' AND table_schema IN ('`+cluster.CatalogSchema+`', '`+cluster.ConnectorSchema+`') GROUP BY 1, 2`)
	if err != nil {
		return nil, err
	}
	for _, t := range tables {
		var rows []string
		err := c.Database.QueryRow(ctx, fmt.Sprintf(
			`SELECT COALESCE(array_agg(left(text, 300)), '{}') FROM (SELECT concat_ws(' ', %s) AS text FROM %s.%s) AS t WHERE text LIKE ANY($1)`,
			t.Text, t.Schema, t.Name), patterns).Scan(&rows)
		if err != nil {
			return nil, fmt.Errorf("search %s.%s: %w", t.Schema, t.Name, err)
		}
		if len(rows) > 0 {
			findings = append(findings, Unexpected("erased customers are still in %d rows of %s.%s: %s", len(rows), t.Schema, t.Name, strings.Join(rows[:1], "")))
		}
	}
	return findings, nil
}
