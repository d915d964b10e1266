package customers_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/connector/connectortest"
	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/customers"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/stripemock"
)

// raw reads an object as JSON.
func raw(t *testing.T, url, path string) (map[string]any, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+path, http.NoBody)
	require.NoError(t, err)
	request.SetBasicAuth(apiKey, "")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	var object map[string]any
	return object, json.NewDecoder(response.Body).Decode(&object)
}

// TestAgainstStripesOwnMock keeps parameters and shapes from drifting away from the real API's.
func TestAgainstStripesOwnMock(t *testing.T) {
	t.Parallel()
	url := stripemock.Start(t)
	t.Run("it accepts every call", func(t *testing.T) {
		t.Parallel()
		acceptsEveryCall(t, newRemote(url))
	})
	t.Run("it refuses what Stripe does not know", func(t *testing.T) {
		t.Parallel()
		_, err := newRemote(url).Update(t.Context(), call(), "cus_1", record.Patch{"tax_exempt": "sometimes"})
		require.Equal(t, connector.Permanent, failed(t, err).Class)
	})
	t.Run("the simulator's customer has the shape of Stripe's", func(t *testing.T) {
		t.Parallel()
		sameShape(t, url, startSimulator(t).url)
	})
}

func acceptsEveryCall(t *testing.T, remote *customers.Remote) {
	t.Helper()
	everything := connectortest.Everything()
	clearable := everything.Clone()
	// The description has no word for an empty list here; Stripe's own library sends it as an empty value.
	delete(clearable, "preferred_locales")
	nothing := record.Diff(clearable, record.Fields{})
	calls := map[string]func() (connector.Object, error){
		"create with everything": func() (connector.Object, error) { return remote.Create(t.Context(), call(), everything) },
		"create with nothing":    func() (connector.Object, error) { return remote.Create(t.Context(), call(), record.Fields{}) },
		"create with a bare shipping name": func() (connector.Object, error) {
			return remote.Create(t.Context(), call(), record.Fields{"shipping.name": "Ada"})
		},
		"update of everything": func() (connector.Object, error) {
			return remote.Update(t.Context(), call(), "cus_1", record.Patch(everything))
		},
		"clearing everything": func() (connector.Object, error) {
			return remote.Update(t.Context(), call(), "cus_1", remote.Complete(nothing, record.Fields{}))
		},
		"get": func() (connector.Object, error) { return remote.Get(t.Context(), "cus_1") },
	}
	for field, value := range everything {
		calls["update of "+field] = func() (connector.Object, error) {
			return remote.Update(t.Context(), call(), "cus_1", remote.Complete(record.Patch{field: value}, everything))
		}
	}
	for field := range clearable {
		calls["clearing "+field] = func() (connector.Object, error) {
			patch := record.Patch{field: ""}
			return remote.Update(t.Context(), call(), "cus_1", remote.Complete(patch, everything.Apply(patch)))
		}
	}
	for name, made := range calls {
		object, err := made()
		require.NoError(t, err, name)
		require.NotEmpty(t, object.ID, name)
	}
	require.NoError(t, remote.Delete(t.Context(), call(), "cus_1"))
	page, err := remote.List(t.Context(), "")
	require.NoError(t, err)
	require.NotEmpty(t, page.Objects)
	_, err = remote.List(t.Context(), page.Objects[0].ID)
	require.NoError(t, err)
	for _, fields := range []record.Fields{everything, {}} {
		_, err = remote.Find(t.Context(), call(), fields)
		require.ErrorIs(t, err, connector.ErrGone)
	}
	require.Equal(t, connector.Permanent, failed(t, remote.Deletable(t.Context(), "cus_1")).Class, "the examples have subscriptions")
}

// sameShape compares one customer each, property by property.
func sameShape(t *testing.T, mock, simulator string) {
	t.Helper()
	example, err := raw(t, mock, "/v1/customers/cus_1")
	require.NoError(t, err)
	made, err := newRemote(simulator).Create(t.Context(), call(), connectortest.Everything())
	require.NoError(t, err)
	ours, err := raw(t, simulator, "/v1/customers/"+made.ID)
	require.NoError(t, err)
	for property, value := range example {
		require.Contains(t, ours, property)
		if value != nil && ours[property] != nil {
			require.IsType(t, value, ours[property], property)
		}
	}
}
