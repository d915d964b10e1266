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
	headerTimeout = 10 * time.Second // slow headers must not hold a connection
	idleTimeout   = 2 * time.Minute
	maxHeader     = 64 << 10
	drainTimeout  = 5 * time.Second // for requests in flight when the server stops
	closeTimeout  = time.Second     // for handlers to notice that their context has ended
)

// HTTP is the loop that serves h at addr. When it is stopped it takes no new requests and lets those in flight finish
// for a few seconds; then it ends their contexts.
func HTTP(name, addr string, h http.Handler) Loop {
	return Loop{Name: name, Run: func(ctx context.Context) error { return serve(ctx, addr, h) }}
}

func serve(ctx context.Context, addr string, h http.Handler) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("ADDR: %w", err)
	}
	requests, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
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
