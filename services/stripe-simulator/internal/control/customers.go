package control

import (
	"encoding/json"
	"net/http"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/account"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/apierror"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/form"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/stripeapi"
)

const everything = 1 << 30

// customers returns all that are there, newest first, in one answer: for whoever compares the two sides.
func (a *API) customers(r *http.Request, side *account.Side) (int, any, error) {
	found := side.Customers(account.CustomerFilter{Email: r.URL.Query().Get("email")}, account.Range{Limit: everything})
	data := make([]json.RawMessage, len(found.Data))
	for i, c := range found.Data {
		data[i] = c.JSON()
	}
	return http.StatusOK, map[string]any{"data": data}, nil
}

func (a *API) customer(r *http.Request, side *account.Side) (int, any, error) {
	c, err := side.Customer(r.PathValue("id"))
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, c.JSON(), nil
}

func (a *API) createCustomer(r *http.Request, side *account.Side) (int, any, error) {
	edit, err := customerEdit(r, nil)
	if err != nil {
		return 0, nil, err
	}
	c, err := side.CreateCustomer(edit, account.Origin{})
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, c.JSON(), nil
}

const maxSeed = 2_000_000

// seed makes many customers that nothing tells about.
func (a *API) seed(r *http.Request, side *account.Side) (int, any, error) {
	wanted := struct {
		First int    `json:"first"`
		Count int    `json:"count"`
		Owner string `json:"owner"`
	}{First: 1}
	if err := read(r, &wanted); err != nil {
		return 0, nil, err
	}
	if wanted.Count < 1 || wanted.Count > maxSeed {
		return 0, nil, apierror.Invalid("count", "count must be from 1 to 2000000")
	}
	if wanted.First < 1 {
		return 0, nil, apierror.Invalid("first", "first must be at least 1")
	}
	return http.StatusCreated, map[string]any{"count": wanted.Count}, side.Seed(wanted.First, wanted.Count, wanted.Owner)
}

func (a *API) editCustomer(r *http.Request, side *account.Side) (int, any, error) {
	current, err := side.Customer(r.PathValue("id"))
	if err != nil {
		return 0, nil, err
	}
	edit, err := customerEdit(r, current)
	if err != nil {
		return 0, nil, err
	}
	c, err := side.UpdateCustomer(current.ID, edit, account.Origin{})
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, c.JSON(), nil
}

func (a *API) deleteCustomer(r *http.Request, side *account.Side) (int, any, error) {
	c, err := side.DeleteCustomer(r.PathValue("id"), account.Origin{})
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, c.JSON(), nil
}

// customerEdit reads a JSON merge patch under the rules of Stripe's parameters. A part of the shipping details can be
// changed alone: the rest that Stripe wants with it comes from the customer as it is.
func customerEdit(r *http.Request, current *account.Customer) (account.Edit, error) {
	patch := map[string]any{}
	if err := read(r, &patch); err != nil {
		return account.Edit{}, err
	}
	if shipping, ok := patch["shipping"].(map[string]any); ok && current != nil && current.Shipping != nil {
		if _, sent := shipping["name"]; !sent {
			shipping["name"] = string(current.Shipping.Name)
		}
		if _, sent := shipping["address"]; !sent {
			shipping["address"] = map[string]any{}
		}
	}
	return stripeapi.DecodeCustomer(form.FromJSON(patch))
}

func (a *API) addSubscription(r *http.Request, side *account.Side) (int, any, error) {
	wanted := struct {
		Status string `json:"status"`
	}{Status: "active"}
	if err := read(r, &wanted); err != nil {
		return 0, nil, err
	}
	s, err := side.AddSubscription(r.PathValue("id"), wanted.Status)
	return http.StatusCreated, s, err
}

func (a *API) cancelSubscription(r *http.Request, side *account.Side) (int, any, error) {
	id := r.PathValue("id")
	s, ok, err := side.CancelSubscription(id)
	if err == nil && !ok {
		err = apierror.Missing("subscription", id)
	}
	return http.StatusOK, s, err
}

func (a *API) addInvoice(r *http.Request, side *account.Side) (int, any, error) {
	wanted := struct {
		Status string `json:"status"`
		Amount int64  `json:"amount"`
	}{Status: "open", Amount: 1000}
	if err := read(r, &wanted); err != nil {
		return 0, nil, err
	}
	i, err := side.AddInvoice(r.PathValue("id"), wanted.Status, wanted.Amount)
	return http.StatusCreated, i, err
}
