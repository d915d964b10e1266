package adminapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
)

func (a *API) registerQueues() {
	Read(a, huma.Operation{
		OperationID: "listQueues", Method: http.MethodGet, Path: "/admin/v1/queues",
		Summary: "The service's queues, compared with what it expects of them",
	}, a.queues)
}

func (a *API) queues(ctx context.Context, _ *struct{}) (*Output[admin.List[admin.Queue]], error) {
	queues := []admin.Queue{}
	for _, name := range a.Broker.Queues() {
		state, err := a.Broker.Inspect(ctx, name)
		queue := admin.Queue{
			Name: name, Messages: state.Messages, Consumers: state.Consumers,
			Expected: err == nil && state.Exists && state.Problem == "", Problem: state.Problem,
		}
		if err != nil { // a broker that is away is an answer, and no failure of this service
			queue.Problem = unseen(err)
		}
		if a.BrokerUI != "" {
			queue.UI = a.BrokerUI + "/" + url.PathEscape(name)
		}
		queues = append(queues, queue)
	}
	return output(whole(queues), nil)
}

// unseen says why a queue cannot be looked at.
func unseen(err error) string {
	if errors.Is(err, rabbitmq.ErrNotConnected) {
		return "cannot be looked at: RabbitMQ cannot be reached"
	}
	return fmt.Sprintf("cannot be looked at: %v", err)
}
