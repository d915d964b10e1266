package auth

import (
	"context"
	"strings"

	"github.com/gin-gonic/gin"
)

// Authenticator tells who a secret belongs to; *Keys is one.
type Authenticator interface {
	Authenticate(ctx context.Context, secret string) (Principal, error)
	// Exists tells from memory whether there may be such a key at all, if only one that has expired.
	Exists(ctx context.Context, secret string) (bool, error)
}

// Middleware lets requests that the gate lets in through, their Principal in the context (see From), and tells them what
// they may still ask. Every other request is handed to refuse with the error of Enter, and ends there. Scopes are for
// the handlers to check, since they know what they need.
func Middleware(gate *Gate, refuse func(c *gin.Context, err error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		principal, quota, err := gate.Enter(c.Request.Context(), Caller{
			Authorization: c.GetHeader("Authorization"), RemoteAddr: c.Request.RemoteAddr,
			ForwardedFor: c.Request.Header.Values("X-Forwarded-For"),
		})
		quota.Headers(c.Header)
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
