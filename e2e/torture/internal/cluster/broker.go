package cluster

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// CloseConnections closes every connection to the broker from the broker's side.
func (s *Servers) CloseConnections(ctx context.Context) error {
	var connections []struct {
		Name string `json:"name"`
	}
	if err := s.call(ctx, http.MethodGet, "/api/connections?columns=name", &connections); err != nil {
		return err
	}
	for _, c := range connections {
		if err := s.call(ctx, http.MethodDelete, "/api/connections/"+url.PathEscape(c.Name), nil); err != nil {
			return err
		}
	}
	return nil
}

// Queue is what the broker says of one queue, up to five seconds late.
type Queue struct {
	Name     string `json:"name"`
	Messages int    `json:"messages"` // ready or handed out
}

// Queues lists all queues.
func (s *Servers) Queues(ctx context.Context) (queues []Queue, err error) {
	err = s.call(ctx, http.MethodGet, "/api/queues?columns=name,messages", &queues)
	return queues, err
}

// BrokerVersion is the version of RabbitMQ.
func (s *Servers) BrokerVersion(ctx context.Context) (string, error) {
	var overview struct {
		Version string `json:"rabbitmq_version"`
	}
	err := s.call(ctx, http.MethodGet, "/api/overview?columns=rabbitmq_version", &overview)
	return overview.Version, err
}

func (s *Servers) call(ctx context.Context, method, path string, result any) error {
	return s.callNode(ctx, 0, method, path, result)
}

func (s *Servers) callNode(ctx context.Context, node int, method, path string, result any) error {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+loopback(s.port+node+management)+path, http.NoBody)
	if err != nil {
		return fmt.Errorf("management API: %w", err)
	}
	request.SetBasicAuth(broker, broker)
	return exchange(request, result)
}

// DeleteTopology deletes every queue, with what is in it, and every exchange that is not the broker's own.
func (s *Servers) DeleteTopology(ctx context.Context) error {
	for _, kind := range []string{"queues", "exchanges"} {
		var found []struct {
			Name string `json:"name"`
		}
		if err := s.call(ctx, http.MethodGet, "/api/"+kind+"?columns=name", &found); err != nil {
			return err
		}
		for _, one := range found {
			if one.Name == "" || strings.HasPrefix(one.Name, "amq.") {
				continue
			}
			if err := s.call(ctx, http.MethodDelete, "/api/"+kind+"/%2F/"+url.PathEscape(one.Name), nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// Control runs rabbitmqctl on the first node.
func (s *Servers) Control(ctx context.Context, args ...string) error {
	return s.run(ctx, &s.rabbit, "rabbitmq-ctl", append([]string{"0"}, args...)...)
}

// CrashNode kills one node of the broker.
func (s *Servers) CrashNode(ctx context.Context, node int) error {
	return s.run(ctx, &s.rabbit, "rabbitmq-crash", strconv.Itoa(node))
}

// Leader is the number of the node that leads a quorum queue, as the first node that answers believes.
func (s *Servers) Leader(ctx context.Context, queue string) (int, error) {
	var found struct {
		Leader string   `json:"leader"`
		Online []string `json:"online"`
	}
	var err error
	for node := range s.Nodes {
		if err = s.callNode(ctx, node, http.MethodGet, "/api/queues/%2F/"+url.PathEscape(queue), &found); err == nil {
			break
		}
	}
	if err != nil {
		return 0, err
	}
	for node := range s.Nodes {
		if strings.HasPrefix(found.Leader, fmt.Sprintf("datasync-%d@", s.port+node)) {
			return node, nil
		}
	}
	return 0, fmt.Errorf("queue %s is led by %q, which is none of our nodes", queue, found.Leader)
}

// agree waits until every node sees all others running.
func (s *Servers) agree(ctx context.Context) error {
	if s.Nodes == 1 {
		return nil
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		running, err := s.running(ctx)
		if err == nil && running == s.Nodes*s.Nodes {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the nodes of RabbitMQ do not find each other: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

// running is how many nodes run, summed over the views of all nodes.
func (s *Servers) running(ctx context.Context) (count int, err error) {
	for node := range s.Nodes {
		var nodes []struct {
			Running bool `json:"running"`
		}
		if err := s.callNode(ctx, node, http.MethodGet, "/api/nodes?columns=running", &nodes); err != nil {
			return 0, err
		}
		for _, n := range nodes {
			if n.Running {
				count++
			}
		}
	}
	return count, nil
}
