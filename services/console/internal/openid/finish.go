package openid

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"golang.org/x/oauth2"

	"github.com/datasync-dev/datasync/services/console/internal/session"
)

// Person is who has logged in at the provider.
type Person struct {
	Name string
	Role session.Role
	Next string // as given to Begin; it may be there with an error too
}

// Finish returns who comes back from the provider, by what their browser kept and by the query that they come with. Of
// each error it is one of this package's that it is about. It cannot be known here whether a log-in was finished before:
// the provider takes each code once, and the caller takes the cookie away.
func (p *Provider) Finish(ctx context.Context, kept string, query url.Values) (Person, error) {
	begun, ok := p.seal.open(kept)
	if !ok {
		return Person{}, ErrLost
	}
	who := Person{Next: begun.Next}
	if subtle.ConstantTimeCompare([]byte(begun.State), []byte(query.Get("state"))) != 1 {
		return who, fmt.Errorf("%w: the state is another one", ErrLost)
	}
	switch problem := query.Get("error"); {
	case problem == "access_denied":
		return who, ErrDenied
	case problem != "": // its description may be about the person
		return who, fmt.Errorf("%w: it sends people back with %q", ErrRefused, plain(problem, maxBrief))
	}
	ctx, cancel := context.WithTimeout(p.client(ctx), finishTimeout)
	defer cancel()
	told, err := p.ask(ctx, begun, query.Get("code"))
	if err != nil {
		return who, err
	}
	who.Name = told.name()
	who.Role, err = p.role(told)
	return who, err
}

// ask exchanges the code for what the provider says about the person.
func (p *Provider) ask(ctx context.Context, begun pending, code string) (claims, error) {
	at, err := p.endpoints(ctx)
	if err != nil {
		return nil, err
	}
	token, err := at.oauth.Exchange(ctx, code, oauth2.VerifierOption(begun.Verifier))
	if err != nil {
		return nil, exchangeError(err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return nil, fmt.Errorf("%w: there is no ID token", ErrUnproven)
	}
	id, err := at.verifier.Verify(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnproven, brief(err))
	}
	if subtle.ConstantTimeCompare([]byte(begun.Nonce), []byte(id.Nonce)) != 1 {
		return nil, fmt.Errorf("%w: the ID token is of another log-in", ErrUnproven)
	}
	told := claims{}
	if err := id.Claims(&told); err != nil {
		return nil, fmt.Errorf("%w: read the ID token: %w", ErrUnproven, brief(err))
	}
	if _, ok := told[p.o.Claim]; ok || at.provider.UserInfoEndpoint() == "" {
		return told, nil
	}
	return askMore(ctx, at, token, id.Subject)
}

// askMore returns what the provider tells about the person when asked for more: some keep their ID tokens small.
func askMore(ctx context.Context, at *endpoints, token *oauth2.Token, subject string) (claims, error) {
	info, err := at.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return nil, fmt.Errorf("%w: ask who it is: %w", ErrAway, brief(err))
	}
	if info.Subject != subject {
		return nil, fmt.Errorf("%w: it tells about somebody else than who logged in", ErrUnproven)
	}
	told := claims{}
	if err := info.Claims(&told); err != nil {
		return nil, fmt.Errorf("%w: read who it is: %w", ErrUnproven, brief(err))
	}
	return told, nil
}

// exchangeError says what a failed exchange is about, without what the provider wrote into its answer beyond the code of
// the error.
func exchangeError(err error) error {
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		return fmt.Errorf("%w: exchange the code: %w", ErrAway, brief(err))
	}
	kind := ErrRefused
	switch {
	case refused.Response.StatusCode >= http.StatusInternalServerError:
		kind = ErrAway
	case refused.ErrorCode == "invalid_grant": // the code was used, or is too old
		kind = ErrLost
	}
	return fmt.Errorf("%w: exchange the code: it answers %d %q", kind, refused.Response.StatusCode, plain(refused.ErrorCode, maxBrief))
}
