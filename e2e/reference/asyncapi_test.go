package reference_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/datasync-dev/datasync/e2e/reference"
	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
)

// topology is what the catalog and the connector named stripe declare. That a real broker holds exactly this is seen by
// TestTheBrokerHoldsWhatAsyncAPIDescribes, one directory up.
func topology() rabbitmq.Topology {
	all := connector.Topology("stripe")
	all.Queues = append(all.Queues,
		rabbitmq.Queue{Name: "catalog.changes.v1", Bindings: []rabbitmq.Binding{
			{Exchange: event.ChangesExchange, Key: "*.customer.v1"}, {Exchange: event.ChangesExchange, Key: "*.state.v1"},
		}},
		rabbitmq.Queue{Name: "catalog.dead.v1", Bindings: []rabbitmq.Binding{{Exchange: event.DeadExchange, Key: "catalog"}}},
	)
	return all
}

func TestMessagesAreDescribed(t *testing.T) {
	t.Parallel()
	shapes, err := reference.ReadShapes(filepath.Join(root, "pkg/event"), filepath.Join(root, "pkg/record"))
	require.NoError(t, err)
	document, err := yaml.Marshal(reference.AsyncAPI(shapes, topology()))
	require.NoError(t, err)
	compare(t, "docs/reference/asyncapi.yaml", string(document))
}
