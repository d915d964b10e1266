package e2e_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// createMany makes customers through REST from several clients at once, without waiting for Stripe.
func (s *stack) createMany(count int) {
	s.t.Helper()
	const clients = 8
	var group sync.WaitGroup
	for client := range clients {
		group.Go(func() {
			for i := client; i < count; i += clients {
				a := s.rest(http.MethodPost, "/v1/customers", object{"name": fmt.Sprint("Customer ", i)})
				assert.Equal(s.t, http.StatusCreated, a.status, a.body)
			}
		})
	}
	group.Wait()
}

// mirrored waits until Stripe has so many customers and returns how long that took.
func (s *stack) mirrored(count int) time.Duration {
	s.t.Helper()
	began := time.Now()
	require.Eventually(s.t, func() bool { return s.created() >= count }, 3*time.Minute, 20*time.Millisecond)
	return time.Since(began)
}

func TestMoreWorkersMirrorABacklogFasterAndDoubleNothing(t *testing.T) {
	t.Parallel()
	const customers, latency = 300, 50 * time.Millisecond
	took := map[string]time.Duration{}
	for _, workers := range []string{"3", "32"} {
		s := start(t, map[string]string{"WORKERS": workers})
		s.connector.Stop(t) // a backlog builds up
		s.createMany(customers)
		s.knobs(object{"latency_ms": latency.Milliseconds()})
		s.startConnector()
		took[workers] = s.mirrored(customers)
		require.Equal(t, customers, s.created())
		require.Zero(t, s.stats().number("duplicates"))
	}
	t.Logf("%d customers at %s: %s with 3 workers, %s with 32", customers, latency, took["3"], took["32"])
	require.Less(t, took["32"], took["3"], "32 workers wait for Stripe side by side")
}

func TestReplicasShareTheWork(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	second := s.replica()
	s.knobs(object{"latency_ms": 20})
	const customers = 150
	s.createMany(customers)
	s.mirrored(customers)
	require.Equal(t, customers, s.created())
	for _, replica := range []string{s.connector.URL, second.URL} {
		require.Greater(t, metric(t, replica, `datasync_reconciled_total{remote="stripe",state="synced"}`), 10.0,
			"both replicas worked")
	}
}
