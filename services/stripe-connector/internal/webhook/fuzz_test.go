package webhook_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	stripehook "github.com/stripe/stripe-go/v76/webhook"
)

// FuzzWebhook throws anything at the endpoint, as it is and properly signed.
func FuzzWebhook(f *testing.F) {
	for _, body := range []string{
		"", "{}", "null", "[]", `"x"`, `{"id":"evt_1","type":"x"}`, customerEvent("customer.created", ""),
		customerEvent("customer.updated", `,"request":"req_1","data":{"object":{"id":"cus_1"},"previous_attributes":{"name":"A"}}`),
		customerEvent("customer.deleted", `,"data":null,"request":null`), customerEvent("customer.updated", `,"data":{}`),
		customerEvent("customer.updated", `,"data":{"object":{"id":"cus_1","metadata":[]},"previous_attributes":{"metadata":{"a":null}}}`),
	} {
		f.Add([]byte(body), sign(body, secret, 0))
		f.Add([]byte(body), "t=1,v1=00")
	}
	f.Fuzz(func(t *testing.T, body []byte, signature string) {
		s := newSetup()
		code := s.deliver(string(body), signature).Code
		require.Less(t, code, http.StatusInternalServerError)
		if stripehook.ValidatePayload(body, signature, secret) != nil && stripehook.ValidatePayload(body, signature, retired) != nil {
			require.GreaterOrEqual(t, code, http.StatusBadRequest)
			require.Empty(t, s.intake.notices, "stored without a valid signature")
		}
		code = s.deliver(string(body), sign(string(body), secret, 0)).Code
		require.Less(t, code, http.StatusInternalServerError)
		require.Equal(t, code == http.StatusOK, len(s.intake.notices) > 0)
		for _, n := range s.intake.notices {
			require.NotEmpty(t, n.EventID)
			require.NotEmpty(t, n.Type)
			require.True(t, n.Ignore != "" || n.RemoteID != "")
		}
	})
}
