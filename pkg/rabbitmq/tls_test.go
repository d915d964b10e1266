package rabbitmq_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/rabbitmq/rabbitmqtest"
	"github.com/datasync-dev/datasync/pkg/tlstest"
)

func TestTheURLAsksForAnEncryptedConnectionToABrokerThatProvesItself(t *testing.T) {
	t.Parallel()
	broker := tlstest.New(t)
	plain, err := url.Parse(rabbitmqtest.VHost(t))
	require.NoError(t, err)
	secure := *plain
	secure.Scheme, secure.Host = "amqps", "localhost:"+broker.Front(t, plain.Host, nil)
	trusting := func(authority string) *bundle {
		secure.RawQuery = url.Values{"cacertfile": {authority}}.Encode()
		return start(t, secure.String(), topology())
	}
	b := trusting(broker.File)
	b.awaitReady(t)
	b.publishAll(t, work(0, 10))

	stranger := trusting(tlstest.New(t).File)
	require.Eventually(t, func() bool {
		problem := stranger.client.Ready()
		return problem != nil && strings.Contains(problem.Error(), "certificate")
	}, patience, 5*time.Millisecond, "a broker that anybody could be is not taken")
}
