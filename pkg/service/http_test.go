package service_test

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/service"
	"github.com/datasync-dev/datasync/pkg/service/servicetest"
)

// serve runs the handler until stop is called, which returns how it ended.
func serve(t *testing.T, h http.Handler) (url string, stop func() error) {
	t.Helper()
	addr := "127.0.0.1:" + strconv.Itoa(servicetest.FreePort(t))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- service.HTTP("http", addr, h).Run(ctx) }()
	t.Cleanup(cancel)
	return "http://" + addr, func() error {
		cancel()
		return <-ended
	}
}

func get(t *testing.T, url string) (int, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

func TestAServerFinishesRequestsInFlight(t *testing.T) {
	t.Parallel()
	arrived, proceed := make(chan struct{}), make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-proceed
		require.NoError(t, r.Context().Err(), "a request in flight is not cut off")
		w.WriteHeader(http.StatusTeapot)
	})
	url, stop := serve(t, mux)
	require.Eventually(t, func() bool { status, err := get(t, url); return err == nil && status == http.StatusOK }, 10*time.Second, 5*time.Millisecond)
	answered := make(chan int, 1)
	go func() {
		status, _ := get(t, url+"/slow")
		answered <- status
	}()
	<-arrived
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	require.Eventually(t, func() bool { _, err := get(t, url); return err != nil }, 10*time.Second, 5*time.Millisecond, "takes no new requests")
	close(proceed)
	require.Equal(t, http.StatusTeapot, <-answered)
	require.NoError(t, <-stopped)
}

// Clients make connections before they need them, and some are never used.
func TestAServerStopsInTimeWhenNoRequestEverCameOnAConnection(t *testing.T) {
	t.Parallel()
	url, stop := serve(t, http.NotFoundHandler())
	require.Eventually(t, func() bool { _, err := get(t, url); return err == nil }, 10*time.Second, 5*time.Millisecond)
	idle, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	defer func() { _ = idle.Close() }()
	_, err = get(t, url) // by now the server has it
	require.NoError(t, err)
	require.NoError(t, stop())
}

func TestAServerSaysWhichAddressItCannotHave(t *testing.T) {
	t.Parallel()
	url, stop := serve(t, http.NotFoundHandler())
	require.Eventually(t, func() bool { _, err := get(t, url); return err == nil }, 10*time.Second, 5*time.Millisecond)
	err := service.HTTP("http", url[len("http://"):], http.NotFoundHandler()).Run(t.Context())
	require.ErrorContains(t, err, "ADDR: ")
	require.ErrorContains(t, err, "address already in use")
	require.NoError(t, stop())
}
