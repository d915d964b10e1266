package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
)

const eventsQueue = cluster.ConnectorName + "-connector.events.v1"

// blocked: writes are accepted although the broker takes nothing, and the services say why nothing moves.
func blocked(ctx context.Context, r *rig, t traffic) (string, error) {
	const sign = "blocked by the broker"
	err := r.until(ctx, quietLimit, "every service says that it is blocked", func(ctx context.Context) bool {
		for _, p := range append(r.cluster.Catalogs, r.cluster.Connectors...) {
			if !strings.Contains(r.verbose(ctx, p), sign) {
				return false
			}
		}
		return true
	})
	said, refused := accepted(ctx, r, t)
	return said + "; /readyz?verbose says " + sign, errors.Join(err, refused)
}

// deleteTopology deletes everything that is declared, when the queues are empty: what is in a deleted queue is gone.
func deleteTopology(ctx context.Context, r *rig) error {
	return r.cluster.Servers.DeleteTopology(ctx)
}

// holdDeliveries makes the broker impatient with consumers, and lets those of the connectors reach no database: they
// hold what they have until the broker closes their channels.
func holdDeliveries(ctx context.Context, r *rig) error {
	// Evaluated by each channel with its tick; both are read when a channel is opened.
	err := r.cluster.Servers.Control(ctx, "eval", `application:set_env(rabbit, consumer_timeout, 1500), application:set_env(rabbit, channel_tick_interval, 500).`)
	if err != nil {
		return err
	}
	// Not by the management API, which has not heard yet of a connection that is younger than five seconds.
	if err := r.cluster.Servers.Control(ctx, "close_all_connections", "faults"); err != nil {
		return err
	}
	if _, err := r.rest(ctx); err != nil {
		return err
	}
	return onLinks("stripe-connector", func(l *cluster.Link) error {
		if strings.HasSuffix(l.Name, " to postgres") {
			l.Cut()
		}
		return nil
	})(ctx, r)
}

// channelClosed: the broker gave up on consumers that hold deliveries.
func channelClosed(ctx context.Context, r *rig, _ traffic) (string, error) {
	err := r.until(ctx, quietLimit, "the broker closes a channel", func(context.Context) bool {
		return r.logged(r.cluster.Connectors, "delivery acknowledgement on channel") != ""
	})
	return "; the broker closed channels, and the log says why", err
}

func handleDeliveries(ctx context.Context, r *rig) error {
	err := r.cluster.Servers.Control(ctx, "eval", `application:set_env(rabbit, consumer_timeout, 1800000), application:set_env(rabbit, channel_tick_interval, 60000).`)
	return errors.Join(err, mendLinks(ctx, r))
}

// killLeader kills the node that leads the connectors' queue.
func killLeader(ctx context.Context, r *rig) error {
	leader, err := r.cluster.Servers.Leader(ctx, eventsQueue)
	if err != nil {
		return err
	}
	return r.cluster.Servers.CrashNode(ctx, leader)
}

// flowsOn: with two of three nodes left, a write gets to Stripe as before, and the queue has another leader.
func flowsOn(ctx context.Context, r *rig, t traffic) (string, error) {
	if _, err := accepted(ctx, r, t); err != nil {
		return "", err
	}
	took, err := r.rest(ctx)
	if err != nil {
		return "", err
	}
	leader, err := r.cluster.Servers.Leader(ctx, eventsQueue)
	return fmt.Sprintf("; at rest with two nodes %.1f s later, node %d leads", took.Seconds(), leader), err
}

// noticed: every service knows within 8 s that its connection to the broker is dead.
func noticed(ctx context.Context, r *rig, t traffic) (string, error) {
	said, err := accepted(ctx, r, t)
	var late []error
	for _, p := range append(r.cluster.Catalogs, r.cluster.Connectors...) {
		// The traffic went on for longer than that already.
		if !strings.Contains(r.verbose(ctx, p), "RabbitMQ") {
			late = append(late, fmt.Errorf("%s has not noticed within %s", p.Name, 12*time.Second))
		}
	}
	return said + "; every service had noticed", errors.Join(append(late, err)...)
}
