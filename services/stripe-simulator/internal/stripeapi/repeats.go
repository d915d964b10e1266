package stripeapi

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/apierror"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/idempotency"
)

// idempotencyError says in Stripe's words why a key cannot be used.
func idempotencyError(key, target string, err error) error {
	e := &apierror.Error{Status: http.StatusBadRequest, Type: apierror.TypeIdempotency}
	switch {
	case errors.Is(err, idempotency.ErrInUse):
		e.Status, e.Code = http.StatusConflict, "idempotency_key_in_use"
		e.Message = fmt.Sprintf("There is currently another in-progress request using this Idempotent Key (that probably means you "+
			"submitted twice, and the other request is still going through): %s. Please try again later or use a different key.", key)
	case errors.Is(err, idempotency.ErrOtherTarget):
		_, path, _ := strings.Cut(target, " ")
		e.Message = fmt.Sprintf("Keys for idempotent requests can only be used for the same endpoint they were first used for ('%s'). "+
			"Try using a key other than '%s' if you meant to execute a different request.", path, key)
	default:
		e.Message = fmt.Sprintf("Keys for idempotent requests can only be used with the same parameters they were first used with. "+
			"Try using a key other than '%s' if you meant to execute a different request.", key)
	}
	return e
}
