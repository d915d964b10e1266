package simulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/simtest"
)

// BenchmarkWrites creates and then updates customers over HTTP, with a webhook endpoint that takes every event.
func BenchmarkWrites(b *testing.B) {
	sink := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for name, hooked := range map[string]bool{"without webhooks": false, "with webhooks": true} {
		b.Run(name, func(b *testing.B) {
			sim := simtest.Start(b, simtest.Hooked(b, hooked, sink))
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
			var n atomic.Int64
			b.ResetTimer()
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					body := fmt.Sprintf("name=Ada&email=ada%d@example.com&metadata[datasync_id]=stripe:%d&address[city]=London", n.Add(1), n.Load())
					req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, sim.URL+"/v1/customers", strings.NewReader(body))
					require.NoError(b, err)
					req.Header.Set("Authorization", "Bearer "+simtest.Key)
					req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
					req.Header.Set("Idempotency-Key", fmt.Sprintf("k%d", n.Add(1)))
					resp, err := client.Do(req)
					require.NoError(b, err)
					require.Equal(b, http.StatusOK, resp.StatusCode)
					require.NoError(b, resp.Body.Close())
				}
			})
		})
	}
}
