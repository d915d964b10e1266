package api

import (
	"context"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
)

const (
	requestIDHeader = "X-Request-Id"
	maxRequestID    = 128
)

type requestIDKey struct{}

// withRequestID gives every request an id: the client's own, when it sent a sensible one.
func withRequestID(c *gin.Context) {
	id := c.GetHeader(requestIDHeader)
	if !sensible(id) {
		id = uuid.Must(uuid.NewV7()).String()
	}
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), requestIDKey{}, id))
	c.Header(requestIDHeader, id)
	c.Next()
}

func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// sensible refuses what would be a nuisance in logs.
func sensible(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for _, r := range id {
		if r <= ' ' || r > '~' {
			return false
		}
	}
	return true
}
