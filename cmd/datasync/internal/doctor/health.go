package doctor

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
)

const maxAnswer = 1 << 20

// readiness is the body of /readyz?verbose.
type readiness struct {
	Checks []struct {
		Name   string `json:"name"`
		Status string `json:"status"`
		Error  string `json:"error"`
	} `json:"checks"`
}

// health asks the service how it is: database, migrations, broker, and whatever else it checks.
func (d *Doctor) health(ctx context.Context, s connect.Service) (alive bool, results []Result) {
	got, err := d.get(ctx, s.URL+"/readyz?verbose")
	if err != nil {
		return false, []Result{failed("answers", err)}
	}
	var ready readiness
	if json.Unmarshal(got.body, &ready) != nil || len(ready.Checks) == 0 {
		return false, []Result{problem("answers", fmt.Sprintf("%s answers %s to /readyz, as no service of DataSync does", s.URL, got.status), "correct "+variable(s))}
	}
	results = append(results, ok("answers", s.URL))
	for _, c := range ready.Checks {
		if c.Status == "ok" {
			results = append(results, ok(c.Name, ""))
			continue
		}
		results = append(results, problem(c.Name, c.Error, cure(c.Name)))
	}
	return true, results
}

func variable(s connect.Service) string {
	if s.Name == connect.Catalog {
		return connect.EnvURL
	}
	return connect.EnvConnectors
}

// cure is what to do about a part that does not work.
func cure(part string) string {
	switch part {
	case "database":
		return "start PostgreSQL (make deps), or correct DATABASE_URL of the service"
	case "migrations":
		return "run datasync migrate, or start the service again: it migrates by itself"
	case "broker":
		return "start RabbitMQ (make deps), or correct AMQP_URL of the service"
	case "stripe":
		return "see STRIPE_API_KEY of the service, and status.stripe.com"
	}
	return "see the log of the service"
}

// failed explains why nothing came back.
func failed(check string, err error) Result {
	if explained, ok := errors.AsType[*exit.Error](exit.Explain(err)); ok {
		return problem(check, explained.What, explained.Fix)
	}
	return problem(check, err.Error(), "")
}

// answer is what a server said.
type answer struct {
	status string
	date   string
	body   []byte
}

func (d *Doctor) get(ctx context.Context, url string) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return answer{}, fmt.Errorf("ask %s: %w", url, err)
	}
	response, err := d.HTTP.Do(request)
	if err != nil {
		return answer{}, fmt.Errorf("ask %s: %w", url, err)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	return answer{response.Status, response.Header.Get("Date"), body}, errors.Join(err, response.Body.Close())
}

// maxSkew is how far clocks may be apart: a signature is good for five minutes, and the Date header has whole seconds.
const maxSkew = 30 * time.Second

// clock compares the server's clock with this machine's.
func (d *Doctor) clock(ctx context.Context, url string) Result {
	before := time.Now()
	got, err := d.get(ctx, url)
	if err != nil {
		explained := failed("clock", err)
		return unknown("clock", explained.Detail, explained.Fix)
	}
	middle := before.Add(time.Since(before) / 2)
	at, err := http.ParseTime(got.date)
	if err != nil {
		return unknown("clock", "the answer has no Date header", "")
	}
	skew := at.Add(time.Second / 2).Sub(middle).Round(time.Second)
	if skew.Abs() > maxSkew {
		direction := "ahead of"
		if skew < 0 {
			direction = "behind"
		}
		return problem("clock", fmt.Sprintf("is %s %s this machine's", skew.Abs(), direction),
			"set the clocks right with NTP: signatures of webhooks are refused after 5 minutes, and the newest of two edits is told by time")
	}
	return ok("clock", cmp.Or(map[bool]string{true: "as this machine's"}[skew == 0], fmt.Sprintf("%s apart from this machine's", skew.Abs())))
}
