package inbound_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/services/catalog/internal/inbound"
)

// receiveTwice: whatever a change says, it makes a first version, and nothing the second time.
func receiveTwice(t *testing.T, c event.Change) {
	t.Helper()
	policies, err := inbound.ParsePolicies("newest", "")
	require.NoError(t, err)
	first := inbound.Receive(nil, c, policies, time.Now())
	require.EqualValues(t, 1, first.Next.Version)
	require.NotEmpty(t, first.Verb)
	require.GreaterOrEqual(t, first.Next.Generation, int64(1))
	second := inbound.Receive(&first.Next, c, policies, time.Now())
	require.Equal(t, inbound.ResultDuplicate, second.Result)
	require.Empty(t, second.Verb)
}

func TestPoliciesAreFoundByFieldThenByGroup(t *testing.T) {
	t.Parallel()
	p, err := inbound.ParsePolicies("newest", " email=catalog, address=remote,address.city=catalog ,metadata.plan=remote,")
	require.NoError(t, err)
	for field, want := range map[string]string{
		"name": "newest", "email": "catalog", "address.line1": "remote", "address.city": "catalog",
		"shipping.address.city": "newest", "metadata.plan": "remote", "metadata.other": "newest", "metadata.plan.b": "remote",
	} {
		require.Equal(t, want, string(p.For(field)), field)
	}
}

func TestWrongPoliciesAreAllNamed(t *testing.T) {
	t.Parallel()
	_, err := inbound.ParsePolicies("oldest", "email=mine,colour=remote,phone")
	for _, part := range []string{`"oldest"`, `"mine"`, `"colour"`, `"phone"`} {
		require.ErrorContains(t, err, part)
	}
	for _, exceptions := range []string{"=remote", "metadata.=remote", "email=", "address.=catalog"} {
		_, err := inbound.ParsePolicies("newest", exceptions)
		require.Error(t, err, exceptions)
	}
}

func topology() rabbitmq.Topology {
	return rabbitmq.Topology{
		Exchanges: []rabbitmq.Exchange{{Name: event.ChangesExchange, Kind: "topic"}, {Name: event.DeadExchange, Kind: "topic"}},
		Queues: []rabbitmq.Queue{
			{Name: "dead", Bindings: []rabbitmq.Binding{{Exchange: event.DeadExchange, Key: "catalog"}}},
			{
				Name: "changes", Bindings: []rabbitmq.Binding{{Exchange: event.ChangesExchange, Key: "#"}},
				DeadExchange: event.DeadExchange, DeadKey: "catalog",
			},
		},
	}
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }
