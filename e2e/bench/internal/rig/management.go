package rig

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// management is RabbitMQ's management API.
type management struct {
	amqp *url.URL
	base string
}

func newManagement(amqpURL, managementURL string) (management, error) {
	server, err := url.Parse(amqpURL)
	if err != nil {
		return management{}, fmt.Errorf("AMQP_URL: %w", err)
	}
	return management{amqp: server, base: cmp.Or(managementURL, "http://"+server.Hostname()+":15672")}, nil
}

func (m management) call(ctx context.Context, method, path string, body, result any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, m.base+path, bytes.NewReader(encoded))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	password, _ := m.amqp.User.Password()
	request.SetBasicAuth(m.amqp.User.Username(), password)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("call RabbitMQ's management API (make deps starts it): %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s: %s", method, path, response.Status)
	}
	if result == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(result)
}

// pid is the broker's process, or 0 when it is not one of this machine.
func (m management) pid(ctx context.Context) (int, error) {
	var nodes []struct {
		PID string `json:"os_pid"`
	}
	if err := m.call(ctx, http.MethodGet, "/api/nodes", nil, &nodes); err != nil {
		return 0, err
	}
	for _, node := range nodes {
		if pid, err := strconv.Atoi(node.PID); err == nil && isProgram(pid, "beam.smp") {
			return pid, nil
		}
	}
	return 0, nil
}

// hasQueue reports whether a queue is there, with its binding.
func (m management) hasQueue(ctx context.Context, amqpURL, name string) (bool, error) {
	server, err := url.Parse(amqpURL)
	if err != nil {
		return false, err
	}
	var bindings []struct{ Destination, Source string }
	err = m.call(ctx, http.MethodGet, "/api/bindings"+server.Path, nil, &bindings)
	return slices.ContainsFunc(bindings, func(b struct{ Destination, Source string }) bool {
		return b.Destination == name && b.Source != ""
	}), err
}

// vhost makes a virtual host and returns its URL.
func (r *Rig) vhost(ctx context.Context) (amqpURL string, err error) {
	name := r.fresh("vhost")
	if err := r.broker.call(ctx, http.MethodPut, "/api/vhosts/"+name, struct{}{}, nil); err != nil {
		return "", err
	}
	r.later(func(ctx context.Context) error {
		return r.broker.call(ctx, http.MethodDelete, "/api/vhosts/"+name, nil, nil)
	})
	err = r.broker.call(ctx, http.MethodPut, "/api/permissions/"+name+"/"+url.PathEscape(r.broker.amqp.User.Username()),
		map[string]string{"configure": ".*", "write": ".*", "read": ".*"}, nil)
	server := *r.broker.amqp
	server.Path, server.RawPath = "/"+name, ""
	return server.String(), err
}
