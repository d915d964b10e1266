package server

import (
	"context"
	"runtime/debug"
	"time"

	"github.com/google/uuid"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
)

// announceTimeout is how long an announcement is tried. Replicas that it does not reach find out by themselves, seconds
// later.
const announceTimeout = 3 * time.Second

// announcer tells the replicas of this connector that operators want something else.
type announcer struct {
	broker *rabbitmq.Client
	name   string
	news   chan struct{}
}

func newAnnouncer(broker *rabbitmq.Client, name string) *announcer {
	return &announcer{broker: broker, name: name, news: make(chan struct{}, 1)}
}

// announce never blocks.
func (a *announcer) announce() {
	select {
	case a.news <- struct{}{}:
	default: // one that was not sent yet covers this one
	}
}

// run sends announcements until ctx ends.
func (a *announcer) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-a.news:
			a.send(ctx)
		}
	}
}

func (a *announcer) send(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, announceTimeout)
	defer cancel()
	a.broker.Publish(ctx, []rabbitmq.Message{{Exchange: event.ControlExchange, ID: uuid.NewString(), Body: []byte(a.name)}})
}

// listen calls heard whenever operators may want something else of this connector.
func (a *announcer) listen(ctx context.Context, heard func()) error {
	return a.broker.Listen(ctx, event.ControlExchange, func(body []byte) {
		if body == nil || string(body) == a.name {
			heard()
		}
	})
}

// version is that of the program, as the go command noted it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "unknown"
	}
	return info.Main.Version
}
