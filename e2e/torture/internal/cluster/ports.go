package cluster

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are taken from below the range that the system gives to outgoing connections: a server that was killed must get
// its port back.
const (
	firstPort = 13_000
	lastPort  = 19_000
	// RabbitMQ's other two ports lie 10,000 and 20,000 above the one it listens on, as make deps has it.
	firstBroker = 11_000
	lastBroker  = 12_500
	management  = 10_000
	distributed = 20_000
)

var errNoPort = errors.New("no free port")

// ports hands out ports that nobody listens on, each once.
type ports struct{ next int }

func newPorts() *ports {
	return &ports{next: firstPort + rand.IntN(lastPort-firstPort-500)} //nolint:gosec // two runs at once must not meet
}

func (p *ports) take(ctx context.Context) (int, error) {
	for ; p.next < lastPort; p.next++ {
		if free(ctx, p.next) {
			p.next++
			return p.next - 1, nil
		}
	}
	return 0, errNoPort
}

// broker is a port for the first node of RabbitMQ: it is free, and so are the node's other two, and those of the nodes
// that follow.
func (p *ports) broker(ctx context.Context, nodes int) (int, error) {
	for range 200 {
		port := firstBroker + rand.IntN(lastBroker-firstBroker) //nolint:gosec // as above
		if freeNodes(ctx, port, nodes) {
			return port, nil
		}
	}
	return 0, errNoPort
}

func freeNodes(ctx context.Context, first, nodes int) bool {
	for port := range nodes {
		port += first
		if !free(ctx, port) || !free(ctx, port+management) || !free(ctx, port+distributed) {
			return false
		}
	}
	return true
}

func free(ctx context.Context, port int) bool {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", loopback(port))
	if err != nil {
		return false
	}
	return listener.Close() == nil
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
