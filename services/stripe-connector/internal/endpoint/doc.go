// Package endpoint looks after the connector's webhook endpoint at Stripe: it makes one or adopts the one that is there,
// repairs it on request, and notices when it stops working.
package endpoint
