package cluster

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// Servers are the run's own PostgreSQL and RabbitMQ.
type Servers struct {
	Database   string // URL of the server itself, around all proxies
	Broker     string // likewise; the first node's, when there are several
	Management string // base URL of RabbitMQ's management API
	Nodes      int    // of RabbitMQ, at consecutive ports

	script, dir      string
	port             int        // of the first node
	postgres, rabbit sync.Mutex // one thing at a time is done to each
}

const (
	login  = "torture"
	broker = "guest"
)

func newServers(ctx context.Context, root, dir string, nodes int, p *ports) (*Servers, error) {
	database, err := p.take(ctx)
	if err != nil {
		return nil, err
	}
	queue, err := p.broker(ctx, nodes)
	if err != nil {
		return nil, err
	}
	return &Servers{
		Database:   fmt.Sprintf("postgres://%s:%s@%s/%s?sslmode=disable", login, login, loopback(database), login),
		Broker:     fmt.Sprintf("amqp://%s:%s@%s/", broker, broker, loopback(queue)),
		Management: "http://" + loopback(queue+management), Nodes: nodes, port: queue,
		script: filepath.Join(root, "e2e", "torture", "internal", "cluster", "servers.sh"), dir: dir,
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
	if err := s.run(ctx, &s.rabbit, "rabbitmq-start"); err != nil {
		return err
	}
	return s.agree(ctx)
}

// CrashRabbitMQ kills the broker, all nodes of it.
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

func (s *Servers) run(ctx context.Context, lock *sync.Mutex, verb string, args ...string) error {
	lock.Lock()
	defer lock.Unlock()
	command := exec.CommandContext(ctx, "bash", append([]string{s.script, s.dir, verb}, args...)...) //nolint:gosec // a script of this repository
	command.Env = append(command.Environ(), "DATABASE_URL="+s.Database, "AMQP_URL="+s.Broker, "NO_COLOR=1", "NODES="+strconv.Itoa(s.Nodes))
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", verb, err, strings.TrimSpace(output.String()))
	}
	return nil
}

// nodes are the addresses of RabbitMQ's nodes.
func (s *Servers) nodes() (addresses []string) {
	for node := range s.Nodes {
		addresses = append(addresses, loopback(s.port+node))
	}
	return addresses
}
