package connect

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/pkg/admin"
)

// Catalog is the name of the service that is no connector.
const Catalog = "catalog"

// conns is how many connections to one service are kept open: as many as an import uses at once.
const conns = 64

// Services are the clients of all services.
type Services struct {
	Settings Settings
	HTTP     *http.Client

	catalog    *admin.Client
	connectors []*admin.Client
}

// Service is one service by its name.
type Service struct {
	Name string
	*admin.Client
}

// Dial returns clients; nothing is sent yet. Version goes into the User-Agent.
func Dial(s Settings, version string) *Services {
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		transport = &http.Transport{}
	}
	transport = transport.Clone()
	transport.MaxIdleConnsPerHost, transport.MaxIdleConns = conns, 2*conns
	client := &http.Client{Transport: agent{transport, "datasync/" + version}, Timeout: s.Timeout}
	services := &Services{Settings: s, HTTP: client}
	services.catalog = &admin.Client{URL: s.Catalog, Key: s.Key, HTTP: client}
	for _, url := range s.Connectors {
		services.connectors = append(services.connectors, &admin.Client{URL: url, Key: s.Key, HTTP: client})
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

// Catalog returns the catalog.
func (s *Services) Catalog() Service { return Service{Catalog, s.catalog} }

// Connectors returns every connector, asking each for its name. One that does not answer is named by its URL.
func (s *Services) Connectors(ctx context.Context) []Service {
	found, _ := s.named(ctx)
	return found
}

// named also returns why names are not known.
func (s *Services) named(ctx context.Context) (found []Service, failed error) {
	for _, client := range s.connectors {
		status, err := client.Status(ctx)
		if err != nil {
			failed, status.Service = err, client.URL
		}
		found = append(found, Service{status.Service, client})
	}
	return found, failed
}

// Connector returns the connector of a name. With no name there has to be one only.
func (s *Services) Connector(ctx context.Context, name string) (Service, error) {
	if len(s.connectors) == 0 {
		return Service{}, exit.New(exit.Usage, "no connector is configured", "set "+EnvConnectors+" to their URLs")
	}
	found, failed := s.named(ctx)
	names := make([]string, 0, len(found))
	for _, one := range found {
		if one.Name == name {
			return one, nil
		}
		names = append(names, one.Name)
	}
	known := strings.Join(names, ", ")
	switch {
	case failed != nil:
		return Service{}, failed
	case name != "":
		return Service{}, exit.New(exit.NotFound, fmt.Sprintf("there is no connector %q", name), "the connectors are: "+known)
	case len(found) > 1:
		return Service{}, exit.New(exit.Usage, "there are several connectors: "+known, "say which one with --connector")
	}
	return found[0], nil
}

// All returns the catalog and every connector.
func (s *Services) All(ctx context.Context) []Service {
	return append([]Service{s.Catalog()}, s.Connectors(ctx)...)
}

// Select returns the services that a name selects; "" selects all.
func (s *Services) Select(ctx context.Context, name string) ([]Service, error) {
	switch name {
	case "":
		return s.All(ctx), nil
	case Catalog:
		return []Service{s.Catalog()}, nil
	}
	one, err := s.Connector(ctx, name)
	return []Service{one}, err
}

// SelectConnectors returns the connectors that a name selects; "" selects all.
func (s *Services) SelectConnectors(ctx context.Context, name string) ([]Service, error) {
	if name == "" {
		return s.Connectors(ctx), nil
	}
	one, err := s.Connector(ctx, name)
	return []Service{one}, err
}

// URLs returns the connectors' addresses without asking them anything.
func (s *Services) URLs() []*admin.Client { return s.connectors }
