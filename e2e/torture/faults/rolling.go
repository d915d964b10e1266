package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
)

// restartAll begins to restart every replica in order, one after the other, while people go on writing.
func restartAll(ctx context.Context, r *rig) error {
	r.restarted = make(chan error, 1)
	go func() { r.restarted <- r.restart(ctx) }()
	return nil
}

func (r *rig) restart(ctx context.Context) error {
	for _, p := range slices.Concat(r.cluster.Catalogs, r.cluster.Connectors) {
		err := p.Stop(ctx)
		if err == nil {
			err = p.Start()
		}
		if err == nil {
			err = p.WaitReady(ctx)
		}
		if err != nil {
			return fmt.Errorf("restart %s: %w", p.Name, err)
		}
	}
	return nil
}

// onlyReconnects: clients saw connections end, and go on with another replica, but nobody was told that anything is wrong.
func onlyReconnects(_ context.Context, r *rig, t traffic) (string, error) {
	if err := <-r.restarted; err != nil {
		return "", err
	}
	const noAnswer = 0
	for status := range t.answers {
		if status != http.StatusOK && status != noAnswer {
			return "", fmt.Errorf("people were told of it: %v", t.answers)
		}
	}
	if t.answers[http.StatusOK] == 0 || t.delivered == 0 {
		return "", fmt.Errorf("nothing was accepted: %s", t)
	}
	return fmt.Sprintf("; all replicas were restarted, REST clients had to connect again %d times", t.answers[noAnswer]), nil
}
