package service

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

const (
	idleTimeout  = 2 * time.Minute
	maxHeader    = 64 << 10
	drainTimeout = 5 * time.Second // for requests in flight when the server stops
	// closeTimeout is for handlers to notice that their context has ended. A connection on which no request ever came, as
	// clients make some to be ready, holds a server up for five to six seconds of these and drainTimeout.
	closeTimeout = 2 * time.Second
)

// HTTP is the loop that serves h at addr. When it is stopped it takes no new requests and lets those in flight finish
// for a few seconds; then it ends their contexts. Clients that are too slow are cut off, see Timeouts.
func HTTP(name, addr string, h http.Handler) Loop {
	return Timeouts{Header: 10 * time.Second, Body: 10 * time.Second, Write: 30 * time.Second}.HTTP(name, addr, h)
}

// HTTP is the same with other timeouts.
func (t Timeouts) HTTP(name, addr string, h http.Handler) Loop {
	return Loop{Name: name, Run: func(ctx context.Context) error { return t.serve(ctx, addr, h) }}
}

func (t Timeouts) serve(ctx context.Context, addr string, h http.Handler) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("ADDR: %w", err)
	}
	requests, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	server := &http.Server{
		Handler:           t.handler(h),
		ReadHeaderTimeout: t.Header,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		BaseContext:       func(net.Listener) context.Context { return requests },
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve %s: %w", addr, err)
	case <-ctx.Done():
	}
	return shutdown(requests, end, server)
}

func shutdown(ctx context.Context, end context.CancelFunc, server *http.Server) error {
	drain, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	err := server.Shutdown(drain)
	if !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	end()
	last, cancelLast := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancelLast()
	if err := server.Shutdown(last); err != nil {
		return errors.Join(fmt.Errorf("requests still in flight: %w", err), server.Close())
	}
	return nil
}
