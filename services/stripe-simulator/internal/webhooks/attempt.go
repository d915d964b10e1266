package webhooks

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/account"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/knobs"
)

// attempt delivers once and records how it went. again: the returned task has to be tried again when it is due.
func (d *Dispatcher) attempt(ctx context.Context, side *account.Side, t task) (task, bool) {
	out, ok := side.Outgoing(t.job)
	if !ok {
		return t, false
	}
	s := d.knobs.Get()
	outcome := d.post(ctx, out, knobs.Milliseconds(s.WebhookTimeoutMS))
	if ctx.Err() != nil && !outcome.OK {
		return t, false // we stopped, the endpoint is not to blame: the delivery stays pending
	}
	t.job.Attempts++
	if !outcome.OK && !t.job.Resend {
		outcome.Retry = retryAt(s, t.job)
	}
	outcome.Disable = time.Duration(s.WebhookDisableAfterS) * time.Second
	again, disabled := side.Record(t.job, outcome)
	if disabled {
		d.log.WarnContext(ctx, "webhook endpoint disabled: it failed for too long; enable it again by an update with disabled=false",
			slog.String("endpoint", t.job.EndpointID))
	}
	t.due = outcome.Retry
	return t, again && !t.job.Resend
}

// retryAt returns when to try again, or the zero time when the delivery is too old.
func retryAt(s knobs.Settings, job account.Job) time.Time {
	if len(s.WebhookRetryMS) == 0 {
		return time.Time{}
	}
	wait := knobs.Milliseconds(s.WebhookRetryMS[min(job.Attempts, len(s.WebhookRetryMS))-1])
	at := time.Now().Add(wait + knobs.UpTo(wait/10))
	if at.Sub(job.Since) > time.Duration(s.WebhookGiveUpS)*time.Second {
		return time.Time{}
	}
	return at
}

func (d *Dispatcher) post(ctx context.Context, out account.Outgoing, timeout time.Duration) account.Outcome {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	body, err := json.Marshal(&out.Event)
	if err != nil {
		return account.Outcome{Error: err.Error()}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, out.Endpoint.URL, bytes.NewReader(body))
	if err != nil {
		return account.Outcome{Error: err.Error()}
	}
	now := time.Now()
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("Accept", "*/*; q=0.5, application/xml")
	req.Header.Set("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
	req.Header.Set("Stripe-Signature", Sign(now, body, out.Endpoint.Secrets(now)))
	resp, err := d.client.Do(req)
	if err != nil {
		return account.Outcome{Error: err.Error()}
	}
	defer func() { _ = resp.Body.Close() }() // nothing to do about it
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)); err != nil {
		return account.Outcome{HTTPStatus: resp.StatusCode, Error: err.Error()}
	}
	o := account.Outcome{OK: resp.StatusCode >= 200 && resp.StatusCode < 300, HTTPStatus: resp.StatusCode}
	if !o.OK {
		o.Error = "answered with " + resp.Status
	}
	return o
}

// Sign returns the Stripe-Signature of a payload: one v1 for each secret.
func Sign(at time.Time, payload []byte, secrets []string) string {
	stamp := strconv.FormatInt(at.Unix(), 10)
	var b strings.Builder
	b.WriteString("t=" + stamp)
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(stamp + "."))
		mac.Write(payload)
		b.WriteString(",v1=" + hex.EncodeToString(mac.Sum(nil)))
	}
	return b.String()
}
