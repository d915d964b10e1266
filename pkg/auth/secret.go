package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"math/big"
	"strings"
)

// SecretPrefix begins every generated key, so that a leaked one is recognised by secret scanners.
const SecretPrefix = "ds_"

const (
	secretBytes  = 32
	secretDigits = 43 // what 32 bytes need in base 62
	base62       = 62
)

// newSecret returns a fresh key with 256 bits of randomness, in letters and digits only so that it survives any shell.
func newSecret() string {
	var random [secretBytes]byte
	_, _ = rand.Read(random[:]) // never fails: crypto/rand aborts the program instead
	digits := new(big.Int).SetBytes(random[:]).Text(base62)
	return SecretPrefix + strings.Repeat("0", secretDigits-len(digits)) + digits
}

// hashOf is what is stored of a key. A plain hash is enough: there is nothing to guess in 256 random bits.
func hashOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// shownDigits is how much of a generated secret is shown to tell keys apart: "ds_" and eight digits, of which 35 remain.
const shownDigits = 11

// prefixOf is what is shown of a secret. Of one that an operator chose, which may be short, it is a quarter.
func prefixOf(secret string) string {
	shown := min(shownDigits, len(secret)/4)
	return strings.ToValidUTF8(secret[:shown], "")
}
