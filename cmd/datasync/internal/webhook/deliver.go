package webhook

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/pkg/admin"
)

// Path is where connectors take webhooks.
const Path = "/webhooks/stripe"

const maxAnswer = 1 << 20

// Delivery is what came of one.
type Delivery struct {
	Described

	To       string  `json:"to"`
	Status   int     `json:"status"`
	Millis   float64 `json:"duration_ms"`
	Problem  string  `json:"problem,omitempty"`
	Fix      string  `json:"fix,omitempty"`
	Received bool    `json:"received"`
}

// Deliver signs a body and posts it. An answer other than 2xx is no error here.
func Deliver(ctx context.Context, client *http.Client, url string, body []byte, secret string) (Delivery, error) {
	d := Delivery{To: url}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return d, exit.Wrap(exit.Usage, err, fmt.Sprintf("%q is not a URL", url), "")
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	request.Header.Set(Header, Sign(body, secret, time.Now()))
	begin := time.Now()
	response, err := client.Do(request)
	if err != nil {
		return d, fmt.Errorf("deliver to %s: %w", url, err)
	}
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return d, fmt.Errorf("read the answer of %s: %w", url, err)
	}
	d.Millis, d.Status = float64(time.Since(begin).Microseconds())/1000, response.StatusCode
	d.Received = response.StatusCode/100 == 2
	if !d.Received {
		d.explain(raw)
	}
	return d, nil
}

// explain takes over what the receiver says is wrong.
func (d *Delivery) explain(raw []byte) {
	var problem admin.Problem
	if json.Unmarshal(raw, &problem) != nil {
		problem.Title = ""
	}
	d.Problem = cmp.Or(problem.Title, http.StatusText(d.Status))
	d.Fix = cmp.Or(problem.Detail, "check that "+strings.TrimSuffix(d.To, Path)+" is a connector")
}
