package cluster

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// Servers are the run's own PostgreSQL and RabbitMQ.
type Servers struct {
	Database   string // URL of the server itself, around all proxies
	Broker     string // likewise
	Management string // base URL of RabbitMQ's management API

	script, dir      string
	postgres, rabbit sync.Mutex // one thing at a time is done to each
}

const (
	login  = "torture"
	broker = "guest"
)

func newServers(ctx context.Context, root, dir string, p *ports) (*Servers, error) {
	database, err := p.take(ctx)
	if err != nil {
		return nil, err
	}
	queue, err := p.broker(ctx)
	if err != nil {
		return nil, err
	}
	return &Servers{
		Database:   fmt.Sprintf("postgres://%s:%s@%s/%s?sslmode=disable", login, login, loopback(database), login),
		Broker:     fmt.Sprintf("amqp://%s:%s@%s/", broker, broker, loopback(queue)),
		Management: "http://" + loopback(queue+management),
		script:     filepath.Join(root, "e2e", "torture", "internal", "cluster", "servers.sh"), dir: dir,
	}, nil
}

// StartPostgres starts the database and returns when it answers. It does nothing when it runs.
func (s *Servers) StartPostgres(ctx context.Context) error {
	return s.run(ctx, &s.postgres, "postgres-start")
}

// CrashPostgres makes all processes of the database quit at once.
func (s *Servers) CrashPostgres(ctx context.Context) error {
	return s.run(ctx, &s.postgres, "postgres-crash")
}

// StartRabbitMQ starts the broker and returns when it answers. It does nothing when it runs.
func (s *Servers) StartRabbitMQ(ctx context.Context) error {
	return s.run(ctx, &s.rabbit, "rabbitmq-start")
}

// CrashRabbitMQ kills the broker.
func (s *Servers) CrashRabbitMQ(ctx context.Context) error {
	return s.run(ctx, &s.rabbit, "rabbitmq-crash")
}

// StopRabbitMQ asks the broker to stop.
func (s *Servers) StopRabbitMQ(ctx context.Context) error {
	return s.run(ctx, &s.rabbit, "rabbitmq-stop")
}

func (s *Servers) stopPostgres(ctx context.Context) error {
	return s.run(ctx, &s.postgres, "postgres-stop")
}

func (s *Servers) run(ctx context.Context, lock *sync.Mutex, verb string) error {
	lock.Lock()
	defer lock.Unlock()
	command := exec.CommandContext(ctx, "bash", s.script, s.dir, verb) //nolint:gosec // a script of this repository
	command.Env = append(command.Environ(), "DATABASE_URL="+s.Database, "AMQP_URL="+s.Broker, "NO_COLOR=1")
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", verb, err, strings.TrimSpace(output.String()))
	}
	return nil
}

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

func (s *Servers) call(ctx context.Context, method, path string, result any) error {
	request, err := http.NewRequestWithContext(ctx, method, s.Management+path, http.NoBody)
	if err != nil {
		return fmt.Errorf("management API: %w", err)
	}
	request.SetBasicAuth(broker, broker)
	return exchange(request, result)
}
