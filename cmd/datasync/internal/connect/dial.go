package connect

import (
	"fmt"
	"net/http"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// conns is how many connections to one service are kept open: as many as an import uses at once.
const conns = 64

// Dial returns clients; nothing is sent yet. Version goes into the User-Agent.
func Dial(s Settings, version string) *Services {
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		transport = &http.Transport{}
	}
	transport = transport.Clone()
	transport.MaxIdleConnsPerHost, transport.MaxIdleConns = conns, 2*conns
	from := agent{transport, "datasync/" + version}
	services := &Services{Settings: s, HTTP: &http.Client{Transport: from, Timeout: s.Timeout}}
	client := func(url string, key Key, who string) *admin.Client {
		return &admin.Client{URL: url, Key: key.Secret, HTTP: &http.Client{Transport: refusals{from, who}, Timeout: s.Timeout}}
	}
	services.catalog = client(s.Catalog, s.Keys.catalog(), fmt.Sprintf("the catalog (%s)", s.Catalog))
	for i, url := range s.Connectors {
		key := s.Keys.connector(i)
		who := "the connector at " + url
		if key.Service != "" {
			who += " (key of " + key.Service + ")"
		}
		services.connectors = append(services.connectors, client(url, key, who))
	}
	return services
}

// agent says who asks.
type agent struct {
	next http.RoundTripper
	name string
}

// RoundTrip implements http.RoundTripper.
func (a agent) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", a.name)
	return a.next.RoundTrip(r)
}
