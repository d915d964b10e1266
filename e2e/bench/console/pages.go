package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// page is one that is measured.
type page struct {
	name, path string
	bytes      int
	took       []time.Duration
}

// visitor is somebody with a browser.
type visitor struct {
	client http.Client
	at     string // of the console
	csrf   string
	pages  []page
}

var (
	csrf  = regexp.MustCompile(`name="csrf" value="([^"]+)"`)
	older = regexp.MustCompile(`href="([^"]*cursor=[^"]*)"`)
	group = regexp.MustCompile(`href="(/dashboard/failures/stripe/[^/"]+)"`)
	event = regexp.MustCompile(`data-copy="(evt_[^"]+)"`)
	trash = regexp.MustCompile(`href="(/dashboard/queues/stripe/letters/[^/"]+)"`)
)

// visit looks around for pages whose addresses are not known before.
func visit(ctx context.Context, at string) (*visitor, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	v := &visitor{client: http.Client{Jar: jar, Timeout: time.Minute}, at: at}
	find := func(path string, what *regexp.Regexp) (found string) {
		if err != nil {
			return ""
		}
		var body string
		if body, err = v.get(ctx, path); err != nil {
			return ""
		}
		match := what.FindStringSubmatch(body)
		if match == nil {
			err = fmt.Errorf("%s has no %s", path, what)
			return ""
		}
		return strings.ReplaceAll(match[1], "&amp;", "&")
	}
	v.csrf = find("/dashboard", csrf)
	v.pages = []page{
		{name: "overview", path: "/dashboard"},
		{name: "customers", path: "/dashboard/customers"},
		{name: "customers, second page", path: find("/dashboard/customers", older)},
		{name: "customers by name", path: "/dashboard/customers?q=customer+50"},
		{name: "customers that failed", path: "/dashboard/customers?state=failed"},
		{name: "customer", path: "/dashboard/customers/" + record},
		{name: "customer with most changes", path: "/dashboard/customers/" + hot},
		{name: "changes", path: "/dashboard/changes"},
		{name: "changes, second page", path: find("/dashboard/changes", older)},
		{name: "changes that failed", path: "/dashboard/changes?state=failed"},
		{name: "changes from Stripe", path: "/dashboard/changes?direction=inbound"},
		{name: "changes by event", path: "/dashboard/changes?q=" + find("/dashboard/changes", event)},
		{name: "changes by customer", path: "/dashboard/changes?q=" + hot},
		{name: "failures", path: "/dashboard/failures"},
		{name: "failures of one reason", path: find("/dashboard/failures", group)},
		{name: "conflicts", path: "/dashboard/conflicts"},
		{name: "drift", path: "/dashboard/drift"},
		{name: "comparison", path: "/dashboard/drift/stripe/" + run1},
		{name: "workers", path: "/dashboard/workers"},
		{name: "queues", path: "/dashboard/queues"},
		{name: "dead letter", path: find("/dashboard/queues", trash)},
		{name: "jobs", path: "/dashboard/jobs"},
		{name: "audit", path: "/dashboard/audit"},
		{name: "settings", path: "/dashboard/settings"},
	}
	return v, err
}

// look measures a page once. The console shares answers among those who watch at the same time; here nobody has asked
// before.
func (v *visitor) look(ctx context.Context, p *page) error {
	if err := v.forget(ctx); err != nil {
		return err
	}
	began := time.Now()
	body, err := v.get(ctx, p.path)
	p.took = append(p.took, time.Since(began))
	p.bytes = len(body)
	return err
}

// get reads a page, which has to be there in full.
func (v *visitor) get(ctx context.Context, path string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.at+path, http.NoBody)
	if err != nil {
		return "", err
	}
	body, err := v.do(request, http.StatusOK)
	if err == nil && strings.Contains(body, `role="alert"`) {
		err = errors.New("it says that something is missing")
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return body, nil
}

// forget makes the console ask its services anew, as after every action: also after this one, which is refused.
func (v *visitor) forget(ctx context.Context) error {
	form := url.Values{"csrf": {v.csrf}, "workers": {"none"}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, v.at+"/dashboard/services/stripe/scale", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Hx-Request", "true")
	_, err = v.do(request, http.StatusUnprocessableEntity)
	return err
}

func (v *visitor) do(request *http.Request, want int) (string, error) {
	response, err := v.client.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != want {
		err = fmt.Errorf("answered %s:\n%s", response.Status, body)
	}
	return string(body), err
}
