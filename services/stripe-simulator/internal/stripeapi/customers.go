package stripeapi

import (
	"strconv"
	"strings"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/account"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/apierror"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/search"
)

func (s *Server) createCustomer(c *call) (execute, error) {
	edit := customerEdit(c.params)
	otherCustomerParams(c.params, true)
	expand := expansions(c.params, "")
	return func() ([]byte, error) {
		customer, err := c.side.CreateCustomer(edit, c.origin)
		if err != nil {
			return nil, err
		}
		c.entry.Customer = customer.ID
		return c.show(customer, expand)
	}, c.params.Done()
}

func (s *Server) retrieveCustomer(c *call) (execute, error) {
	expand := expansions(c.params, "")
	return func() ([]byte, error) {
		customer, err := c.side.Customer(c.id)
		if err != nil {
			return nil, err
		}
		return c.show(customer, expand)
	}, c.params.Done()
}

func (s *Server) updateCustomer(c *call) (execute, error) {
	edit := customerEdit(c.params)
	otherCustomerParams(c.params, false)
	expand := expansions(c.params, "")
	return func() ([]byte, error) {
		customer, err := c.side.UpdateCustomer(c.id, edit, c.origin)
		if err != nil {
			return nil, err
		}
		return c.show(customer, expand)
	}, c.params.Done()
}

func (s *Server) deleteCustomer(c *call) (execute, error) {
	return func() ([]byte, error) {
		customer, err := c.side.DeleteCustomer(c.id, c.origin)
		if err != nil {
			return nil, err
		}
		return customer.JSON(), nil
	}, c.params.Done()
}

func (s *Server) listCustomers(c *call) (execute, error) {
	filter := account.CustomerFilter{Created: createdOf(c.params)}
	if email := c.params.Text("email", 512); email != nil {
		filter.Email = *email
	}
	noSuch(c.params, "test_clock", "billing clock")
	within := rangeOf(c.params, "customer", c.side.CustomerPosition)
	expand := expansions(c.params, "data.")
	return func() ([]byte, error) {
		found := c.side.Customers(filter, within)
		data, err := c.showAll(found.Data, expand)
		return list("/v1/customers", data, found.HasMore), err
	}, c.params.Done()
}

func (s *Server) searchCustomers(c *call) (execute, error) {
	text := c.params.Required("query", 5000)
	limit := pageSize(c.params)
	expand := expansions(c.params, "data.")
	skip := 0
	if page := c.params.Text("page", 5000); page != nil {
		n, err := strconv.ParseUint(*page, 36, 31)
		if err != nil {
			c.params.Fail(apierror.Invalid("page", "Invalid page: use the next_page of an earlier answer."))
		}
		skip = int(n)
	}
	if err := c.params.Done(); err != nil {
		return nil, err
	}
	query, err := search.Parse(text)
	if err != nil {
		return nil, apierror.Invalid("query", "We were unable to parse your search query: %s.", err)
	}
	return func() ([]byte, error) {
		found := c.side.SearchCustomers(query.Match, skip, limit)
		data, err := c.showAll(found.Data, expand)
		if err != nil {
			return nil, err
		}
		next := []byte("null")
		if found.HasMore {
			next = strconv.AppendQuote(nil, strconv.FormatInt(int64(skip+limit), 36))
		}
		page := list("/v1/customers/search", data, found.HasMore)
		page = []byte(strings.Replace(string(page), `"object":"list"`, `"object":"search_result"`, 1))
		return splice(page, "next_page", next), nil
	}, nil
}

// show renders a customer with what the caller wants expanded; the rest of what can be expanded is never set here.
func (c *call) show(customer *account.Customer, expand []string) ([]byte, error) {
	body := []byte(customer.JSON())
	if customer.Deleted() {
		return body, nil
	}
	for _, name := range expand {
		url := "/v1/customers/" + customer.ID + "/" + name
		switch name {
		case "subscriptions":
			found := c.side.Subscriptions(account.BillingFilter{Customer: customer.ID}, account.Range{Limit: 10})
			part, err := listOf(url, found)
			if err != nil {
				return nil, err
			}
			body = splice(body, name, part)
		case "sources", "tax_ids":
			body = splice(body, name, list(url, nil, false))
		}
	}
	return body, nil
}

func (c *call) showAll(customers []*account.Customer, expand []string) ([][]byte, error) {
	data := make([][]byte, len(customers))
	for i, customer := range customers {
		body, err := c.show(customer, expand)
		if err != nil {
			return nil, err
		}
		data[i] = body
	}
	return data, nil
}
