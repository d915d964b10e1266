package webhook

import (
	"context"
	"errors"
	"log/slog"

	"github.com/stripe/stripe-go/v76/webhook"
)

// Secrets returns the signing secrets of the endpoint: several while they are rotated. Fresh asks again for those that
// were added just now. It must be safe for concurrent use.
type Secrets func(ctx context.Context, fresh bool) ([]string, error)

// Always is for secrets that do not change.
func Always(secrets ...string) Secrets {
	return func(context.Context, bool) ([]string, error) { return secrets, nil }
}

// verify checks that one of the secrets signed the body, not long ago.
func (h *Handler) verify(ctx context.Context, body []byte, header string) *problem {
	var p *problem
	for _, fresh := range []bool{false, true} {
		secrets, err := h.o.Secrets(ctx, fresh)
		if err != nil {
			h.o.Log.ErrorContext(ctx, "webhook not verified", slog.Any("error", err))
			return unavailable
		}
		if p = verify(body, header, secrets); p != wrongSignature {
			return p
		}
	}
	return p
}

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
