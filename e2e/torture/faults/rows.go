package main

import (
	"context"
	"time"

	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
)

// rows are all, in the order in which they are played.
func rows() []row {
	stop := func(ctx context.Context, r *rig) error { return r.cluster.Servers.StopRabbitMQ(ctx) }
	kill := func(ctx context.Context, r *rig) error { return r.cluster.Servers.CrashRabbitMQ(ctx) }
	start := func(ctx context.Context, r *rig) error { return r.cluster.Servers.StartRabbitMQ(ctx) }
	return []row{
		{name: "broker-stopped", hold: 5 * time.Second, breaks: stop, during: accepted, mends: start},
		{name: "broker-killed", hold: 5 * time.Second, breaks: kill, during: accepted, mends: start},
		{name: "connections-closed", hold: 3 * time.Second, breaks: closeConnections, during: accepted},
		{
			name: "memory-alarm", short: true, hold: 8 * time.Second,
			breaks: control("set_vm_memory_high_watermark", "absolute", "1MiB"), during: blocked,
			mends: control("set_vm_memory_high_watermark", "0.4"),
		},
		{
			name: "broker-disk-full", hold: 5 * time.Second,
			breaks: control("set_disk_free_limit", "1000000GB"), during: blocked,
			mends: control("set_disk_free_limit", "20MB"),
		},
		{name: "topology-deleted", short: true, hold: 8 * time.Second, breaks: deleteTopology, during: accepted},
		{name: "events-lost", short: true, breaks: loseEvents, during: eventsMissing, mends: backfill},
		{name: "channel-closed", hold: 8 * time.Second, breaks: holdDeliveries, during: channelClosed, mends: handleDeliveries},
		{
			name: "leader-killed", nodes: 3, hold: 8 * time.Second, breaks: killLeader, during: flowsOn, mends: start,
		},
		{name: "postgres-killed", short: true, hold: 2 * time.Second, breaks: killPostgres, during: refused, mends: startPostgres},
		{name: "postgres-silent", hold: 12 * time.Second, breaks: onLinks(" to postgres", silence), mends: mendLinks},
		{name: "broker-cut", hold: 5 * time.Second, breaks: onLinks(" to rabbitmq", cut), during: accepted, mends: mendLinks},
		{name: "broker-silent", hold: 12 * time.Second, breaks: onLinks(" to rabbitmq", silence), during: noticed, mends: mendLinks},
		{name: "broker-one-way", hold: 12 * time.Second, breaks: onLinks(" to rabbitmq", deafen), during: noticed, mends: mendLinks},
		{name: "postgres-one-way", hold: 12 * time.Second, breaks: onLinks(" to postgres", deafen), mends: mendLinks},
		{name: "stripe-one-way", hold: 8 * time.Second, breaks: onLinks(" to stripe", deafen), during: accepted, mends: mendLinks},
		{name: "webhooks-one-way", hold: 8 * time.Second, breaks: onLinks("stripe to connectors", deafen), mends: mendLinks},
		{name: "all-links-slow", hold: 8 * time.Second, breaks: onLinks("", slow), during: accepted, mends: mendLinks},
		{name: "zombie-20s", short: true, hold: 20 * time.Second, breaks: freezeHolder, mends: thawHolder},
		{name: "rolling-restart", short: true, hold: 12 * time.Second, breaks: restartAll, during: onlyReconnects},
		{name: "disk-full", hold: time.Second, breaks: fillDisk, during: noSpace, mends: emptyDisk},
	}
}

func closeConnections(ctx context.Context, r *rig) error {
	return r.cluster.Servers.CloseConnections(ctx)
}

// control is a command for rabbitmqctl.
func control(args ...string) func(context.Context, *rig) error {
	return func(ctx context.Context, r *rig) error { return r.cluster.Servers.Control(ctx, args...) }
}

func silence(l *cluster.Link) error { return l.Silence() }

func deafen(l *cluster.Link) error { return l.Deafen() }

func slow(l *cluster.Link) error { return l.Delay(100 * time.Millisecond) }

func cut(l *cluster.Link) error {
	l.Cut()
	return nil
}
