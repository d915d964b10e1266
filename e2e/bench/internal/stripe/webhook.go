package stripe

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Event returns the body of an event about a customer as it is, as if it was caused by the call.
func (r *Receiver) Event(id string, cause Call) ([]byte, error) {
	r.mu.Lock()
	o := r.objects[cause.CustomerID]
	r.mu.Unlock()
	return json.Marshal(map[string]any{
		"id": id, "object": "event", "api_version": "2023-10-16", "created": time.Now().Unix(), "livemode": false,
		"type": "customer.updated", "pending_webhooks": 1,
		"request": map[string]any{"id": "req_bench", "idempotency_key": cause.Key},
		"data": map[string]any{
			"object":              o,
			"previous_attributes": map[string]any{"name": "Before", "metadata": map[string]string{"datasync_version": "0"}},
		},
	})
}

// Sign returns the header that proves that the body comes from Stripe.
func Sign(secret string, body []byte, at time.Time) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%s.", seconds)
	mac.Write(body)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}
