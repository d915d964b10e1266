package service_test

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/service"
)

type settings struct {
	Addr   string        `env:"ADDR" envDefault:"127.0.0.1:80" doc:"where it listens"`
	Wait   time.Duration `env:"WAIT" envDefault:"5s"`
	DB     string        `env:"DB,required" secret:"url"`
	Key    string        `env:"KEY" secret:"true"`
	Keys   []string      `env:"KEYS" secret:"true"`
	Names  []string      `env:"NAMES" envDefault:"a,b"`
	Nested nested
	Other  int
}

type nested struct {
	Rate float64 `env:"RATE" envDefault:"0.5"`
}

func TestSettingsAreShownWithoutTheirSecrets(t *testing.T) {
	t.Parallel()
	config, err := service.Load[settings](func(name string) string {
		return map[string]string{"DB": "postgres://ada:s3cret@db:5432/x", "KEYS": "one,sk_live_two", "WAIT": "1m"}[name]
	})
	require.NoError(t, err)
	require.Equal(t, []service.Setting{
		{Name: "ADDR", Value: "127.0.0.1:80", Default: "127.0.0.1:80", Doc: "where it listens"},
		{Name: "WAIT", Value: "1m0s", Default: "5s"},
		{Name: "DB", Value: "postgres://ada:********@db:5432/x"},
		{Name: "KEY", Secret: true},
		{Name: "KEYS", Value: "********,sk_live_********", Secret: true},
		{Name: "NAMES", Value: "a,b", Default: "a,b"},
		{Name: "RATE", Value: "0.5", Default: "0.5"},
	}, service.Settings(&config))

	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", service.Effective(service.Settings(config)))
	require.Contains(t, out.String(), "config.RATE=0.5")
	require.NotContains(t, out.String(), "s3cret")
}

func TestNoPasswordIsShownHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"amqp://guest:s3cret@localhost:5672/":                             "amqp://guest:********@localhost:5672/",
		"amqps://guest@localhost/%2Fprod":                                 "amqps://guest@localhost/%2Fprod",
		"postgres://db/x?user=ada&password=s3cret&sslmode=verify-full":    "postgres://db/x?password=********&sslmode=verify-full&user=ada",
		"postgres://db/x?sslpassword=s3cret":                              "postgres://db/x?sslpassword=********",
		"host=db user=ada password=s3cret dbname=x":                       "********",
		"postgres://ada:s3cret%@db/x":                                     "********",
		"postgres:///x?host=/var/run/postgresql&user=ada&password=s3cret": "********",
	} {
		require.Equal(t, want, service.Settings(settings{DB: url})[2].Value)
	}
}
