package stripeapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-mock/embedded"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/simtest"
)

// schema is as much of OpenAPI as Stripe's description of its own objects uses.
type schema struct {
	Ref        string             `json:"$ref"`
	Type       string             `json:"type"`
	Nullable   bool               `json:"nullable"`
	Enum       []any              `json:"enum"`
	AnyOf      []*schema          `json:"anyOf"`
	Properties map[string]*schema `json:"properties"`
	Required   []string           `json:"required"`
	Items      *schema            `json:"items"`
	Expansion  *struct {
		OneOf []*schema `json:"oneOf"`
	} `json:"x-expansionResources"`
}

type description struct {
	Info struct {
		Version string `json:"version"`
	} `json:"info"`
	Components struct {
		Schemas map[string]*schema `json:"schemas"`
	} `json:"components"`
}

func stripesDescription(t *testing.T) *description {
	t.Helper()
	var d description
	require.NoError(t, json.Unmarshal(embedded.OpenAPISpec, &d))
	require.Equal(t, "2023-10-16", d.Info.Version)
	return &d
}

// misfits lists where a value is not what the schema says.
func (d *description) misfits(s *schema, value any, path string) []string {
	if s.Ref != "" {
		s = d.Components.Schemas[s.Ref[len("#/components/schemas/"):]]
	}
	if value == nil {
		if s.Nullable || len(s.AnyOf) > 0 {
			return nil
		}
		return []string{path + " is null"}
	}
	if len(s.AnyOf) > 0 {
		var all []string
		for _, one := range s.AnyOf {
			found := d.misfits(one, value, path)
			if len(found) == 0 {
				return nil
			}
			all = append(all, found...)
		}
		return all
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, value) {
		return []string{fmt.Sprintf("%s is %v", path, value)}
	}
	return d.misfitsOfType(s, value, path)
}

func (d *description) misfitsOfType(s *schema, value any, path string) []string {
	var found []string
	switch v := value.(type) {
	case map[string]any:
		for _, name := range s.Required {
			if _, ok := v[name]; !ok {
				found = append(found, path+"."+name+" is missing")
			}
		}
		for name, one := range v {
			if property := s.Properties[name]; property != nil {
				found = append(found, d.misfits(property, one, path+"."+name)...)
			} else if len(s.Properties) > 0 {
				found = append(found, path+"."+name+" is not Stripe's")
			}
		}
		return found
	case []any:
		for i, one := range v {
			found = append(found, d.misfits(s.Items, one, fmt.Sprintf("%s[%d]", path, i))...)
		}
		return found
	case float64:
		if s.Type != "integer" && s.Type != "number" {
			return []string{path + " is a number"}
		}
	case bool:
		if s.Type != "boolean" {
			return []string{path + " is a boolean"}
		}
	case string:
		if s.Type != "string" {
			return []string{path + " is a string"}
		}
	}
	return nil
}

func TestObjectsFitStripesOwnDescription(t *testing.T) {
	t.Parallel()
	d := stripesDescription(t)
	receiver := simtest.NewReceiver(t)
	sim := simtest.Start(t, receiver.Preset)
	customer, err := sim.Stripe.Customers.New(ada())
	require.NoError(t, err)
	empty, err := sim.Stripe.Customers.New(nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, sim.Control(t, http.MethodPost, "/_sim/customers/"+customer.ID+"/subscriptions", nil).Status)
	require.Equal(t, http.StatusCreated, sim.Control(t, http.MethodPost, "/_sim/customers/"+customer.ID+"/invoices", nil).Status)
	event := receiver.Next(t)
	for path, name := range map[string]string{
		"/v1/customers/" + customer.ID: "customer",
		"/v1/customers/" + empty.ID:    "customer",
		"/v1/customers/" + customer.ID + "?expand[]=subscriptions&expand[]=sources&expand[]=tax_ids": "customer",
		"/v1/events/" + event.ID:          "event",
		"/v1/webhook_endpoints/we_preset": "webhook_endpoint",
		"/v1/subscriptions":               "subscription",
		"/v1/invoices":                    "invoice",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			object := sim.Call(t, http.MethodGet, path, "").JSON(t)
			if data, listed := object["data"].([]any); listed && object["object"] == "list" {
				first, ok := data[0].(map[string]any)
				require.True(t, ok)
				object = first
			}
			require.Empty(t, d.misfits(d.Components.Schemas[name], object, name))
		})
	}
}

func TestADeletedCustomerFitsStripesOwnDescription(t *testing.T) {
	t.Parallel()
	d := stripesDescription(t)
	sim := simtest.Start(t)
	customer, err := sim.Stripe.Customers.New(nil)
	require.NoError(t, err)
	_, err = sim.Stripe.Customers.Del(customer.ID, nil)
	require.NoError(t, err)
	deleted := sim.Call(t, http.MethodGet, "/v1/customers/"+customer.ID, "").JSON(t)
	require.Empty(t, d.misfits(d.Components.Schemas["deleted_customer"], deleted, "deleted_customer"))
}

// A customer shows every property that Stripe shows without being asked to expand it.
func TestCustomersLackNoPropertyOfStripes(t *testing.T) {
	t.Parallel()
	d := stripesDescription(t)
	sim := simtest.Start(t)
	customer := sim.Call(t, http.MethodPost, "/v1/customers", "").JSON(t)
	onlyExpanded := []string{"cash_balance", "invoice_credit_balance", "sources", "subscriptions", "tax", "tax_ids"}
	for name := range d.Components.Schemas["customer"].Properties {
		if !slices.Contains(onlyExpanded, name) {
			require.Contains(t, customer, name)
		}
	}
}
