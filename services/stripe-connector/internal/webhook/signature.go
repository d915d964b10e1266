package webhook

import (
	"errors"

	"github.com/stripe/stripe-go/v76/webhook"
)

// verify checks that one of the secrets signed the body, not long ago.
func verify(body []byte, header string, secrets []string) *problem {
	err := webhook.ErrNoValidSignature
	for _, secret := range secrets {
		if err = webhook.ValidatePayload(body, header, secret); err == nil {
			return nil
		}
	}
	switch {
	case errors.Is(err, webhook.ErrNotSigned):
		return notSigned
	case errors.Is(err, webhook.ErrInvalidHeader):
		return malformedSignature
	case errors.Is(err, webhook.ErrTooOld):
		return tooOld
	}
	return wrongSignature
}
