package auth

import (
	"context"
	"strings"

	"github.com/gin-gonic/gin"
)

// Authenticator tells who a secret belongs to; *Keys is one.
type Authenticator interface {
	Authenticate(ctx context.Context, secret string) (Principal, error)
}

// Middleware lets requests with a valid "Authorization: Bearer <key>" through, their Principal in the context (see
// From). Every other request is handed to refuse with the error of Authenticate, and ends there. Scopes are for the
// handlers to check, since they know what they need.
func Middleware(keys Authenticator, refuse func(c *gin.Context, err error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		principal, err := keys.Authenticate(c.Request.Context(), Bearer(c.GetHeader("Authorization")))
		if err != nil {
			refuse(c, err)
			c.Abort()
			return
		}
		c.Request = c.Request.WithContext(WithPrincipal(c.Request.Context(), principal))
		c.Next()
	}
}

// Bearer returns the key in the value of an Authorization header, or "".
func Bearer(authorization string) string {
	scheme, secret, ok := strings.Cut(authorization, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(secret)
}
