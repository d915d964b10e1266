package rabbitmq_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/rabbitmq"
)

func TestQueuesAreShownInTheirVirtualHost(t *testing.T) {
	t.Parallel()
	for amqpURL, want := range map[string]string{
		"amqp://guest:guest@localhost:5672/":     "http://rabbit:15672/#/queues/%2F",
		"amqp://guest:guest@localhost:5672":      "http://rabbit:15672/#/queues/%2F",
		"amqp://guest:guest@localhost:5672/sync": "http://rabbit:15672/#/queues/sync",
		"amqp://guest:guest@localhost/a%2Fb":     "http://rabbit:15672/#/queues/a%2Fb",
		"no URL":                                 "",
	} {
		require.Equal(t, want, rabbitmq.QueuesUI("http://rabbit:15672/", amqpURL), amqpURL)
	}
	require.Empty(t, rabbitmq.QueuesUI("", "amqp://localhost"))
}
