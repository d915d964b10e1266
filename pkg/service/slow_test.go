package service_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/service"
	"github.com/datasync-dev/datasync/pkg/service/servicetest"
)

// impatient serves the handler with short timeouts and returns a connection to it.
func impatient(t *testing.T, h http.HandlerFunc) net.Conn {
	t.Helper()
	addr := "127.0.0.1:" + strconv.Itoa(servicetest.FreePort(t))
	soon := 300 * time.Millisecond
	loop := service.Timeouts{Header: soon, Body: soon, Write: soon}.HTTP("http", addr, h)
	ended := make(chan error, 1)
	ctx := t.Context()
	go func() { ended <- loop.Run(ctx) }()
	t.Cleanup(func() { require.NoError(t, <-ended) })
	var connection net.Conn
	require.Eventually(t, func() (ok bool) {
		var err error
		connection, err = net.Dial("tcp", addr)
		return err == nil
	}, 10*time.Second, 5*time.Millisecond)
	t.Cleanup(func() { _ = connection.Close() })
	return connection
}

func send(t *testing.T, connection net.Conn, text string) {
	t.Helper()
	_, err := io.WriteString(connection, text)
	require.NoError(t, err)
}

func TestAHeaderThatComesDropByDropIsCutOff(t *testing.T) {
	t.Parallel()
	connection := impatient(t, func(http.ResponseWriter, *http.Request) {})
	send(t, connection, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
	require.NoError(t, connection.SetReadDeadline(time.Now().Add(10*time.Second)))
	_, err := io.ReadAll(connection)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the server hung up")
}

func TestABodyThatComesDropByDropIsCutOff(t *testing.T) {
	t.Parallel()
	got := make(chan error, 1)
	connection := impatient(t, func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		got <- err
	})
	send(t, connection, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 90 {
		select {
		case err := <-got:
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			return
		case <-tick.C:
			_, _ = io.WriteString(connection, "a")
		}
	}
	require.Fail(t, "the body was waited for")
}

func TestABodyThatNobodyReadsHoldsNoConnection(t *testing.T) {
	t.Parallel()
	connection := impatient(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	send(t, connection, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
	require.NoError(t, connection.SetReadDeadline(time.Now().Add(10*time.Second)))
	_, err := io.ReadAll(connection)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the server hung up")
}

func TestAnAnswerThatIsNotTakenIsCutOff(t *testing.T) {
	t.Parallel()
	got := make(chan error, 1)
	connection := impatient(t, func(w http.ResponseWriter, _ *http.Request) {
		var err error
		for part := bytes.Repeat([]byte("a"), 1<<20); err == nil; {
			_, err = w.Write(part)
		}
		got <- err
	})
	send(t, connection, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	select {
	case err := <-got:
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	case <-time.After(10 * time.Second):
		require.Fail(t, "the answer was held")
	}
}

func TestAHandlerMayTakeLongerThanAnyTimeout(t *testing.T) {
	t.Parallel()
	const body = "a body that was taken at once"
	connection := impatient(t, func(w http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		select {
		case <-r.Context().Done():
			err = errors.Join(err, r.Context().Err())
		case <-time.After(time.Second):
		}
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	for range 2 { // the connection is good for another request
		send(t, connection, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"+body)
		answer := make([]byte, 200)
		n, err := connection.Read(answer)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(string(answer[:n]), "HTTP/1.1 200 OK"), "%s", answer[:n])
	}
}
