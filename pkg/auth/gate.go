package auth

import (
	"context"
	"errors"
	"time"

	"github.com/datasync-dev/datasync/pkg/throttle"
)

// Gate lets requests in by their keys and keeps out those that come too often. A limit that is nil limits nothing. It is
// safe for concurrent use.
type Gate struct {
	Keys     Authenticator
	Requests *throttle.Requests // of each key
	Failures *throttle.Failures // of each client address
	Clients  throttle.Clients
}

// Caller is what a request says of itself.
type Caller struct {
	Authorization string   // the header
	RemoteAddr    string   // of the connection
	ForwardedFor  []string // the headers X-Forwarded-For
}

// TooMany is the error of a request that came too early.
type TooMany struct {
	Wait  time.Duration
	Login bool // the address sent too many wrong keys; else the key was used too often
}

// Error implements error.
func (e *TooMany) Error() string {
	if e.Login {
		return "too many wrong API keys came from this address"
	}
	return "the API key was used too often"
}

// Enter returns who makes a request, and what that key may still ask. The error is a *TooMany, or one of Authenticate.
//
// An address that sent too many wrong keys gets no further look-ups, but a key that exists is let in from there all the
// same: others may sit behind the same proxy, and must not be locked out by one of them. Guesses are not slowed down by
// that more than by any other 429, which is enough against keys of 256 random bits; what the limit protects is the
// database.
func (g *Gate) Enter(ctx context.Context, c Caller) (Principal, throttle.Quota, error) {
	secret, addr := Bearer(c.Authorization), g.Clients.Address(c.RemoteAddr, c.ForwardedFor...)
	if g.Failures != nil && secret != "" {
		if wait := g.Failures.Wait(addr); wait > 0 {
			exists, err := g.Keys.Exists(ctx, secret)
			if err != nil {
				return Principal{}, throttle.Quota{}, err
			}
			if !exists {
				return Principal{}, throttle.Quota{}, &TooMany{Wait: wait, Login: true}
			}
		}
	}
	principal, err := g.Keys.Authenticate(ctx, secret)
	if err != nil {
		if g.Failures != nil && (errors.Is(err, ErrUnknown) || errors.Is(err, ErrExpired)) {
			g.Failures.Failed(addr)
		}
		return Principal{}, throttle.Quota{}, err
	}
	if g.Requests == nil {
		return principal, throttle.Quota{}, nil
	}
	quota := g.Requests.Take(principal.KeyID)
	if quota.Wait > 0 {
		return principal, quota, &TooMany{Wait: quota.Wait}
	}
	return principal, quota, nil
}
