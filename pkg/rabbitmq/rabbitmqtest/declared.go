package rabbitmqtest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Binding brings the messages of an exchange to a queue.
type Binding struct {
	Exchange string `json:"source"`
	Queue    string `json:"destination"`
	Key      string `json:"routing_key"`
}

// Declarations are what was declared in a virtual host by name, the broker's own and what belongs to one connection
// left out.
type Declarations struct {
	Exchanges map[string]string // the kind by the name
	Bindings  []Binding
}

// Declared returns what the virtual host of amqpURL holds.
func Declared(t testing.TB, amqpURL string) Declarations {
	t.Helper()
	target, err := url.Parse(amqpURL)
	require.NoError(t, err)
	host := strings.TrimPrefix(target.Path, "/")
	var exchanges []struct{ Name, Type string }
	call(t, http.MethodGet, "/api/exchanges/"+host, "", &exchanges)
	var bindings []Binding
	call(t, http.MethodGet, "/api/bindings/"+host, "", &bindings)
	found := Declarations{Exchanges: map[string]string{}}
	for _, e := range exchanges {
		if e.Name != "" && !strings.HasPrefix(e.Name, "amq.") {
			found.Exchanges[e.Name] = e.Type
		}
	}
	for _, b := range bindings {
		if b.Exchange != "" && !strings.HasPrefix(b.Queue, "amq.") {
			found.Bindings = append(found.Bindings, b)
		}
	}
	return found
}
