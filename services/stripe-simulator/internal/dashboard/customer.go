package dashboard

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/account"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/apierror"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/stripeapi"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/traffic"
)

type customerPage struct {
	frame
	ID                      string
	Deleted                 bool
	Ago                     string
	Mark                    string
	Groups                  []group
	TaxChoices              []string
	TaxExempt, WasTaxExempt string
	Metadata                []field
	NewKey, NewValue        string
	Subscriptions           []*account.Subscription
	Events                  []eventRow
	Calls                   []traffic.Entry
}

type group struct {
	Name   string
	Fields []field
}

// field is an input and what stood in it when the form was made: only what differs is sent.
type field struct {
	Name, Label, Value, Was, Hint string
	Wide                          bool
}

func (d *Dashboard) newCustomer(r *http.Request) (view, error) {
	return d.form(r, nil, nil), nil
}

func (d *Dashboard) customer(r *http.Request) (view, error) {
	c, err := d.Side.Customer(r.PathValue("id"))
	if err != nil {
		return view{}, err
	}
	return d.form(r, c, nil), nil
}

func (d *Dashboard) createCustomer(r *http.Request) (view, error) {
	values, err := changes(r)
	if err != nil {
		return view{}, err
	}
	edit, err := stripeapi.DecodeCustomer(values)
	if err != nil {
		return d.form(r, nil, err), nil
	}
	c, err := d.Side.CreateCustomer(edit, account.Origin{})
	if err != nil {
		return d.form(r, nil, err), nil
	}
	return view{redirect: "/customers/" + c.ID + "?done=created"}, nil
}

func (d *Dashboard) saveCustomer(r *http.Request) (view, error) {
	c, err := d.Side.Customer(r.PathValue("id"))
	if err != nil {
		return view{}, err
	}
	values, err := changes(r)
	if err != nil {
		return view{}, err
	}
	if len(values.Names()) == 0 {
		return view{redirect: "/customers/" + c.ID + "?done=nothing"}, nil
	}
	edit, err := stripeapi.DecodeCustomer(values)
	if err != nil {
		return d.form(r, c, err), nil
	}
	if _, err := d.Side.UpdateCustomer(c.ID, edit, account.Origin{}); err != nil {
		return d.form(r, c, err), nil
	}
	return view{redirect: "/customers/" + c.ID + "?done=saved"}, nil
}

// form shows a customer, or an empty form without one. After a mistake it shows what was typed.
func (d *Dashboard) form(r *http.Request, c *account.Customer, mistake error) view {
	p := customerPage{frame: d.frame(r, "customers", "New customer"), TaxChoices: []string{"none", "exempt", "reverse"}}
	stored := c
	if c == nil {
		stored = &account.Customer{TaxExempt: "none"}
	} else {
		d.describe(&p, c)
	}
	p.Groups = groups(stored)
	p.TaxExempt, p.WasTaxExempt = stored.TaxExempt, stored.TaxExempt
	for _, key := range slices.Sorted(maps.Keys(stored.Metadata)) {
		p.Metadata = append(p.Metadata, field{Name: "metadata[" + key + "]", Label: key, Value: stored.Metadata[key], Was: stored.Metadata[key]})
	}
	v := view{template: "customer.html"}
	if mistake != nil {
		v.status = http.StatusUnprocessableEntity
		p.Error = sentence(mistake)
		p.retype(r)
	}
	v.data = p
	return v
}

func (d *Dashboard) describe(p *customerPage, c *account.Customer) {
	p.ID, p.Deleted, p.Ago, p.Mark = c.ID, c.Deleted(), ago(c.Created), c.Metadata[account.Mark]
	p.Title = "Customer without a name"
	for _, title := range []account.Text{c.Name, c.Email} {
		if title != "" {
			p.Title = string(title)
			break
		}
	}
	p.Subscriptions = d.Side.Subscriptions(account.BillingFilter{Customer: c.ID, Status: "all"}, account.Range{Limit: 10}).Data
	p.Events = d.eventRows(account.EventFilter{About: c.ID}, account.Range{Limit: 10})
	p.Calls = d.Traffic.Recent(c.ID, 10)
}

// retype puts what was typed back into the form.
func (p *customerPage) retype(r *http.Request) {
	for _, g := range p.Groups {
		for i := range g.Fields {
			g.Fields[i].Value, g.Fields[i].Was = r.PostFormValue(g.Fields[i].Name), r.PostFormValue("was:"+g.Fields[i].Name)
		}
	}
	for i := range p.Metadata {
		p.Metadata[i].Value, p.Metadata[i].Was = r.PostFormValue(p.Metadata[i].Name), r.PostFormValue("was:"+p.Metadata[i].Name)
	}
	p.TaxExempt, p.WasTaxExempt = r.PostFormValue("tax_exempt"), r.PostFormValue("was:tax_exempt")
	p.NewKey, p.NewValue = r.PostFormValue("new_key"), r.PostFormValue("new_value")
}

func sentence(err error) string {
	var e *apierror.Error
	if errors.As(err, &e) && e.Param != "" && !strings.Contains(e.Message, e.Param) {
		return e.Param + ": " + e.Message
	}
	return err.Error()
}
