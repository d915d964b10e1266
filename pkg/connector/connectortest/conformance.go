package connectortest

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/record"
)

// Harness is a Remote under test and what people can do at the system behind it.
type Harness struct {
	Remote connector.Remote
	// Edit changes an object as a person would, without the connector.
	Edit func(ctx context.Context, id string, patch record.Patch) error
	// Remove deletes an object as a person would.
	Remove func(ctx context.Context, id string) error
	// Refused are fields that the system refuses, and RefusedField the path that it complains about. Leave them empty
	// when it takes everything.
	Refused      record.Fields
	RefusedField string
}

// Run checks that a Remote for customers keeps the contract of connector.Remote. open returns a harness over an empty
// system.
func Run(t *testing.T, open func(t *testing.T) Harness) {
	t.Helper()
	for name, check := range map[string]func(*testing.T, Harness){
		"a created object holds every field and the mark":      createHoldsEverything,
		"the same create twice makes one object":               createTwice,
		"an update changes only its fields":                    updateLeavesTheRest,
		"every field can be cleared":                           updateClears,
		"metadata keys may hold dots and values any character": metadataVerbatim,
		"an edit by a person survives an update elsewhere":     editSurvives,
		"a deleted object is gone and stays gone":              deleteIsFinal,
		"an object removed by a person is gone":                removedByPerson,
		"an unknown object is gone":                            unknownIsGone,
		"a created object is found by its mark":                findByMark,
		"a listing shows every object once":                    listAll,
		"a refused record is a permanent error with its field": refusedIsPermanent,
		"a call ends with its context":                         contextEnds,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, open(t))
		})
	}
}

// Everything is a customer with every field set.
func Everything() record.Fields {
	return record.Customer{
		Name: "Ada Lovelace", Email: "ada@example.com", Phone: "+4930123456", Description: "First of her kind",
		Address: record.Address{
			Line1: "Unter den Linden 1", Line2: "2nd floor", City: "Berlin", State: "BE", PostalCode: "10117", Country: "DE",
		},
		Shipping: record.Shipping{
			Name: "Charles Babbage", Phone: "+4420123456",
			Address: record.Address{
				Line1: "1 Dorset Street", Line2: "Rear", City: "London", State: "LND", PostalCode: "W1U 4EE", Country: "GB",
			},
		},
		Metadata:         map[string]string{"plan": "pro", "cost.center": "42"},
		PreferredLocales: []string{"de", "en-GB"},
		TaxExempt:        "reverse",
	}.Fields()
}

// newCall is a call for a new record.
func newCall() connector.Call {
	return connector.Call{
		Key: connector.KeyPrefix("test") + uuid.NewString(), LocalID: uuid.NewString(), Version: 1, CreatedAt: time.Now(),
	}
}

// next is the call that brings the following version.
func next(call connector.Call) connector.Call {
	call.Key, call.Version = connector.KeyPrefix("test")+uuid.NewString(), call.Version+1
	return call
}

func created(t *testing.T, h Harness, fields record.Fields) (connector.Object, connector.Call) {
	t.Helper()
	call := newCall()
	object, err := h.Remote.Create(t.Context(), call, fields)
	require.NoError(t, err)
	require.NotEmpty(t, object.ID)
	return object, call
}

func createHoldsEverything(t *testing.T, h Harness) {
	object, call := created(t, h, Everything())
	read, err := h.Remote.Get(t.Context(), object.ID)
	require.NoError(t, err)
	for _, o := range []connector.Object{object, read} {
		require.Equal(t, Everything(), o.Fields)
		require.Equal(t, call.LocalID, o.LocalID)
		require.Equal(t, call.Version, o.Version)
	}
}

func createTwice(t *testing.T, h Harness) {
	first, call := created(t, h, Everything())
	second, err := h.Remote.Create(t.Context(), call, Everything())
	require.NoError(t, err)
	require.Equal(t, first.ID, second.ID)
}

func updateLeavesTheRest(t *testing.T, h Harness) {
	object, call := created(t, h, Everything())
	for field, value := range map[string]string{
		"name": "Grace Hopper", "address.city": "Potsdam", "shipping.address.city": "Leeds", "metadata.plan": "basic",
		"metadata.new": "yes", "preferred_locales": "fr", "tax_exempt": "exempt",
	} {
		call = next(call)
		patch, want := record.Patch{field: value}, object.Fields.Apply(record.Patch{field: value})
		updated, err := h.Remote.Update(t.Context(), call, object.ID, complete(h, patch, want))
		require.NoError(t, err, field)
		require.Equal(t, want, updated.Fields, field)
		require.Equal(t, call.Version, updated.Version, field)
		require.Equal(t, call.LocalID, updated.LocalID, field)
		object = updated
	}
}

func complete(h Harness, patch record.Patch, want record.Fields) record.Patch {
	if completer, ok := h.Remote.(connector.Completer); ok {
		return completer.Complete(patch, want)
	}
	return patch
}

func updateClears(t *testing.T, h Harness) {
	object, call := created(t, h, Everything())
	patch := record.Diff(object.Fields, record.Fields{})
	updated, err := h.Remote.Update(t.Context(), next(call), object.ID, complete(h, patch, record.Fields{}))
	require.NoError(t, err)
	require.Empty(t, updated.Fields)
	read, err := h.Remote.Get(t.Context(), object.ID)
	require.NoError(t, err)
	require.Empty(t, read.Fields)
	require.Equal(t, call.LocalID, read.LocalID, "the mark is no field")
}

func metadataVerbatim(t *testing.T, h Harness) {
	fields := record.Customer{Name: "Ömer & Søn", Metadata: map[string]string{
		"a.b.c": "=&+% \"quoted\" 東京 🦀", "UPPER case": "1", "dash-under_score": "line\nbreak",
	}}.Fields()
	object, _ := created(t, h, fields)
	require.Equal(t, fields, object.Fields)
}

func editSurvives(t *testing.T, h Harness) {
	object, call := created(t, h, Everything())
	require.NoError(t, h.Edit(t.Context(), object.ID, record.Patch{"phone": "+49111", "address.line2": ""}))
	updated, err := h.Remote.Update(t.Context(), next(call), object.ID, record.Patch{"name": "Grace Hopper"})
	require.NoError(t, err)
	require.Equal(t, Everything().Apply(record.Patch{"phone": "+49111", "address.line2": "", "name": "Grace Hopper"}), updated.Fields)
}

func deleteIsFinal(t *testing.T, h Harness) {
	object, call := created(t, h, Everything())
	call = next(call)
	require.NoError(t, h.Remote.Delete(t.Context(), call, object.ID))
	requireGone(t, h, object.ID, call)
}

func removedByPerson(t *testing.T, h Harness) {
	object, call := created(t, h, Everything())
	require.NoError(t, h.Remove(t.Context(), object.ID))
	requireGone(t, h, object.ID, call)
}

func requireGone(t *testing.T, h Harness, id string, call connector.Call) {
	t.Helper()
	_, err := h.Remote.Get(t.Context(), id)
	require.ErrorIs(t, err, connector.ErrGone)
	_, err = h.Remote.Update(t.Context(), next(call), id, record.Patch{"name": "Late"})
	require.ErrorIs(t, err, connector.ErrGone)
	require.NoError(t, h.Remote.Delete(t.Context(), next(call), id), "already gone is no error")
}

func unknownIsGone(t *testing.T, h Harness) {
	_, err := h.Remote.Get(t.Context(), "unknown_"+uuid.NewString())
	require.ErrorIs(t, err, connector.ErrGone)
}

func findByMark(t *testing.T, h Harness) {
	created(t, h, Everything()) // the same content, another mark
	for name, fields := range map[string]record.Fields{
		"with everything": Everything(), "without an email": {"name": "No Mail"}, "empty": {},
	} {
		object, call := created(t, h, fields)
		found, err := h.Remote.Find(t.Context(), call, fields)
		require.NoError(t, err, name)
		require.Equal(t, object.ID, found.ID, name)
	}
	_, err := h.Remote.Find(t.Context(), newCall(), Everything())
	require.ErrorIs(t, err, connector.ErrGone)
}

func listAll(t *testing.T, h Harness) {
	want := map[string]bool{}
	for range 5 {
		object, _ := created(t, h, record.Fields{"name": "Listed"})
		want[object.ID] = true
	}
	deleted, call := created(t, h, record.Fields{"name": "Deleted"})
	require.NoError(t, h.Remote.Delete(t.Context(), next(call), deleted.ID))
	got, cursor := map[string]bool{}, ""
	for {
		page, err := h.Remote.List(t.Context(), cursor)
		require.NoError(t, err)
		for _, object := range page.Objects {
			require.False(t, got[object.ID], "listed twice")
			got[object.ID] = true
			require.Equal(t, record.Fields{"name": "Listed"}, object.Fields)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	require.Equal(t, want, got)
}

func refusedIsPermanent(t *testing.T, h Harness) {
	if h.RefusedField == "" {
		return
	}
	_, err := h.Remote.Create(t.Context(), newCall(), h.Refused)
	var failure *connector.Error
	require.ErrorAs(t, err, &failure)
	require.Equal(t, connector.Permanent, failure.Class)
	require.Equal(t, h.RefusedField, failure.Field)
	require.NotEmpty(t, failure.Reason)
	require.NotContains(t, failure.Reason, h.Refused[h.RefusedField], "a reason holds no personal data")
}

func contextEnds(t *testing.T, h Harness) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := h.Remote.Create(ctx, newCall(), Everything())
	require.Error(t, err)
	require.NotErrorIs(t, err, connector.ErrGone)
}
