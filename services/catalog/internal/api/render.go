package api

import (
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

// render returns a customer as answers have it.
func (s *Server) render(c customers.Customer) Customer {
	content := record.CustomerOf(c.Fields)
	body := Customer{
		ID: c.ID.String(), Object: "customer",
		Name: optional(content.Name), Email: optional(content.Email), Phone: optional(content.Phone),
		Description: optional(content.Description), Address: address(content.Address), Shipping: shipping(content.Shipping),
		Metadata: content.Metadata, PreferredLocales: content.PreferredLocales, TaxExempt: content.TaxExempt,
		Version: c.Version, Generation: c.Generation,
		Deleted: c.Deleted(), CreatedAt: c.CreatedAt.UTC(), UpdatedAt: c.UpdatedAt.UTC(), UpdatedBy: c.UpdatedBy(), DeletedAt: c.DeletedAt, ErasedAt: c.ErasedAt,
		Sync: s.syncOf(c),
	}
	if body.Metadata == nil {
		body.Metadata = map[string]string{}
	}
	if body.PreferredLocales == nil {
		body.PreferredLocales = []string{}
	}
	if body.TaxExempt == "" {
		body.TaxExempt = "none"
	}
	return body
}

// renderTombstone returns what a delete or an erasure answers.
func (s *Server) renderTombstone(c customers.Customer) Tombstone {
	return Tombstone{
		ID: c.ID.String(), Object: "customer", Deleted: c.Deleted(), DeletedAt: c.DeletedAt, ErasedAt: c.ErasedAt,
		Version: c.Version, Generation: c.Generation, Sync: s.syncOf(c),
	}
}

// syncOf returns how the customer stands at every remote that is configured, and at those that reported unasked.
func (s *Server) syncOf(c customers.Customer) map[string]SyncStatus {
	statuses := make(map[string]SyncStatus, len(s.remotes))
	for _, remote := range s.remotes {
		statuses[remote] = syncStatus(c.SyncAt(remote))
	}
	for _, row := range c.Sync {
		statuses[row.Remote] = syncStatus(c.SyncAt(row.Remote))
	}
	return statuses
}

func syncStatus(status customers.SyncStatus) SyncStatus {
	return SyncStatus{
		State: status.State, CustomerID: optional(status.RemoteID), Version: status.Version,
		LastSyncedAt: status.SyncedAt, LastError: syncError(status.Error),
	}
}

func syncError(e *event.SyncError) *SyncError {
	if e == nil {
		return nil
	}
	return &SyncError{Class: e.Class, Field: optional(e.Field), Reason: e.Reason, Attempt: e.Attempt}
}

func renderConflict(c customers.Conflict) Conflict {
	return Conflict{
		ID: c.ID.String(), Object: "conflict", CustomerID: c.CustomerID.String(), Remote: c.Remote, Field: c.Field,
		CatalogValue: optional(c.CatalogValue), RemoteValue: optional(c.RemoteValue),
		CatalogVersion: c.CatalogVersion, CatalogBy: c.CatalogBy, CatalogAt: c.CatalogAt.UTC(), RemoteAt: c.RemoteAt.UTC(),
		Policy: string(c.Policy), Winner: optional(c.Winner), CreatedAt: c.CreatedAt.UTC(),
	}
}

func address(a record.Address) *Address {
	if a == (record.Address{}) {
		return nil
	}
	return &Address{
		Line1: optional(a.Line1), Line2: optional(a.Line2), City: optional(a.City),
		State: optional(a.State), PostalCode: optional(a.PostalCode), Country: optional(a.Country),
	}
}

func shipping(s record.Shipping) *Shipping {
	if s == (record.Shipping{}) {
		return nil
	}
	return &Shipping{Name: optional(s.Name), Phone: optional(s.Phone), Address: address(s.Address)}
}

// optional is null for what is not set.
func optional(value string) *string {
	if value == "" {
		return nil
	}
	return &value
}
