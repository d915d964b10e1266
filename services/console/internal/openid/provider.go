// Package openid logs people in by an OpenID Connect provider: it sends them there (authorization code flow with PKCE),
// verifies what the provider says about them when they come back, and finds the role that a claim gives them.
package openid

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// How long the provider has for one answer, and for all that are needed to finish a log-in.
const (
	askTimeout    = 5 * time.Second
	finishTimeout = 15 * time.Second
)

// Options of a provider. All but Secret and HTTP are required.
type Options struct {
	Name     string // what people call it
	Issuer   string // where it is; what it says has to be signed in this name
	ClientID string
	Secret   string // "" for a public client, which has PKCE alone
	Redirect string // address of the console that it sends people back to
	Claim    string // what it says about people that decides on their role
	Roles    Roles
	HTTP     *http.Client // default: one with a timeout of 5s
}

// Provider is where people log in. It is safe for concurrent use.
type Provider struct {
	o     Options
	seal  *seal
	found atomic.Pointer[endpoints]
}

// endpoints is what the provider tells about itself.
type endpoints struct {
	provider *oidc.Provider
	oauth    *oauth2.Config
	verifier *oidc.IDTokenVerifier
}

// New returns a provider. It is not asked for anything yet: it may be away when the console starts.
func New(o Options) (*Provider, error) {
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: askTimeout}
	}
	s, err := newSeal()
	if err != nil {
		return nil, err
	}
	return &Provider{o: o, seal: s}, nil
}

// Name is what people call it.
func (p *Provider) Name() string { return p.o.Name }

// endpoints asks the provider for its addresses until it has told them once. Those who log in at the same time may each
// ask; nobody waits for the time-out of somebody else.
func (p *Provider) endpoints(ctx context.Context) (*endpoints, error) {
	if found := p.found.Load(); found != nil {
		return found, nil
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	provider, err := oidc.NewProvider(ctx, p.o.Issuer)
	if err != nil {
		return nil, fmt.Errorf("%w: look for its addresses: %w", ErrAway, brief(err))
	}
	var more struct {
		Scopes []string `json:"scopes_supported"`
	}
	endpoint := provider.Endpoint()
	if err := provider.Claims(&more); err != nil || endpoint.AuthURL == "" || endpoint.TokenURL == "" {
		return nil, fmt.Errorf("%w: %w", ErrAway, errors.Join(err, errors.New("its addresses are not complete")))
	}
	if p.o.Secret == "" {
		endpoint.AuthStyle = oauth2.AuthStyleInParams // there is nothing to try a header with
	}
	found := &endpoints{
		provider: provider, verifier: provider.Verifier(&oidc.Config{ClientID: p.o.ClientID}),
		oauth: &oauth2.Config{ClientID: p.o.ClientID, ClientSecret: p.o.Secret, RedirectURL: p.o.Redirect, Endpoint: endpoint, Scopes: p.scopes(more.Scopes)},
	}
	p.found.Store(found)
	return found, nil
}

// scopes are what to ask the provider to tell. Many have a scope of the claim's name that makes them tell it; others
// refuse a scope that they do not know.
func (p *Provider) scopes(supported []string) []string {
	scopes := []string{oidc.ScopeOpenID, oidc.ScopeProfile, oidc.ScopeEmail}
	if slices.Contains(supported, p.o.Claim) && !slices.Contains(scopes, p.o.Claim) {
		scopes = append(scopes, p.o.Claim)
	}
	return scopes
}

// client makes both libraries use our own client, which does not wait for ever.
func (p *Provider) client(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, p.o.HTTP)
}
