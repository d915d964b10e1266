// Package stripemock runs Stripe's own mock for tests: it checks every parameter against Stripe's description of its API
// and answers with an example. It keeps no state.
package stripemock

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/service/servicetest"
)

// Start builds and runs the mock until the test ends, and returns its address.
func Start(t *testing.T) (url string) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "stripe-mock")
	output, err := exec.CommandContext(t.Context(), "go", "build", "-race=false", "-o", binary, "github.com/stripe/stripe-mock").CombinedOutput()
	require.NoError(t, err, string(output))
	addr := "127.0.0.1:" + strconv.Itoa(servicetest.FreePort(t))
	mock := exec.CommandContext(t.Context(), binary, "-http-addr", addr)
	require.NoError(t, mock.Start())
	t.Cleanup(func() { _ = mock.Wait() }) // the test's context, which ends before, has killed it
	url = "http://" + addr
	require.Eventually(t, func() bool { return answers(t, url) }, 30*time.Second, 20*time.Millisecond)
	return url
}

func answers(t *testing.T, url string) bool {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	return err == nil && response.Body.Close() == nil
}
