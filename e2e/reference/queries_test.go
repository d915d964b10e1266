package reference_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/datasync-dev/datasync/e2e/reference"
)

func TestAlertsAskForMetricsThatExist(t *testing.T) {
	t.Parallel()
	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				Labels      map[string]string
				Annotations map[string]string
			}
		}
	}
	read(t, "alerts.yml", func(raw []byte) error { return yaml.Unmarshal(raw, &rules) })
	require.NotEmpty(t, rules.Groups)
	for _, rule := range rules.Groups[0].Rules {
		checkQuery(t, rule.Alert, rule.Expr)
		require.NotEmpty(t, rule.Annotations["summary"], rule.Alert)
		require.NotEmpty(t, rule.Annotations["action"], rule.Alert)
		require.Contains(t, []string{"page", "ticket"}, rule.Labels["severity"], rule.Alert)
	}
}

func TestTheDashboardAsksForMetricsThatExist(t *testing.T) {
	t.Parallel()
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	read(t, "grafana.json", func(raw []byte) error { return json.Unmarshal(raw, &dashboard) })
	require.NotEmpty(t, dashboard.Panels)
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			checkQuery(t, panel.Title, strings.ReplaceAll(target.Expr, "$__rate_interval", "1m"))
		}
	}
}

// What Prometheus scrapes of RabbitMQ must be there in a broker that was started for people.
func TestTheLocalBrokerHasItsOwnMetrics(t *testing.T) {
	t.Parallel()
	scraped, err := os.ReadFile(filepath.Join(root, "deployments", "observability", "prometheus.yml"))
	require.NoError(t, err)
	require.Contains(t, string(scraped), "localhost:15692")
	for file, part := range map[string]string{
		"deployments/local/lib/rabbitmq.sh": "[rabbitmq_management,rabbitmq_prometheus]", "docker-compose.yml": ":15692",
	} {
		content, err := os.ReadFile(filepath.Join(root, file))
		require.NoError(t, err)
		require.Contains(t, string(content), part, file)
	}
}

func read(t *testing.T, name string, decode func([]byte) error) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, "deployments", "observability", name))
	require.NoError(t, err)
	require.NoError(t, decode(raw))
}

// foreign are metrics of RabbitMQ, of Prometheus itself and of every Go program.
var foreign = regexp.MustCompile(`^(rabbitmq_queue_messages|up|process_resident_memory_bytes|go_goroutines)$`)

// checkQuery parses a query and looks up each metric and each label that it selects or groups by.
func checkQuery(t *testing.T, where, query string) {
	t.Helper()
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	require.NoError(t, err, "%s: %s", where, query)
	known := map[string]reference.Metric{}
	for _, m := range metrics(t) {
		known[m.Name] = m
		if m.Kind == "histogram" {
			known[m.Name+"_count"], known[m.Name+"_bucket"] = m, m
		}
	}
	selected := 0
	parser.Inspect(parsed, func(n parser.Node, _ []parser.Node) error {
		selector, ok := n.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		selected++
		if foreign.MatchString(selector.Name) {
			return nil
		}
		m, exists := known[selector.Name]
		require.True(t, exists, "%s asks for %q, which nothing exports", where, selector.Name)
		for _, matcher := range selector.LabelMatchers {
			if matcher.Name != "__name__" {
				require.Contains(t, append(m.Labels, "job", "instance"), matcher.Name, "%s: %s has no such label", where, selector.Name)
			}
		}
		return nil
	})
	require.NotZero(t, selected, where)
}
