package pages

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/datasync-dev/datasync/services/console/internal/ui"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

// namesAge is how old a name may be where it only stands for an id.
const namesAge = 15 * time.Second

// mostNames is how many customers the catalog lists at once.
const mostNames = 200

// person is a customer in a few words.
type person struct{ ID, Name, Email string }

// people are customers by their ids.
type people map[string]person

// of returns who has the id; one who could not be looked up stays an id.
func (p people) of(id string) person {
	if one, ok := p[id]; ok {
		return one
	}
	return person{ID: id, Name: ui.Short(id)}
}

// all is of for several.
func (p people) all(ids []string) []person {
	some := make([]person, 0, len(ids))
	for _, id := range ids {
		some = append(some, p.of(id))
	}
	return some
}

// people looks up who ids belong to, in one question to the catalog.
func (s *Site) people(ctx context.Context, c *call, ids ...string) people {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return uuid.Validate(id) != nil })
	slices.Sort(ids)
	found := people{}
	for some := range slices.Chunk(slices.Compact(ids), mostNames) {
		list, err := s.Fleet.CustomersWithin(ctx, upstream.CustomerFilter{IDs: some, Deleted: true, Limit: mostNames}, namesAge)
		if err != nil {
			continue // the pages say by themselves that the catalog is away
		}
		for _, customer := range list.Data {
			if customer.Name+customer.Email != "" {
				found[customer.ID] = person{customer.ID, customer.Name, c.email(customer.Email)}
			}
		}
	}
	return found
}

// idsOf are the ids of the customers that rows are about.
func idsOf[T any](rows []T, id func(T) string) []string {
	ids := make([]string, 0, len(rows))
	for _, row := range rows {
		ids = append(ids, id(row))
	}
	return ids
}
