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

// Services are the clients of all services.
type Services struct {
	Settings Settings
	HTTP     *http.Client // for requests without an API key, and for other servers

	catalog    *admin.Client
	connectors []*admin.Client
}

// Service is one service by its name.
type Service struct {
	Name string
	*admin.Client
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
	return s.find(ctx, name, "connector")
}

// find looks for a connector. kind is what the user was asked to name, and others what else could have been meant.
func (s *Services) find(ctx context.Context, name, kind string, others ...string) (Service, error) {
	if len(s.connectors) == 0 {
		return Service{}, exit.New(exit.Usage, "no connector is configured", "set "+EnvConnectors+" to their URLs")
	}
	found, failed := s.named(ctx)
	names := others
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
		return Service{}, exit.New(exit.NotFound, fmt.Sprintf("there is no %s %q", kind, name), fmt.Sprintf("the %ss are: %s", kind, known))
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
	one, err := s.find(ctx, name, "service", Catalog)
	return []Service{one}, err
}

// Whole is Select for what has to be done at all services or at none: it is an error when a connector does not tell its name.
func (s *Services) Whole(ctx context.Context) ([]Service, error) {
	found, failed := s.named(ctx)
	return append([]Service{s.Catalog()}, found...), failed
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
