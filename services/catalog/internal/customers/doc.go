// Package customers holds the catalog's customers: what one is, which input makes a valid one, how it is written and
// found. Every write commits together with the event that tells the connectors.
package customers
