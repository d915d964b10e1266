package stripeapi

import (
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/apierror"
)

// Keys are the API keys that are let in.
type Keys struct{ accepted []string }

// NewKeys returns the given keys; without any, every well-formed secret key is let in.
func NewKeys(accepted []string) *Keys { return &Keys{accepted: accepted} }

// Livemode tells whether a key sees the live side.
func Livemode(key string) bool {
	return strings.HasPrefix(key, "sk_live_") || strings.HasPrefix(key, "rk_live_")
}

// check finds the key of a request and tells which mode it opens.
func (k *Keys) check(r *http.Request, revoked bool) (livemode bool, err error) {
	key := keyOf(r)
	switch {
	case key == "":
		return false, unauthorized("", "You did not provide an API key. You need to provide your API key in the Authorization header, "+
			"using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for "+
			"details, or we can help at https://support.stripe.com/.")
	case strings.HasPrefix(key, "pk_"):
		return false, unauthorized("secret_key_required", "This API call cannot be made with a publishable API key. Please use a "+
			"secret API key. You can find a list of your API keys at https://dashboard.stripe.com/account/apikeys.")
	case !k.accepts(key):
		return false, unauthorized("", "Invalid API Key provided: "+mask(key))
	case revoked:
		return false, unauthorized("api_key_expired", "Expired API Key provided: "+mask(key))
	}
	return Livemode(key), nil
}

func (k *Keys) accepts(key string) bool {
	if len(k.accepted) == 0 {
		for _, prefix := range []string{"sk_test_", "rk_test_", "sk_live_", "rk_live_"} {
			if strings.HasPrefix(key, prefix) && len(key) > len(prefix) {
				return true
			}
		}
		return false
	}
	found := 0
	for _, accepted := range k.accepted {
		found |= subtle.ConstantTimeCompare([]byte(accepted), []byte(key))
	}
	return found == 1
}

func keyOf(r *http.Request) string {
	if user, _, ok := r.BasicAuth(); ok {
		return user
	}
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}

func unauthorized(code, message string) error {
	return apierror.Coded(http.StatusUnauthorized, code, "", "%s", message)
}

// mask shows enough of a key to recognise it: sk_test_********1234.
func mask(key string) string {
	shown := 0
	if i := strings.LastIndexByte(key, '_'); i >= 0 && i < 8 {
		shown = i + 1
	}
	hidden := max(len(key)-shown-4, 0)
	if hidden < 4 {
		return strings.Repeat("*", len(key))
	}
	return key[:shown] + strings.Repeat("*", hidden) + key[len(key)-4:]
}
