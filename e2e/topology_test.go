package e2e_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/datasync-dev/datasync/pkg/rabbitmq/rabbitmqtest"
)

// described is what is read of docs/reference/asyncapi.yaml.
type described struct {
	Channels map[string]struct {
		Address  string
		Bindings struct {
			AMQP struct {
				Is       string
				Exchange struct{ Name, Type string }
				Queue    struct{ Name string }
			}
		}
		Bound []struct{ Exchange, Key string } `yaml:"x-bindings"`
	}
}

func TestTheBrokerHoldsWhatAsyncAPIDescribes(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	var want described
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "docs/reference/asyncapi.yaml")), &want))
	exchanges, bindings := map[string]string{}, []rabbitmqtest.Binding{}
	for _, channel := range want.Channels {
		if channel.Bindings.AMQP.Is == "routingKey" {
			exchanges[channel.Bindings.AMQP.Exchange.Name] = channel.Bindings.AMQP.Exchange.Type
		}
		for _, b := range channel.Bound {
			bindings = append(bindings, rabbitmqtest.Binding{Exchange: b.Exchange, Queue: channel.Address, Key: b.Key})
		}
	}
	found := rabbitmqtest.Declared(t, s.amqp)
	require.Equal(t, exchanges, found.Exchanges)
	require.ElementsMatch(t, bindings, found.Bindings)
}
