// Package webhook makes, signs, checks and delivers Stripe's webhooks without Stripe.
package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
)

// Tolerance is how old a signature may be, as in Stripe's libraries.
const Tolerance = 5 * time.Minute

// Header is the name of the header with the signature.
const Header = "Stripe-Signature"

// Sign returns the header for a body.
func Sign(body []byte, secret string, at time.Time) string {
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), mac(body, secret, strconv.FormatInt(at.Unix(), 10)))
}

func mac(body []byte, secret, stamp string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(stamp + "."))
	m.Write(body)
	return hex.EncodeToString(m.Sum(nil))
}

// Verified is a signature that fits.
type Verified struct {
	SignedAt time.Time `json:"signed_at"`
	Age      string    `json:"age"`
	Secret   int       `json:"secret"` // which of the secrets, from 1
}

// Verify checks a signature and says what is wrong with it.
func Verify(body []byte, header string, secrets []string, tolerance time.Duration, now time.Time) (Verified, error) {
	stamp, signatures := parse(header)
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	switch {
	case err != nil:
		return Verified{}, exit.New(exit.Failed, "the signature has no time", "give the whole header, like t=1700000000,v1=5257a8...")
	case len(signatures) == 0:
		return Verified{}, exit.New(exit.Failed, "the header has no signature of the scheme v1", "give the whole header, like t=1700000000,v1=5257a8...")
	}
	at := time.Unix(seconds, 0)
	for i, secret := range secrets {
		for _, signature := range signatures {
			if hmac.Equal([]byte(signature), []byte(mac(body, secret, stamp))) {
				return checkAge(Verified{at.UTC(), now.Sub(at).Round(time.Second).String(), i + 1}, now.Sub(at), tolerance)
			}
		}
	}
	return Verified{}, exit.New(exit.Failed, "the signature does not fit",
		"check that the secret is that of this endpoint, and that the body is byte for byte what came: no line break at its end, not parsed and written again")
}

func checkAge(v Verified, age, tolerance time.Duration) (Verified, error) {
	if tolerance > 0 && (age > tolerance || age < -tolerance) {
		return v, exit.New(exit.Failed, fmt.Sprintf("the signature fits, but it was made %s ago, and the connector takes none older than %s", v.Age, tolerance),
			"if the delivery is new, set the clock right; to send it again, sign it again with datasync webhook replay")
	}
	return v, nil
}

func parse(header string) (stamp string, signatures []string) {
	for part := range strings.SplitSeq(header, ",") {
		switch name, value, _ := strings.Cut(strings.TrimSpace(part), "="); name {
		case "t":
			stamp = value
		case "v1":
			signatures = append(signatures, value)
		}
	}
	return stamp, signatures
}
