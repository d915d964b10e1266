package service_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/service"
)

type config struct {
	Addr    string        `env:"ADDR" envDefault:"127.0.0.1:1"`
	Secret  string        `env:"SECRET,required"`
	Workers int           `env:"WORKERS" envDefault:"3"`
	Wait    time.Duration `env:"WAIT" envDefault:"1s"`
	List    []string      `env:"LIST"`
	Rate    float64       `env:"RATE"`
	On      bool          `env:"ON"`
}

func (c *config) Check() error {
	var problems []error
	if c.Workers < 1 {
		problems = append(problems, errors.New("WORKERS: must be at least 1"))
	}
	if c.Addr == "nowhere" {
		problems = append(problems, errors.New("ADDR: must be somewhere"))
	}
	return errors.Join(problems...)
}

func environment(pairs map[string]string) func(string) string {
	return func(name string) string { return pairs[name] }
}

func TestLoadReadsVariablesAndDefaults(t *testing.T) {
	t.Parallel()
	got, err := service.Load[config](environment(map[string]string{"SECRET": "s3", "LIST": "a,b", "WAIT": "250ms", "ON": "true"}))
	require.NoError(t, err)
	require.Equal(t, config{
		Addr: "127.0.0.1:1", Secret: "s3", Workers: 3, Wait: 250 * time.Millisecond, List: []string{"a", "b"}, On: true,
	}, got)
}

func TestLoadReadsAFileForAnyVariable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secret, workers := filepath.Join(dir, "secret"), filepath.Join(dir, "workers")
	require.NoError(t, os.WriteFile(secret, []byte("  from a file\n"), 0o600))
	require.NoError(t, os.WriteFile(workers, []byte("7\n"), 0o600))
	got, err := service.Load[config](environment(map[string]string{"SECRET_FILE": secret, "WORKERS_FILE": workers}))
	require.NoError(t, err)
	require.Equal(t, "from a file", got.Secret)
	require.Equal(t, 7, got.Workers)
}

func TestLoadListsEveryProblemOnceAndNoValue(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  map[string]string
		want []string // how the lines after the first begin, in any order
	}{
		"nothing is set":   {nil, []string{"SECRET: is not set"}},
		"empty is not set": {map[string]string{"SECRET": ""}, []string{"SECRET: is not set"}},
		"several at once": {
			map[string]string{"WORKERS": "hunter2", "WAIT": "hunter2", "RATE": "hunter2", "ON": "hunter2", "ADDR": "nowhere"},
			[]string{
				"SECRET: is not set", "WORKERS: is not a whole number", "WAIT: is not a duration", "RATE: is not a number",
				"ON: is not true or false", "ADDR: must be somewhere",
			},
		},
		"a file that is not there":  {map[string]string{"SECRET_FILE": "/no/such"}, []string{"SECRET_FILE: open /no/such"}},
		"a variable and its file":   {map[string]string{"SECRET": "hunter2", "SECRET_FILE": "/x"}, []string{"SECRET: SECRET_FILE is set too"}},
		"what only the type knows":  {map[string]string{"SECRET": "x", "WORKERS": "0"}, []string{"WORKERS: must be at least 1"}},
		"a file with a wrong value": {map[string]string{"SECRET": "x", "WORKERS_FILE": os.DevNull, "ON": "maybe"}, []string{"ON: is not"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := service.Load[config](environment(c.env))
			require.Error(t, err)
			require.NotContains(t, err.Error(), "hunter2")
			lines := strings.Split(err.Error(), "\n")
			require.Equal(t, "bad configuration:", lines[0])
			require.Len(t, lines[1:], len(c.want), err.Error())
			for _, want := range c.want {
				require.Contains(t, err.Error(), "\n"+want)
			}
		})
	}
}
