package cluster

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// Link is the network between one process and one of those it talks to. Its methods are safe for concurrent use.
type Link struct {
	Name string
	Addr string // where the process connects to

	mu    sync.Mutex
	proxy *toxiproxy.Proxy
}

// network makes links.
type network struct {
	server *toxiproxy.ApiServer
	ports  *ports
	links  []*Link
}

func newNetwork(p *ports) *network {
	return &network{server: toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), ports: p}
}

// link opens a link to an address.
func (n *network) link(ctx context.Context, name, to string) (*Link, error) {
	port, err := n.ports.take(ctx)
	if err != nil {
		return nil, err
	}
	l := &Link{Name: name, Addr: loopback(port), proxy: toxiproxy.NewProxy(n.server, name, loopback(port), to)}
	if err := l.proxy.Start(); err != nil {
		return nil, fmt.Errorf("open the link %s: %w", name, err)
	}
	n.links = append(n.links, l)
	return l, nil
}

// Cut breaks all connections, and refuses new ones until the link is mended.
func (l *Link) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.proxy.Stop()
}

// Silence lets nothing through any more, while connections look open. When the link is mended they break.
func (l *Link) Silence() error {
	return l.poison("silence", "timeout", `{"timeout": 0}`, "upstream", "downstream")
}

// Deafen is Silence in one direction: what the process sends arrives, but no answer comes back.
func (l *Link) Deafen() error { return l.poison("deafen", "timeout", `{"timeout": 0}`, "downstream") }

// Mute is Silence in the other direction: the process hears, but nothing that it sends arrives.
func (l *Link) Mute() error { return l.poison("mute", "timeout", `{"timeout": 0}`, "upstream") }

// Delay makes everything take longer in both directions, by up to twice that.
func (l *Link) Delay(by time.Duration) error {
	ms := by.Milliseconds()
	return l.poison("delay", "latency", fmt.Sprintf(`{"latency": %d, "jitter": %d}`, ms, ms), "upstream", "downstream")
}

// Reset answers whatever is sent with a reset of the connection.
func (l *Link) Reset() error {
	return l.poison("reset", "reset_peer", `{"timeout": 0}`, "upstream", "downstream")
}

func (l *Link) poison(name, toxic, attributes string, streams ...string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, stream := range streams {
		spec := fmt.Sprintf(`{"name": %q, "type": %q, "stream": %q, "attributes": %s}`, name+"-"+stream, toxic, stream, attributes)
		if _, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(spec)); err != nil {
			return fmt.Errorf("%s %s: %w", name, l.Name, err)
		}
	}
	return nil
}

// Mend makes the link whole again, whatever was done to it.
func (l *Link) Mend(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.proxy.Toxics.ResetToxics(ctx)
	if l.proxy.Enabled {
		return nil
	}
	if err := l.proxy.Start(); err != nil {
		return fmt.Errorf("mend the link %s: %w", l.Name, err)
	}
	return nil
}
