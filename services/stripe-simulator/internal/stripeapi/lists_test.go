package stripeapi_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/simtest"
)

// fill creates n customers and returns their ids, oldest first.
func fill(t *testing.T, sim *simtest.Sim, n int) []string {
	t.Helper()
	ids := make([]string, n)
	for i := range n {
		c, err := sim.Stripe.Customers.New(&stripe.CustomerParams{Name: new(fmt.Sprintf("n%d", i)), Email: new("same@example.com")})
		require.NoError(t, err)
		ids[i] = c.ID
	}
	return ids
}

func idsOf(t *testing.T, a simtest.Answer) ([]string, bool) {
	t.Helper()
	require.Equal(t, http.StatusOK, a.Status, "%s", a.Body)
	body := a.JSON(t)
	data, ok := body["data"].([]any)
	require.True(t, ok)
	ids := []string{}
	for _, one := range data {
		object, ok := one.(map[string]any)
		require.True(t, ok)
		ids = append(ids, fmt.Sprint(object["id"]))
	}
	return ids, body["has_more"] == true
}

func TestListsArePagedNewestFirst(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	ids := fill(t, sim, 12)
	_, err := sim.Stripe.Customers.Del(ids[8], nil)
	require.NoError(t, err)
	for name, test := range map[string]struct {
		query string
		want  []string
		more  bool
	}{
		"default of ten":           {"", []string{ids[11], ids[10], ids[9], ids[7], ids[6], ids[5], ids[4], ids[3], ids[2], ids[1]}, true},
		"limit":                    {"limit=2", []string{ids[11], ids[10]}, true},
		"after":                    {"limit=2&starting_after=" + ids[10], []string{ids[9], ids[7]}, true},
		"after, to the end":        {"limit=2&starting_after=" + ids[2], []string{ids[1], ids[0]}, false},
		"after the last":           {"starting_after=" + ids[0], []string{}, false},
		"after a deleted one":      {"limit=1&starting_after=" + ids[8], []string{ids[7]}, true},
		"before":                   {"limit=2&ending_before=" + ids[7], []string{ids[10], ids[9]}, true},
		"before, up to the newest": {"limit=5&ending_before=" + ids[9], []string{ids[11], ids[10]}, false},
		"before the newest":        {"ending_before=" + ids[11], []string{}, false},
		"email with a page":        {"limit=1&email=same@example.com&starting_after=" + ids[1], []string{ids[0]}, false},
		"email in another case":    {"email=Same@example.com", []string{}, false},
		"created in the future":    {"created[gt]=99999999999", []string{}, false},
		"created until then":       {"limit=1&created[lte]=99999999999&created[gte]=1", []string{ids[11]}, true},
		"created before then":      {"limit=1&created[lt]=99999999999", []string{ids[11]}, true},
		"created exactly":          {"created=1", []string{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, more := idsOf(t, sim.Call(t, http.MethodGet, "/v1/customers?"+test.query, ""))
			require.Equal(t, test.want, got)
			require.Equal(t, test.more, more)
		})
	}
}

func TestListsRefuseWrongParameters(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	id := fill(t, sim, 1)[0]
	for query, param := range map[string]string{
		"limit=0": "limit", "limit=101": "limit", "limit=x": "limit", "starting_after=cus_x": "starting_after",
		"updated[gt]=1": "updated", "created[after]=1": "created[after]", "created[gt]=x": "created[gt]",
		"ending_before=" + id + "&starting_after=" + id: "ending_before", "expand[]=subscriptions": "expand",
	} {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			a := sim.Call(t, http.MethodGet, "/v1/customers?"+query, "")
			require.Equal(t, http.StatusBadRequest, a.Status, "%s", a.Body)
			require.Equal(t, param, a.Error(t)["param"])
		})
	}
}

func TestStripesIteratorSeesEveryCustomerOnce(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	want := fill(t, sim, 25)

	params := &stripe.CustomerListParams{}
	params.Limit = new(int64(7))
	list := sim.Stripe.Customers.List(params)
	var got []string
	for list.Next() {
		got = append(got, list.Customer().ID)
		_, err := sim.Stripe.Customers.Del(list.Customer().ID, nil) // paging goes on from deleted ones, too
		require.NoError(t, err)
	}

	require.NoError(t, list.Err())
	require.ElementsMatch(t, want, got)
}

func TestSearchFindsWhatMatches(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	for i, email := range []string{"ada@example.com", "bob@example.com", "eve@example.org"} {
		_, err := sim.Stripe.Customers.New(&stripe.CustomerParams{
			Name: new([]string{"Ada", "Bob", `O'Neil`}[i]), Email: new(email), Metadata: map[string]string{"team": []string{"x", "x", "y"}[i]},
		})
		require.NoError(t, err)
	}
	for query, want := range map[string]int{
		`email:'ada@example.com'`:                      1,
		`email:'ADA@example.com'`:                      1,
		`email:"ada@example.com"`:                      1,
		`email~'example.com'`:                          2,
		`metadata['team']:'x'`:                         2,
		`metadata['team']:'x' AND name:'Bob'`:          1,
		`metadata['team']:'x' name:'Bob'`:              1,
		`name:'Bob' OR name:'Ada'`:                     2,
		`-name:'Bob'`:                                  2,
		`name:'O\'Neil'`:                               1,
		`metadata['none']:null`:                        3,
		`created>1 AND created<99999999999`:            3,
		`phone:'1'`:                                    0,
		`metadata["team"]:"x" AND email:'nobody@x.de'`: 0,
	} {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			params := &stripe.CustomerSearchParams{SearchParams: stripe.SearchParams{Query: query, Limit: new(int64(1))}}
			found := sim.Stripe.Customers.Search(params)
			n := 0
			for found.Next() {
				n++
			}
			require.NoError(t, found.Err())
			require.Equal(t, want, n)
		})
	}
	for _, query := range []string{"", "nope:'x'", "email:x", "email:'x", "name>'x'", "name:'a' AND name:'b' OR name:'c'", "metadata:'x'", "created~'1'", "created:'x'"} {
		t.Run("refused "+query, func(t *testing.T) {
			t.Parallel()
			found := sim.Stripe.Customers.Search(&stripe.CustomerSearchParams{SearchParams: stripe.SearchParams{Query: query}})
			require.False(t, found.Next())
			require.Equal(t, "query", stripeError(t, found.Err()).Param)
		})
	}
}

func TestSearchLagsBehind(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	search := func(query string) int {
		ids, _ := idsOf(t, sim.Call(t, http.MethodGet, "/v1/customers/search?query="+query, ""))
		return len(ids)
	}
	c, err := sim.Stripe.Customers.New(&stripe.CustomerParams{Name: new("Old")})
	require.NoError(t, err)
	sim.Turn(t, map[string]any{"search_lag_ms": 3_600_000})
	require.Zero(t, search("name:'Old'"), "a new customer is not seen yet")
	sim.Turn(t, map[string]any{"clock_offset_s": 3601})
	require.Equal(t, 1, search("name:'Old'"), "after the lag it is")

	_, err = sim.Stripe.Customers.Update(c.ID, &stripe.CustomerParams{Name: new("New")})
	require.NoError(t, err)
	require.Equal(t, 1, search("name:'Old'"), "the former name is still found")
	require.Zero(t, search("name:'New'"))
	_, err = sim.Stripe.Customers.Del(c.ID, nil)
	require.NoError(t, err)
	require.Equal(t, 1, search("name:'Old'"), "so is a deleted customer")

	sim.Turn(t, map[string]any{"clock_offset_s": 7300})
	require.Zero(t, search("name:'Old'"))
	require.Zero(t, search("name:'New'"))
}

func TestSubscriptionsAndInvoicesAreListedByCustomerAndStatus(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	ids := fill(t, sim, 2)
	require.Equal(t, http.StatusCreated, sim.Control(t, http.MethodPost, "/_sim/customers/"+ids[0]+"/subscriptions", nil).Status)
	require.Equal(t, http.StatusCreated, sim.Control(t, http.MethodPost, "/_sim/customers/"+ids[0]+"/invoices", map[string]any{"amount": 4200}).Status)
	count := func(path string) int {
		found, _ := idsOf(t, sim.Call(t, http.MethodGet, path, ""))
		return len(found)
	}

	require.Equal(t, 1, count("/v1/subscriptions?customer="+ids[0]+"&status=active"))
	require.Equal(t, 1, count("/v1/subscriptions?customer="+ids[0]))
	require.Equal(t, 0, count("/v1/subscriptions?customer="+ids[1]+"&status=all"))
	require.Equal(t, 1, count("/v1/invoices?customer="+ids[0]+"&status=open"))
	require.Equal(t, 0, count("/v1/invoices?customer="+ids[0]+"&status=paid"))
	require.Equal(t, "customer", sim.Call(t, http.MethodGet, "/v1/invoices?customer=cus_x", "").Error(t)["param"])
	invoices := sim.Stripe.Invoices.List(&stripe.InvoiceListParams{Customer: &ids[0]})
	require.True(t, invoices.Next())
	require.EqualValues(t, 4200, invoices.Invoice().AmountDue)

	_, err := sim.Stripe.Customers.Del(ids[0], nil)
	require.NoError(t, err)
	require.Equal(t, 0, count("/v1/subscriptions?customer="+ids[0]), "deleting cancels")
	require.Equal(t, 1, count("/v1/subscriptions?customer="+ids[0]+"&status=canceled"))
}
