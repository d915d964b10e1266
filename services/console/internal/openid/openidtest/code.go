package openidtest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// authorize is where the browser comes to, and is sent back from.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	p.Asked = strings.Fields(q.Get("scope"))
	if q.Get("client_id") != ClientID || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" ||
		q.Get("code_challenge") == "" || q.Get("state") == "" || q.Get("nonce") == "" || !slices.Contains(p.Asked, "openid") {
		http.Error(w, "not what a client has to ask: "+r.URL.RawQuery, http.StatusBadRequest)
		return
	}
	back := url.Values{"state": {q.Get("state")}}
	if p.Deny != "" {
		back.Set("error", p.Deny)
		back.Set("error_description", "ada@example.com may not use this")
	} else {
		code := rand.Text()
		p.codes[code] = grant{q.Get("redirect_uri"), q.Get("nonce"), q.Get("code_challenge")}
		back.Set("code", code)
	}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

// exchange gives tokens for a code, once, to whoever can prove that they began the log-in.
func (p *Provider) exchange(w http.ResponseWriter, r *http.Request) {
	if p.Broken != 0 {
		write(w, p.Broken, map[string]any{"error": "server_error", "error_description": "ada@example.com"})
		return
	}
	if !p.known(r) {
		write(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client", "error_description": "ada@example.com"})
		return
	}
	granted, ok := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	proof := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !ok || granted.redirect != r.PostFormValue("redirect_uri") || granted.challenge != base64.RawURLEncoding.EncodeToString(proof[:]) {
		write(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	}
	write(w, http.StatusOK, map[string]any{"access_token": p.token, "token_type": "Bearer", "id_token": p.idToken(granted.nonce)})
}

// known reports whether the client is the registered one.
func (p *Provider) known(r *http.Request) bool {
	id, secret, ok := r.BasicAuth()
	if p.Public {
		return !ok && r.PostFormValue("client_id") == ClientID
	}
	id, _ = url.QueryUnescape(id)
	secret, _ = url.QueryUnescape(secret)
	return id == ClientID && secret == Secret
}
