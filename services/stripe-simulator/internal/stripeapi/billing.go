package stripeapi

import (
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/account"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/apierror"
)

func (s *Server) listSubscriptions(c *call) (execute, error) {
	filter := c.billingFilter("active", "all", "canceled", "ended", "incomplete", "incomplete_expired", "past_due", "paused", "trialing", "unpaid")
	within := rangeOf(c.params, "subscription", c.side.SubscriptionPosition)
	return func() ([]byte, error) {
		return listOf("/v1/subscriptions", c.side.Subscriptions(filter, within))
	}, c.params.Done()
}

func (s *Server) listInvoices(c *call) (execute, error) {
	filter := c.billingFilter("draft", "open", "paid", "uncollectible", "void")
	within := rangeOf(c.params, "invoice", c.side.InvoicePosition)
	return func() ([]byte, error) {
		return listOf("/v1/invoices", c.side.Invoices(filter, within))
	}, c.params.Done()
}

func (c *call) billingFilter(statuses ...string) account.BillingFilter {
	var filter account.BillingFilter
	if id := c.params.Text("customer", 5000); id != nil && *id != "" {
		filter.Customer = *id
		c.entry.Customer = *id
		if _, err := c.side.Customer(*id); err != nil {
			c.params.Fail(apierror.MissingParam("customer", *id, "customer"))
		}
	}
	if status := c.params.Enum("status", statuses...); status != nil {
		filter.Status = *status
	}
	return filter
}
