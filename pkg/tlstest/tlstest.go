// Package tlstest puts TLS in front of a server that speaks none, for tests of how clients make sure whom they talk to.
package tlstest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Authority signs the certificate of a server at localhost.
type Authority struct {
	File   string // its own certificate, for clients
	server tls.Certificate
}

// New makes an authority that nobody knows yet.
func New(t testing.TB) Authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "authority.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return Authority{File: file, server: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}}
}

// Front takes TLS at the port that it returns, under the name localhost, and passes on what it gets to the backend until
// the test ends. ask is called before each handshake, for protocols in which the client asks for TLS first; it may be nil.
func (a Authority) Front(t testing.TB, backend string, ask func(net.Conn) error) (port string) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "localhost:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // closed
			}
			go a.pass(t.Context(), client, backend, ask)
		}
	}()
	_, port, err = net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	return port
}

// pass joins a client and the backend. A client that does not trust us ends the handshake, which is its own affair.
func (a Authority) pass(ctx context.Context, client net.Conn, backend string, ask func(net.Conn) error) {
	defer func() { _ = client.Close() }()
	if ask != nil && ask(client) != nil {
		return
	}
	secure := tls.Server(client, &tls.Config{Certificates: []tls.Certificate{a.server}, MinVersion: tls.VersionTLS12})
	if secure.HandshakeContext(ctx) != nil {
		return
	}
	server, err := new(net.Dialer).DialContext(ctx, "tcp", backend)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{server, secure}, {secure, server}} {
		go func() {
			_, _ = io.Copy(way[0], way[1]) // either end may go away at any time
			done <- struct{}{}
		}()
	}
	<-done
}
