// Package openidtest is a small OpenID Connect provider for tests. It logs everybody in at once, checks what a provider
// has to check about the client, and can be made to say what it must not.
package openidtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/coreos/go-oidc/v3/oidc/oidctest"
	"github.com/stretchr/testify/require"
)

// What a client is registered with.
const (
	ClientID = "console"
	Secret   = "the console's secret"
)

const keyID = "first"

// Provider is the provider. Change it under Lock.
type Provider struct {
	sync.Mutex
	Issuer string
	Public bool           // the client has no secret
	Claims map[string]any // what the ID token says about who logs in
	Info   map[string]any // what the user-info endpoint says; nil: there is none
	Scopes []string       // that it knows besides openid, profile and email
	Asked  []string       // scopes of the last log-in
	Deny   string         // error that it sends people back with instead of logging them in
	Broken int            // status that the token endpoint answers with
	Forge  func(claims map[string]any)
	Key    *ecdsa.PrivateKey // signs; New's is the one that it publishes

	keys  http.Handler
	codes map[string]grant
	token string
}

// grant is what a code is worth.
type grant struct{ redirect, nonce, challenge string }

// New returns a provider that calls itself issuer. It is an http.Handler.
func New(t testing.TB, issuer string) *Provider {
	t.Helper()
	p := &Provider{Issuer: issuer, Claims: map[string]any{"sub": "u1"}, codes: map[string]grant{}, token: rand.Text(), Key: NewKey(t)}
	p.keys = &oidctest.Server{PublicKeys: []oidctest.PublicKey{{PublicKey: p.Key.Public(), KeyID: keyID, Algorithm: oidc.ES256}}}
	return p
}

// NewKey returns a key that no provider has published.
func NewKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

// Start serves a provider at addr until the test ends.
func Start(t testing.TB, addr string) *Provider {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", addr)
	require.NoError(t, err)
	p := New(t, "http://"+listener.Addr().String())
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: p}}
	server.Start()
	t.Cleanup(server.Close)
	return p
}

// Client reaches the provider without a network.
func (p *Provider) Client() *http.Client { return &http.Client{Transport: direct{p}} }

type direct struct{ http.Handler }

// RoundTrip implements http.RoundTripper.
func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	d.ServeHTTP(answer, r)
	return answer.Result(), nil
}

// ServeHTTP is the provider as browsers and the console see it.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.Lock()
	defer p.Unlock()
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		p.discovery(w)
	case "/authorize":
		p.authorize(w, r)
	case "/token":
		p.exchange(w, r)
	case "/userinfo":
		p.userInfo(w, r)
	default:
		p.keys.ServeHTTP(w, r)
	}
}

func (p *Provider) discovery(w http.ResponseWriter) {
	document := map[string]any{
		"issuer": p.Issuer, "authorization_endpoint": p.Issuer + "/authorize", "token_endpoint": p.Issuer + "/token", "jwks_uri": p.Issuer + "/keys",
		"id_token_signing_alg_values_supported": []string{oidc.ES256}, "scopes_supported": append([]string{"openid", "profile", "email"}, p.Scopes...),
	}
	if p.Info != nil {
		document["userinfo_endpoint"] = p.Issuer + "/userinfo"
	}
	write(w, http.StatusOK, document)
}

func (p *Provider) userInfo(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+p.token {
		write(w, http.StatusUnauthorized, map[string]any{"error": "invalid_token"})
		return
	}
	write(w, http.StatusOK, p.Info)
}

// idToken is what the provider says about who logged in.
func (p *Provider) idToken(nonce string) string {
	claims := map[string]any{"iss": p.Issuer, "aud": ClientID, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(), "nonce": nonce}
	maps.Copy(claims, p.Claims)
	if p.Forge != nil {
		p.Forge(claims)
	}
	raw, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	return oidctest.SignIDToken(p.Key, keyID, oidc.ES256, string(raw))
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the test notices
}
