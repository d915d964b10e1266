package postgres_test

import (
	"io"
	"net"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/postgres"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
	"github.com/datasync-dev/datasync/pkg/tlstest"
)

// askForTLS is the server's part before the handshake: a client asks in eight bytes, and S is a yes.
func askForTLS(client net.Conn) error {
	if _, err := io.ReadFull(client, make([]byte, 8)); err != nil {
		return err
	}
	_, err := client.Write([]byte("S"))
	return err
}

func TestTheURLAsksForAnEncryptedConnectionToAServerThatProvesItself(t *testing.T) {
	t.Parallel()
	server := tlstest.New(t)
	plain, err := url.Parse(postgrestest.URL())
	require.NoError(t, err)
	secure := *plain
	secure.Host = "localhost:" + server.Front(t, plain.Host, askForTLS)
	open := func(authority string) error {
		secure.RawQuery = url.Values{"sslmode": {"verify-full"}, "sslrootcert": {authority}}.Encode()
		db, err := postgres.Open(t.Context(), postgres.Options{URL: secure.String(), MaxConns: 1})
		if err != nil {
			return err
		}
		pool, err := db.DB()
		require.NoError(t, err)
		require.NoError(t, db.Exec(`SELECT 1`).Error)
		return pool.Close()
	}
	require.NoError(t, open(server.File))
	require.ErrorContains(t, open(tlstest.New(t).File), "certificate", "a server that anybody could be is not taken")
}
