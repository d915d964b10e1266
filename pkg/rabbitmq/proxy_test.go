package rabbitmq_test

import (
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy stands between a client and the broker, and can stop passing anything on.
type proxy struct {
	url      string
	target   string
	listener net.Listener

	mu      sync.Mutex
	flowing chan struct{} // closed while bytes flow
	open    []net.Conn
	dialled int
}

func newProxy(t *testing.T, amqpURL string) *proxy {
	t.Helper()
	through, err := url.Parse(amqpURL)
	require.NoError(t, err)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{target: through.Host, listener: listener, flowing: make(chan struct{})}
	close(p.flowing)
	through.Host = listener.Addr().String()
	p.url = through.String()
	go p.accept()
	t.Cleanup(p.close)
	return p
}

func (p *proxy) accept() {
	for {
		inner, err := p.listener.Accept()
		if err != nil {
			return
		}
		outer, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = inner.Close()
			continue
		}
		p.mu.Lock()
		p.open = append(p.open, inner, outer)
		p.dialled++
		p.mu.Unlock()
		go p.copy(outer, inner)
		go p.copy(inner, outer)
	}
}

func (p *proxy) copy(to, from net.Conn) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buffer := make([]byte, 16<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		p.mu.Lock()
		flowing := p.flowing
		p.mu.Unlock()
		<-flowing
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// stall stops passing bytes on in both directions, like a network that swallows everything.
func (p *proxy) stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flowing = make(chan struct{})
}

func (p *proxy) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.flowing)
}

// connections is how many there have been.
func (p *proxy) connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dialled
}

func (p *proxy) close() {
	_ = p.listener.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.flowing:
	default:
		close(p.flowing)
	}
	for _, conn := range p.open {
		_ = conn.Close()
	}
}
