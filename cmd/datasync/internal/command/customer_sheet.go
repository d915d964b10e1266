package command

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/customers"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/document"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
)

// showCustomer writes one customer with all that is set.
func showCustomer(p *output.Printer, c customers.Customer) error { return showHeld(p, c, nil) }

// showHeld is showCustomer with what keeps connectors from it, by their names.
func showHeld(p *output.Printer, c customers.Customer, held map[string][]hold) error {
	columns, err := sheetColumns(c)
	if err != nil {
		return err
	}
	if len(held) > 0 {
		if c, err = c.With("held", held); err != nil {
			return err
		}
	}
	for _, remote := range slices.Sorted(maps.Keys(held)) {
		for _, h := range held[remote] {
			columns = append(columns, output.Of(remote+".held", func(customers.Customer) string { return h.String() }))
		}
	}
	return output.One(p, c, columns...)
}

func sheetColumns(c customers.Customer) ([]output.Column[customers.Customer], error) {
	fields, err := c.Fields()
	if err != nil {
		return nil, err
	}
	fixed := func(name, value string) output.Column[customers.Customer] {
		return output.Of(name, func(customers.Customer) string { return value })
	}
	columns := []output.Column[customers.Customer]{fixed("id", c.ID)}
	for _, name := range append(document.Names(), document.Metadata(fields)...) {
		columns = append(columns, fixed(name, document.Flatten(fields, name)))
	}
	columns = append(columns, fixed("version", strconv.FormatInt(c.Version, 10)), fixed("updated_at", stamp(c.UpdatedAt)))
	if c.Deleted {
		columns = append(columns, fixed("deleted", "yes; datasync customers restore brings it back"))
	}
	for _, remote := range slices.Sorted(maps.Keys(c.Sync)) {
		columns = append(columns, syncColumns(remote, c.Sync[remote])...)
	}
	return columns, nil
}

func syncColumns(remote string, s customers.Sync) []output.Column[customers.Customer] {
	column := func(name, value string) output.Column[customers.Customer] {
		return output.Of(remote+"."+name, func(customers.Customer) string { return value })
	}
	state := column("state", s.State)
	state.State = true
	columns := []output.Column[customers.Customer]{
		state, column("id", s.CustomerID), column("version", strconv.FormatInt(s.Version, 10)), column("last_synced_at", stamp(s.SyncedAt)),
	}
	if s.LastError != nil {
		where := ""
		if s.LastError.Field != "" {
			where = s.LastError.Field + ": "
		}
		columns = append(columns, column("error", fmt.Sprintf("%s%s (%s)", where, s.LastError.Reason, s.LastError.Class)))
	}
	return columns
}
