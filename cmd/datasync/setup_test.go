package main_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/rabbitmq/rabbitmqtest"
	"github.com/datasync-dev/datasync/pkg/service/servicetest"
)

const (
	apiKey    = "ds_test_0123456789abcdef"
	stripeKey = "sk_test_cli"
	secret    = "whsec_cli"
	patience  = time.Minute
	interval  = 100 * time.Millisecond
)

// built is the program, compiled once as it is shipped.
var built = sync.OnceValues(func() (string, error) { //nolint:gochecknoglobals // one build per process is the point
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	path := filepath.Join(filepath.Dir(self), "datasync")
	out, err := exec.Command("go", "build", "-race=false", "-buildvcs=false", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
})

// cli is the program in a directory of its own, with nothing in its environment but what is set here.
type cli struct {
	dir string
	env map[string]string
}

func newCLI(t *testing.T, env map[string]string) *cli {
	t.Helper()
	return &cli{dir: t.TempDir(), env: env}
}

// result is how a command ended.
type result struct {
	code     int
	out, err string
}

func (c *cli) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := built()
	require.NoError(t, err)
	command := exec.Command(path, args...)
	command.Dir = c.dir
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.dir}
	for name, value := range c.env {
		command.Env = append(command.Env, name+"="+value)
	}
	return command
}

func (c *cli) run(t *testing.T, args ...string) result {
	t.Helper()
	return c.feed(t, "", args...)
}

// feed runs a command with something on its stdin.
func (c *cli) feed(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	command := c.command(t, args...)
	var out, stderr bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(stdin), &out, &stderr
	err := command.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); !ended {
		require.NoError(t, err)
	}
	return result{command.ProcessState.ExitCode(), out.String(), stderr.String()}
}

// ok runs a command that has to work and returns what it wrote to stdout.
func (c *cli) ok(t *testing.T, args ...string) string {
	t.Helper()
	r := c.run(t, args...)
	require.Equal(t, 0, r.code, "%v: %s", args, r.err)
	return r.out
}

func (c *cli) file(t *testing.T, name, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(c.dir, name), []byte(content), 0o600))
}

func (c *cli) read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(c.dir, name))
	require.NoError(t, err)
	return string(content)
}

// catalog starts a catalog alone.
func catalog(t *testing.T) *cli {
	t.Helper()
	p := servicetest.Start(t, "catalog", map[string]string{"AMQP_URL": rabbitmqtest.VHost(t), "BOOTSTRAP_API_KEY": apiKey, "REQUEST_RATE_LIMIT": "0"})
	return newCLI(t, map[string]string{"DATASYNC_URL": p.URL, "DATASYNC_API_KEY": apiKey})
}

// system starts a catalog, a connector and a Stripe that belong together.
func system(t *testing.T) *cli {
	t.Helper()
	broker := rabbitmqtest.VHost(t)
	connector := fmt.Sprintf("127.0.0.1:%d", servicetest.FreePort(t))
	stripe := servicetest.Start(t, "stripe-simulator", map[string]string{
		"STRIPE_API_KEY": stripeKey, "STRIPE_WEBHOOK_SECRET": secret, "WEBHOOK_URL": "http://" + connector + "/webhooks/stripe",
	})
	owner := servicetest.Start(t, "catalog", map[string]string{"AMQP_URL": broker, "BOOTSTRAP_API_KEY": apiKey})
	servicetest.Start(t, "stripe-connector", map[string]string{
		"ADDR": connector, "AMQP_URL": broker, "BOOTSTRAP_API_KEY": apiKey, "STRIPE_API_KEY": stripeKey,
		"STRIPE_WEBHOOK_SECRET": secret, "STRIPE_API_URL": stripe.URL, "RATE_LIMIT": "1000", "ENDPOINT_RATE_LIMIT": "1000",
	})
	return newCLI(t, map[string]string{
		"DATASYNC_URL": owner.URL, "DATASYNC_CONNECTORS": "http://" + connector, "DATASYNC_API_KEY": apiKey,
		"STRIPE_WEBHOOK_SECRET": secret, "STRIPE_API_URL": stripe.URL, "STRIPE_API_KEY": stripeKey,
	})
}

// moving is what differs from run to run.
var moving = []struct { //nolint:gochecknoglobals // a table
	pattern *regexp.Regexp
	word    string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "UUID"},
	{regexp.MustCompile(`cus_[A-Za-z0-9]+`), "CUS"},
	{regexp.MustCompile(`evt_datasync_[A-Z0-9]+`), "EVT"},
	{regexp.MustCompile(`req_[A-Za-z0-9]+`), "REQ"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), "TIME"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "HOST"},
	{regexp.MustCompile(`(duration_ms|seconds)( +)[0-9.]+`), "$1${2}N"},
	{regexp.MustCompile(` +\n`), "\n"},
	{regexp.MustCompile(`  +`), "  "}, // columns are as wide as what differs
}

// golden compares text with testdata/<name>.golden. What differs is written there, to be looked at and committed, and
// fails the test.
func golden(t *testing.T, name, text string) {
	t.Helper()
	for _, m := range moving {
		text = m.pattern.ReplaceAllString(text, m.word)
	}
	path := filepath.Join("testdata", name+".golden")
	present, err := os.ReadFile(path)
	if err == nil && string(present) == text {
		return
	}
	require.NoError(t, os.MkdirAll("testdata", 0o750))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	assert.Equal(t, string(present), text, "%s was written anew: look at it and commit it", path)
}
