package rabbitmq

import (
	"net/url"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

// QueuesUI is where the management UI at an address shows the queues of the virtual host that an AMQP URL names; "" if
// there is no UI, or the URL cannot be read. A queue's page is at its name below that.
func QueuesUI(ui, amqpURL string) string {
	uri, err := amqp.ParseURI(amqpURL)
	if ui == "" || err != nil {
		return ""
	}
	return strings.TrimSuffix(ui, "/") + "/#/queues/" + url.PathEscape(uri.Vhost)
}
