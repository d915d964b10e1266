package api

import (
	"time"

	"github.com/datasync-dev/datasync/pkg/event"
)

// Customer is a customer in answers. What is not set is null, so that every field is always there.
type Customer struct {
	ID               string                `json:"id" format:"uuid" example:"0199c2a4-7d1c-7a3e-9f6e-2a5f0c9d8b71"`
	Object           string                `json:"object" enum:"customer"`
	Name             *string               `json:"name" example:"Jane Doe"`
	Email            *string               `json:"email" example:"jane@example.com"`
	Phone            *string               `json:"phone" example:"+49 30 123456"`
	Description      *string               `json:"description" example:"Met at the fair"`
	Address          *Address              `json:"address"`
	Shipping         *Shipping             `json:"shipping"`
	Metadata         map[string]string     `json:"metadata" doc:"Up to 48 entries of your own"`
	PreferredLocales []string              `json:"preferred_locales" nullable:"false" doc:"Languages, the preferred one first"`
	TaxExempt        string                `json:"tax_exempt" doc:"none, exempt or reverse" example:"none"`
	Version          int64                 `json:"version" doc:"Grows by one with every change, from either side; also the ETag" example:"3"`
	Generation       int64                 `json:"generation" doc:"Grows by one with every restore" example:"1"`
	Deleted          bool                  `json:"deleted" doc:"True for a tombstone, which only include_deleted shows"`
	CreatedAt        time.Time             `json:"created_at"`
	UpdatedAt        time.Time             `json:"updated_at"`
	UpdatedBy        string                `json:"updated_by" doc:"The side that last set a field: catalog, or the name of a remote" example:"catalog"`
	DeletedAt        *time.Time            `json:"deleted_at"`
	ErasedAt         *time.Time            `json:"erased_at" doc:"Not null: a tombstone without personal data, which cannot be restored"`
	Sync             map[string]SyncStatus `json:"sync" doc:"How the customer stands at each remote, by its name"`
}

// Tombstone is what is left of a deleted customer. It can be restored, unless it was erased.
type Tombstone struct {
	ID         string                `json:"id" format:"uuid"`
	Object     string                `json:"object" enum:"customer"`
	Deleted    bool                  `json:"deleted" doc:"Always true"`
	DeletedAt  *time.Time            `json:"deleted_at"`
	ErasedAt   *time.Time            `json:"erased_at" doc:"Not null: its personal data is gone, and it cannot be restored"`
	Version    int64                 `json:"version"`
	Generation int64                 `json:"generation"`
	Sync       map[string]SyncStatus `json:"sync"`
}

// Address is a postal address.
type Address struct {
	_          struct{} `json:"-" nullable:"true"`
	Line1      *string  `json:"line1" example:"Hauptstr. 1"`
	Line2      *string  `json:"line2"`
	City       *string  `json:"city" example:"Berlin"`
	State      *string  `json:"state"`
	PostalCode *string  `json:"postal_code" example:"10115"`
	Country    *string  `json:"country" doc:"ISO 3166-1 alpha-2" example:"DE"`
}

// Shipping is where and to whom goods go.
type Shipping struct {
	_       struct{} `json:"-" nullable:"true"`
	Name    *string  `json:"name" example:"Jane Doe"`
	Phone   *string  `json:"phone"`
	Address *Address `json:"address"`
}

// SyncStatus is how a customer stands at one remote.
type SyncStatus struct {
	State        event.SyncState `json:"state" enum:"pending,synced,conflict,retrying,failed,discarded,deleted,detached" doc:"pending: the remote has yet to get the present version; synced: it has it; conflict: so it does, but for a field in which both keep their own until an operator decides; retrying: a call failed and is made again by itself; failed: the remote refuses the customer, see last_error; discarded: so it does, and an operator accepts that for now; deleted: gone at the remote; detached: deleted here, kept there"`
	CustomerID   *string         `json:"customer_id" doc:"The customer's id at the remote" example:"cus_NffrFeUfNV2Hib"`
	Version      int64           `json:"version" doc:"The version that the remote holds; 0 for none"`
	LastSyncedAt *time.Time      `json:"last_synced_at"`
	LastError    *SyncError      `json:"last_error"`
}

// SyncError is why a customer is retrying, failed or discarded.
type SyncError struct {
	_       struct{} `json:"-" nullable:"true"`
	Class   string   `json:"class" doc:"transient, throttled, permanent or operator" example:"permanent"`
	Field   *string  `json:"field" doc:"The field that the remote refused, if it said" example:"email"`
	Reason  string   `json:"reason" doc:"What happened and what to do" example:"Stripe refuses the email address; correct it."`
	Attempt int      `json:"attempt" doc:"How many times it was tried"`
}

// List is a page of customers, newest first.
type List struct {
	Object     string     `json:"object" enum:"list"`
	Data       []Customer `json:"data" nullable:"false"`
	HasMore    bool       `json:"has_more"`
	NextCursor *string    `json:"next_cursor" doc:"Send it as cursor to get the next page; null on the last one"`
}

// Conflict is a field that was changed on both sides without knowing of each other.
type Conflict struct {
	ID             string    `json:"id" format:"uuid"`
	Object         string    `json:"object" enum:"conflict"`
	CustomerID     string    `json:"customer_id" format:"uuid"`
	Remote         string    `json:"remote" example:"stripe"`
	Field          string    `json:"field" example:"address.city"`
	CatalogValue   *string   `json:"catalog_value" doc:"Null: it had been cleared"`
	RemoteValue    *string   `json:"remote_value" doc:"Null: it had been cleared"`
	CatalogVersion int64     `json:"catalog_version" doc:"The version in which the catalog's value was set"`
	CatalogBy      string    `json:"catalog_by" doc:"Who set it: catalog, or the name of another remote" example:"catalog"`
	CatalogAt      time.Time `json:"catalog_at"`
	RemoteAt       time.Time `json:"remote_at"`
	Policy         string    `json:"policy" doc:"How it was settled: catalog, remote, newest or manual" example:"newest"`
	Winner         *string   `json:"winner" doc:"Whose value was kept: catalog, or the remote's name. Null: both keep their own until a person decides" example:"stripe"`
	CreatedAt      time.Time `json:"created_at"`
}

// ConflictList is a page of conflicts, newest first.
type ConflictList struct {
	Object     string     `json:"object" enum:"list"`
	Data       []Conflict `json:"data" nullable:"false"`
	HasMore    bool       `json:"has_more"`
	NextCursor *string    `json:"next_cursor"`
}
