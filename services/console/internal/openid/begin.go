package openid

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Lifetime is how long somebody may take at the provider.
const Lifetime = 10 * time.Minute

// maxNext is how long a page's address may be that is kept in a cookie: browsers drop one above 4 KB.
const maxNext = 2000

// Begin returns the provider's address to send somebody to, and what their browser has to keep, as a cookie, until
// Finish, which gives next back. The error is ErrAway; a later call asks the provider again.
func (p *Provider) Begin(ctx context.Context, next string) (to, keep string, err error) {
	at, err := p.endpoints(p.client(ctx))
	if err != nil {
		return "", "", err
	}
	if len(next) > maxNext {
		next = ""
	}
	begun := pending{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Next: next, Until: time.Now().Add(Lifetime)}
	keep, err = p.seal.close(begun)
	if err != nil {
		return "", "", err
	}
	return at.oauth.AuthCodeURL(begun.State, oidc.Nonce(begun.Nonce), oauth2.S256ChallengeOption(begun.Verifier)), keep, nil
}
