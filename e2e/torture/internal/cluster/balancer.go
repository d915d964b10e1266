package cluster

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync/atomic"
)

// balancer hands connections to several backends in turn, leaving out those that refuse: what stands between Stripe and
// the replicas of a connector.
type balancer struct {
	listener net.Listener
	backends []string
	next     atomic.Uint64
}

func newBalancer(ctx context.Context, port int, backends ...string) (*balancer, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", loopback(port))
	if err != nil {
		return nil, fmt.Errorf("open the balancer: %w", err)
	}
	b := &balancer{listener: listener, backends: backends}
	go b.serve(context.WithoutCancel(ctx)) // until it is closed
	return b, nil
}

func (b *balancer) addr() string { return b.listener.Addr().String() }

func (b *balancer) close() { _ = b.listener.Close() }

func (b *balancer) serve(ctx context.Context) {
	for {
		client, err := b.listener.Accept()
		if err != nil {
			return // closed
		}
		go b.join(ctx, client)
	}
}

func (b *balancer) join(ctx context.Context, client net.Conn) {
	defer func() { _ = client.Close() }()
	backend := b.dial(ctx)
	if backend == nil {
		return
	}
	defer func() { _ = backend.Close() }()
	done := make(chan struct{}, 2)
	pass := func(to io.Writer, from io.Reader) {
		_, _ = io.Copy(to, from) // either end may go away at any time
		done <- struct{}{}
	}
	go pass(backend, client)
	go pass(client, backend)
	<-done
}

func (b *balancer) dial(ctx context.Context) net.Conn {
	for range b.backends {
		backend := b.backends[b.next.Add(1)%uint64(len(b.backends))]
		if conn, err := new(net.Dialer).DialContext(ctx, "tcp", backend); err == nil {
			return conn
		}
	}
	return nil
}
