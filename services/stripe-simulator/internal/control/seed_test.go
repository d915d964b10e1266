package control_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/simtest"
)

func TestSeededCustomersHaveBeenThereForLong(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	seed := map[string]any{"count": 2500, "owner": "stripe"}
	require.Equal(t, http.StatusCreated, sim.Control(t, http.MethodPost, "/_sim/customers/seed", seed).Status)
	require.Equal(t, http.StatusCreated, sim.Control(t, http.MethodPost, "/_sim/customers/seed", seed).Status, "twice does no harm")

	list, ok := sim.Control(t, http.MethodGet, "/_sim/customers", nil).JSON(t)["data"].([]any)
	require.True(t, ok)
	require.Len(t, list, 2500)
	first := sim.Control(t, http.MethodGet, "/_sim/customers/cus_seed000000000001", nil).JSON(t)
	require.Equal(t, "Customer 1", first["name"])
	require.Equal(t, "customer-1@example.com", first["email"])
	require.Equal(t, map[string]any{"datasync_id": "stripe:00000000-0000-4000-8000-000000000001"}, first["metadata"])
}

func TestSeedsThatAreRefused(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	for field, body := range map[string]map[string]any{
		"count": {"count": 0}, "first": {"count": 1, "first": -1},
	} {
		a := sim.Control(t, http.MethodPost, "/_sim/customers/seed", body)
		require.Equal(t, http.StatusBadRequest, a.Status)
		require.Equal(t, field, a.Error(t)["param"])
	}
}
