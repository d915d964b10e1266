package check

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
	"github.com/datasync-dev/datasync/e2e/torture/internal/oracle"
	"github.com/datasync-dev/datasync/e2e/torture/internal/plan"
)

// Resources are what one process uses.
type Resources struct {
	Goroutines int
	RSS        int // MiB
}

// How much more than at the start a process may use in the end: goroutines serve connections that are kept open, and Go
// gives memory back late.
const (
	moreGoroutines = 40
	moreRSS        = 64
)

// Resources asks every service for what it uses.
func (c *Checker) Resources(ctx context.Context) (map[string]Resources, error) {
	result := map[string]Resources{}
	for _, p := range slices.Concat(c.Cluster.Catalogs, c.Cluster.Connectors) {
		r, err := resources(ctx, p)
		if err != nil {
			return nil, err
		}
		result[p.Name] = r
	}
	return result, nil
}

func resources(ctx context.Context, p *cluster.Process) (r Resources, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL()+"/metrics", http.NoBody)
	if err != nil {
		return r, fmt.Errorf("metrics of %s: %w", p.Name, err)
	}
	request.Close = true // a connection of ours is none of its business
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return r, fmt.Errorf("metrics of %s: %w", p.Name, err)
	}
	defer func() { _ = response.Body.Close() }()
	samples := map[string]float64{}
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), " "); ok {
			samples[name], _ = strconv.ParseFloat(value, 64) // comments are no numbers
		}
	}
	return Resources{Goroutines: int(samples["go_goroutines"]), RSS: int(samples["process_resident_memory_bytes"] / (1 << 20))}, nil
}

// Leaks are processes that use much more than when they were started.
func Leaks(start, end map[string]Resources) (findings []oracle.Finding) {
	for name, now := range end {
		then := start[name]
		if now.Goroutines > then.Goroutines+moreGoroutines {
			findings = append(findings, Unexpected("%s has %d goroutines, at its start it had %d", name, now.Goroutines, then.Goroutines))
		}
		if now.RSS > then.RSS+moreRSS {
			findings = append(findings, Unexpected("%s uses %d MiB, at its start it used %d", name, now.RSS, then.RSS))
		}
	}
	return findings
}

// Logs finds what must not stand in a log: personal data, panics, data races. It also finds programs that ended by
// themselves.
func Logs(c *cluster.Cluster) (findings []oracle.Finding) {
	for _, p := range c.Processes() {
		for _, exit := range p.Exits() {
			findings = append(findings, Unexpected("%s", exit))
		}
		raw, err := os.ReadFile(p.LogFile)
		if err != nil {
			findings = append(findings, Unexpected("the log of %s: %v", p.Name, err))
			continue
		}
		for what, sign := range map[string]string{
			"personal data": plan.EmailDomain, "a panic": "panic:", "a data race": "DATA RACE", "a Go runtime failure": "fatal error:",
		} {
			if line := lineWith(string(raw), sign); line != "" {
				findings = append(findings, Unexpected("the log of %s holds %s: %.400s", p.Name, what, line))
			}
		}
	}
	return findings
}

func lineWith(text, sign string) string {
	before, after, found := strings.Cut(text, sign)
	if !found {
		return ""
	}
	rest, _, _ := strings.Cut(after, "\n")
	return before[strings.LastIndexByte(before, '\n')+1:] + sign + rest
}
