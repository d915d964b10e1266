package server

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/datasync-dev/datasync/pkg/service"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/simulator"
)

// Run is the program: it serves until ctx ends. The state file is written last, when nothing changes any more.
func Run(ctx context.Context, getenv func(string) string, stdout io.Writer) error {
	config, err := service.Load[Config](getenv)
	if err != nil {
		return fmt.Errorf("stripe-simulator: %w", err)
	}
	log := service.NewLogger(stdout, "stripe-simulator", config.LogLevel, config.LogFormat)
	sim, err := simulator.New(simulator.Options{
		Keys: config.Keys, WebhookURL: config.WebhookURL, WebhookSecrets: config.WebhookSecrets, WebhookEvents: config.WebhookEvents,
		StateFile: config.StateFile, ControlAnywhere: config.ControlFrom == "any", Knobs: config.knobs(), Log: log,
	})
	if err != nil {
		return fmt.Errorf("stripe-simulator: %w", err)
	}
	log.InfoContext(ctx, "a simulated Stripe", slog.String("addr", config.Addr), slog.Bool("keeps_state", config.StateFile != ""))
	loops := []service.Loop{
		{Name: "state", Run: sim.Keep},
		{Name: "webhooks", Run: sim.Deliver},
		service.HTTP("http", config.Addr, handler(sim)),
		{Name: "calls", Run: sim.Calls}, // the first to stop: calls that wait must not hold up HTTP
	}
	return service.Run(ctx, log, config.ShutdownTimeout, append(loops, service.Profiles(config.DebugAddr)...)...)
}

func handler(sim *simulator.Simulator) http.Handler {
	health := service.NewHealth()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", health.Livez)
	mux.HandleFunc("GET /readyz", health.Readyz)
	mux.Handle("/", sim.Handler())
	return mux
}
