package openid

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
)

// pending is a log-in while somebody is at the provider.
type pending struct {
	State    string // comes back with the person
	Nonce    string // comes back in the ID token
	Verifier string // proves to the provider that who began the log-in ends it
	Next     string
	Until    time.Time
}

// seal encrypts pending log-ins, so that the browser can keep them: whoever begins log-ins without end fills no memory of
// ours, and nobody can read or make one. Its key ends with the process, as sessions do.
type seal struct{ aead cipher.AEAD }

func newSeal() (*seal, error) {
	key := make([]byte, 32)
	rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make a key for log-ins: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("make a key for log-ins: %w", err)
	}
	return &seal{aead}, nil
}

func (s *seal) close(p pending) (string, error) {
	var open bytes.Buffer
	encoder := json.NewEncoder(&open)
	encoder.SetEscapeHTML(false) // & of a query must not become six characters: a cookie is small
	if err := encoder.Encode(p); err != nil {
		return "", fmt.Errorf("seal a log-in: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, open.Bytes(), nil)), nil //nolint:gosec // it makes a nonce of its own each time
}

// open returns the log-in that was sealed, unless it is not ours or too old.
func (s *seal) open(sealed string) (pending, bool) {
	var p pending
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return p, false
	}
	open, err := s.aead.Open(nil, nil, raw, nil)
	if err != nil || json.Unmarshal(open, &p) != nil || time.Now().After(p.Until) {
		return pending{}, false
	}
	return p, true
}
