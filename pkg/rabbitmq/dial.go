package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	dialTimeout  = 5 * time.Second // to connect, and again to shake hands
	heartbeat    = 5 * time.Second // a silent partition is noticed after one and a half
	closeTimeout = 2 * time.Second
)

// dial connects once. Its errors are sentences for an operator and hold no credentials.
func dial(ctx context.Context, url, name string) (*amqp.Connection, error) {
	uri, err := amqp.ParseURI(url)
	if err != nil {
		return nil, errInvalidURL
	}
	properties := amqp.NewConnectionProperties()
	properties.SetClientConnectionName(name)
	var socket net.Conn
	stop := func() bool { return true }
	conn, err := amqp.DialConfig(url, amqp.Config{
		Heartbeat:  heartbeat,
		Properties: properties,
		Dial: func(network, address string) (net.Conn, error) {
			dialer := net.Dialer{Timeout: dialTimeout}
			dialed, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			socket = dialed
			stop = context.AfterFunc(ctx, func() { _ = dialed.Close() })   // the handshake knows no context
			return dialed, dialed.SetDeadline(time.Now().Add(dialTimeout)) // lifted after the handshake
		},
	})
	stop()
	if err != nil {
		if socket != nil {
			_ = socket.Close() // ends what the library left running
		}
		return nil, dialError(uri, err)
	}
	return conn, nil
}

var errInvalidURL = errors.New("the RabbitMQ URL is not valid: expected amqp://user:password@host:port/vhost")

func dialError(uri amqp.URI, err error) error {
	if refused, ok := errors.AsType[*amqp.Error](err); ok {
		switch refused.Code {
		case amqp.AccessRefused:
			return fmt.Errorf("RabbitMQ refuses the login of user %q: check user name and password (%w)", uri.Username, err)
		case amqp.NotAllowed:
			return fmt.Errorf("virtual host %q does not exist or is closed to user %q (%w)", uri.Vhost, uri.Username, err)
		}
	}
	return fmt.Errorf("RabbitMQ cannot be reached at %s:%d: %w", uri.Host, uri.Port, err)
}
