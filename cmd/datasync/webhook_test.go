package main_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Webhooks are made, signed and checked without an account; the connector tells whether it takes them.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	c := system(t)
	c.ok(t, "customers", "create", "--name", "Ada", "--email", "ada@example.com", "--wait", "30s")
	golden(t, "webhook-trigger", c.ok(t, "webhook", "trigger", "customer.updated", "ada@example.com", "--previous", "name=Old"))
	require.Equal(t, 5, c.run(t, "webhook", "trigger", "customer.updated", "nobody@example.com").code)
	c.ok(t, "webhook", "trigger", "customer.deleted", "cus_only_stripe_knows")

	c.file(t, "event.json", `{"id": "evt_1", "type": "customer.updated", "data": {}}`)
	c.ok(t, "webhook", "replay", "event.json")
	var delivery struct{ ID string }
	require.NoError(t, json.Unmarshal([]byte(c.ok(t, "webhook", "replay", "event.json", "--again", "-o", "json")), &delivery))
	require.True(t, strings.HasPrefix(delivery.ID, "evt_"))
	c.file(t, "other.json", `{"hello": "world"}`)
	require.Equal(t, 1, c.run(t, "webhook", "replay", "other.json").code)
	require.Equal(t, 5, c.run(t, "webhook", "replay", "nowhere.json").code)
	require.Equal(t, 5, c.run(t, "webhook", "replay", "evt_unknown").code)

	c.env["STRIPE_WEBHOOK_SECRET"] = "whsec_wrong"
	r := c.run(t, "webhook", "replay", "event.json")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.err, "Set STRIPE_WEBHOOK_SECRET to the signing secret of this endpoint")
	r = c.run(t, "doctor")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.out, "secret 1: The signature does not fit the body")
}

func TestVerifyingAKeptWebhook(t *testing.T) {
	t.Parallel()
	c := newCLI(t, map[string]string{"STRIPE_WEBHOOK_SECRET": "whsec_old,whsec_new"})
	c.file(t, "body.json", `{"id":"evt_1"}`)
	// Signed at 1700000000 with whsec_new.
	const header = "t=1700000000,v1=f3ac0c93c23f69e2e6046d7f0e2c82c93d0403de0f8651457189ab70fbbfcaae"
	r := c.run(t, "webhook", "verify", "body.json", "--signature", header, "--tolerance", "0")
	require.Equal(t, 0, r.code, r.err)
	require.Contains(t, r.out, "2 of 2")
	require.Contains(t, r.out, time.Unix(1700000000, 0).UTC().Format(time.RFC3339))
	for flags, want := range map[string]string{
		"--signature " + header:                        "the connector takes none older than 5m0s",
		"--tolerance 0 --signature t=1700000000,v1=00": "the signature does not fit",
		"--tolerance 0 --signature v1=00":              "the signature has no time",
		"--tolerance 0 --signature t=1700000000":       "no signature of the scheme v1",
	} {
		r := c.run(t, append([]string{"webhook", "verify", "body.json"}, strings.Fields(flags)...)...)
		require.Equal(t, 1, r.code)
		require.Contains(t, r.err, want)
	}
	r = c.feed(t, "{}", "webhook", "verify", "-", "--signature", header)
	require.Equal(t, 1, r.code)
}
