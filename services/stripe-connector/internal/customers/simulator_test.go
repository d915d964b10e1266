package customers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/connector/connectortest"
	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/pkg/service/servicetest"
)

// simulator is a running Stripe and what a person can do there.
type simulator struct{ url string }

func startSimulator(t *testing.T) simulator {
	t.Helper()
	return simulator{servicetest.Start(t, "stripe-simulator", map[string]string{"STRIPE_API_KEY": apiKey}).URL}
}

// control makes a call to the simulator's own API.
func (s simulator) control(ctx context.Context, method, path string, body any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, s.url+"/_sim/"+path, bytes.NewReader(encoded))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if answer, _ := io.ReadAll(response.Body); response.StatusCode > 299 {
		return fmt.Errorf("%s %s: %s", method, path, answer)
	}
	return nil
}

func (s simulator) turn(t *testing.T, knobs map[string]any) {
	t.Helper()
	require.NoError(t, s.control(t.Context(), http.MethodPatch, "config", knobs))
}

// edit is a change by a person: a part of a nested object leaves the rest of it alone.
func (s simulator) edit(ctx context.Context, id string, patch record.Patch) error {
	body := map[string]any{}
	for path, value := range patch {
		var v any
		if value != "" {
			v = value
		}
		var parent, name string
		if n, _ := fmt.Sscanf(path, "address.%s", &name); n == 1 {
			parent = "address"
		}
		if parent == "" {
			body[path] = v
			continue
		}
		nested, _ := body[parent].(map[string]any)
		if nested == nil {
			nested = map[string]any{}
			body[parent] = nested
		}
		nested[name] = v
	}
	return s.control(ctx, http.MethodPost, "customers/"+id, body)
}

func TestTheSimulatorsCustomersConform(t *testing.T) {
	t.Parallel()
	connectortest.Run(t, func(t *testing.T) connectortest.Harness {
		t.Helper()
		s := startSimulator(t)
		return connectortest.Harness{
			Remote: newRemote(s.url),
			Edit:   s.edit,
			Remove: func(ctx context.Context, id string) error {
				return s.control(ctx, http.MethodDelete, "customers/"+id, nil)
			},
			Refused: record.Fields{"name": "Ada", "email": "not an address"}, RefusedField: "email",
		}
	})
}

func TestFindReadsEveryPage(t *testing.T) {
	t.Parallel()
	remote := newRemote(startSimulator(t).url)
	want, first := call(), record.Fields{"email": "shared@example.com"}
	made, err := remote.Create(t.Context(), want, first)
	require.NoError(t, err)
	for i := range 120 { // newer ones, with the same email
		other := call()
		other.LocalID, other.Key = fmt.Sprintf("other-%d", i), fmt.Sprintf("other-%d", i)
		_, err := remote.Create(t.Context(), other, first)
		require.NoError(t, err)
	}
	found, err := remote.Find(t.Context(), want, first)
	require.NoError(t, err)
	require.Equal(t, made, found)
	page, err := remote.List(t.Context(), "")
	require.NoError(t, err)
	require.Len(t, page.Objects, 100)
	page, err = remote.List(t.Context(), page.Next)
	require.NoError(t, err)
	require.Len(t, page.Objects, 21)
	require.Empty(t, page.Next)
}

func TestACustomerIsFoundWhoseEmailWasEdited(t *testing.T) {
	t.Parallel()
	for name, age := range map[string]time.Duration{"soon": 0, "long after": 21 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startSimulator(t)
			remote := newRemote(s.url)
			s.turn(t, map[string]any{"clock_offset_s": -int(age.Seconds())})
			fields, made := record.Fields{"email": "ada@example.com"}, call()
			made.CreatedAt = time.Now().Add(-age)
			_, err := remote.Find(t.Context(), made, fields)
			require.ErrorIs(t, err, connector.ErrGone)
			object, err := remote.Create(t.Context(), made, fields)
			require.NoError(t, err)
			require.NoError(t, s.edit(t.Context(), object.ID, record.Patch{"email": "other@example.com"}))
			s.turn(t, map[string]any{"clock_offset_s": 0})
			found, err := remote.Find(t.Context(), made, fields)
			require.NoError(t, err)
			require.Equal(t, object.ID, found.ID)
		})
	}
}

func TestACreateWhoseAnswerWasA500IsFound(t *testing.T) {
	t.Parallel()
	s := startSimulator(t)
	remote := newRemote(s.url)
	s.turn(t, map[string]any{"error_rate_after": 1})
	fields := connectortest.Everything()
	_, err := remote.Create(t.Context(), call(), fields)
	require.True(t, failed(t, err).Burnt)
	s.turn(t, map[string]any{"error_rate_after": 0})
	_, err = remote.Create(t.Context(), call(), fields)
	require.True(t, failed(t, err).Burnt, "Stripe replays it")
	found, err := remote.Find(t.Context(), call(), fields)
	require.NoError(t, err)
	require.Equal(t, fields, found.Fields)
}

func TestTheSameKeyWithOtherContentIsBurnt(t *testing.T) {
	t.Parallel()
	remote := newRemote(startSimulator(t).url)
	_, err := remote.Create(t.Context(), call(), record.Fields{"name": "Ada"})
	require.NoError(t, err)
	_, err = remote.Create(t.Context(), call(), record.Fields{"name": "Grace"})
	failure := failed(t, err)
	require.Equal(t, connector.Transient, failure.Class)
	require.True(t, failure.Burnt)
}

func TestTheGuardSaysWhatHangsOnACustomer(t *testing.T) {
	t.Parallel()
	s := startSimulator(t)
	remote := newRemote(s.url)
	made, err := remote.Create(t.Context(), call(), record.Fields{"name": "Ada"})
	require.NoError(t, err)
	require.NoError(t, remote.Deletable(t.Context(), made.ID))
	for _, what := range []string{"subscriptions", "subscriptions", "invoices"} {
		require.NoError(t, s.control(t.Context(), http.MethodPost, "customers/"+made.ID+"/"+what, nil))
	}
	failure := failed(t, remote.Deletable(t.Context(), made.ID))
	require.Equal(t, connector.Permanent, failure.Class)
	require.Contains(t, failure.Reason, "2 active subscriptions and 1 open invoice")
	require.Contains(t, failure.Reason, "DELETE_POLICY")
	require.ErrorIs(t, remote.Deletable(t.Context(), "cus_unknown"), connector.ErrGone)
}
