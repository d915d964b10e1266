package server

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/service"
	"github.com/datasync-dev/datasync/services/console/internal/alerts"
	"github.com/datasync-dev/datasync/services/console/internal/login"
	"github.com/datasync-dev/datasync/services/console/internal/pages"
	"github.com/datasync-dev/datasync/services/console/internal/session"
	"github.com/datasync-dev/datasync/services/console/internal/ui"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

// Run is the program: it serves until ctx ends. It keeps nothing but sessions, and those in memory.
func Run(ctx context.Context, getenv func(string) string, stdout io.Writer) error {
	config, err := service.Load[Config](getenv)
	if err != nil {
		return fmt.Errorf("console: %w", err)
	}
	log := service.NewLogger(stdout, "console", config.LogLevel, config.LogFormat)
	stopping := make(chan struct{})
	fleet := upstream.New(upstream.Address{Name: "catalog", URL: config.CatalogURL, Key: config.CatalogAPIKey}, config.connectors)
	handler, err := handler(&config, fleet, log, stopping)
	if err != nil {
		return fmt.Errorf("console: %w", err)
	}
	log.InfoContext(ctx, "the console", slog.String("addr", config.Addr), slog.Bool("auth", config.Auth == "on"), slog.Int("users", len(config.users)), slog.String("provider", config.OIDCIssuer))
	loops := []service.Loop{
		service.HTTP("http", config.Addr, handler),
		{Name: "streams", Run: func(ctx context.Context) error { // the first to stop: watchers must not hold up HTTP
			<-ctx.Done()
			close(stopping)
			return nil
		}},
	}
	if config.AlertWebhook != "" {
		loops = append(loops, service.Loop{Name: "alerts", Run: watch(&config, fleet, log).Run})
	}
	return service.Run(ctx, log, config.ShutdownTimeout, loops...)
}

// watch looks after the services and tells people when one of them is needed.
func watch(config *Config, fleet *upstream.Fleet, log *slog.Logger) *alerts.Watch {
	sources := map[string]alerts.Source{}
	for _, s := range fleet.All() {
		sources[s.Name] = s.As("alerts")
	}
	return alerts.New(alerts.Options{
		Sources: sources, Webhook: config.AlertWebhook, Console: config.PublicURL, Memory: config.AlertMemory, Silence: config.AlertSilence, Log: log,
	})
}

func handler(config *Config, fleet *upstream.Fleet, log *slog.Logger, stopping <-chan struct{}) (http.Handler, error) {
	look, err := ui.New()
	if err != nil {
		return nil, err
	}
	door := &login.Door{
		Sessions: session.NewStore(config.SessionLifetime), Users: config.users, Fleet: fleet, UI: look, Log: log,
		Secure: strings.HasPrefix(config.PublicURL, "https://"), Open: config.Auth == "off",
	}
	if config.OIDCIssuer != "" {
		if door.Provider, err = provider(config); err != nil {
			return nil, err
		}
	}
	if config.LoginLinkFile != "" {
		if door.Link, err = session.NewLink(config.LoginLinkFile, config.base()); err != nil {
			return nil, err
		}
	}
	site := &pages.Site{Fleet: fleet, UI: look, Log: log, Stopping: stopping, Settings: settings(config)}
	health := service.NewHealth()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", health.Livez)
	mux.HandleFunc("GET /readyz", health.Readyz)
	mux.Handle("GET "+ui.StaticPath, look.Assets)
	mux.Handle("/", door.Handler(site.Handler()))
	return safe(mux), nil
}

// settings are the console's own, in the form in which services tell theirs.
func settings(config *Config) []admin.Setting {
	var shown []admin.Setting
	for _, one := range service.Settings(config) {
		shown = append(shown, admin.Setting(one))
	}
	return shown
}

// policy lets a page load nothing but our own files, and nobody frame it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// safe sets what browsers have to be told with every answer.
func safe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
