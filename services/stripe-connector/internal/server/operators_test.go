package server_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/service/servicetest"
)

const specFile = "../../openapi.json"

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write openapi.json")
	flag.Parse()
	os.Exit(m.Run())
}

// TestTheDescriptionIsCommitted keeps openapi.json in step with the types. Repair: go test ./internal/server -update.
func TestTheDescriptionIsCommitted(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	var raw json.RawMessage
	require.NoError(t, s.admin().Get(t.Context(), "/admin/v1/openapi.json", nil, &raw))
	var served bytes.Buffer
	require.NoError(t, json.Indent(&served, raw, "", "  "))
	served.WriteString("\n")
	if update := flag.Lookup("update"); update != nil && update.Value.String() == "true" {
		require.NoError(t, os.WriteFile(specFile, served.Bytes(), 0o600))
	}
	committed, err := os.ReadFile(specFile)
	require.NoError(t, err)
	require.Equal(t, string(committed), served.String(), "openapi.json is stale: go test ./internal/server -update")
}

func TestOperatorsSeeAndSteerTheConnector(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	api := s.admin()
	paused, err := api.SetControl(t.Context(), map[string]any{"outbound": false, "rate": 5})
	require.NoError(t, err)
	require.False(t, paused.Outbound)
	require.Eventually(t, func() bool { c, err := api.Control(t.Context()); return err == nil && c.Applied == 1 }, patience, 20*time.Millisecond)
	s.connector.Stop(t)
	s.connector = servicetest.Start(t, "stripe-connector", s.env) // what operators want survives
	id := uuid.NewString()
	s.publish(event.Snapshot{ID: id, Version: 1, Fields: fields("Ada")})
	s.linked(func(l link) bool { return l.LocalID == id })
	var workers []admin.Instance
	require.Eventually(t, func() bool { // it is on the list from its first heartbeat on
		workers, err = api.Workers(t.Context())
		return err == nil && len(workers) == 1
	}, patience, 20*time.Millisecond)
	require.InDelta(t, 5, workers[0].Rate, 0.001)
	require.Empty(t, s.customers())
	_, err = api.SetControl(t.Context(), map[string]any{"outbound": true})
	require.NoError(t, err)
	l := s.linked(func(l link) bool { return l.State == "synced" })
	shown, err := api.Link(t.Context(), id, true)
	require.NoError(t, err)
	require.Equal(t, "Ada", shown.Remote["name"])
	require.Equal(t, s.simulator.URL+"/customers/"+l.RemoteID, shown.RemoteURL)
	timeline, err := api.Timeline(t.Context(), id, admin.Page{})
	require.NoError(t, err)
	change := timeline.Data[len(timeline.Data)-1]
	require.Equal(t, []string{"outbound", "create", "applied"}, []string{change.Direction, change.Op, change.State})
	require.Equal(t, http.StatusOK, change.Attempts[0].Status)
	require.Regexp(t, "^req_", change.Attempts[0].RequestID)
	require.Eventually(t, func() bool {
		points, err := api.Series(t.Context(), admin.Window{})
		return err == nil && len(points) > 0 && points[len(points)-1].Outbound == 1
	}, patience, 20*time.Millisecond)
	status, err := api.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, "stripe", status.Service)
	require.EqualValues(t, 1, status.Records.Total)
	names := make([]string, 0, len(status.Hops))
	for _, hop := range status.Hops {
		names = append(names, hop.Name)
	}
	require.Equal(t, []string{"events queue", "due records", "outbox", "dead letters"}, names)
}

func TestNobodyOperatesWithoutAKeyAndTheFirstIsShownOnce(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"BOOTSTRAP_API_KEY": ""})
	status, answer := s.call(http.MethodGet, s.connector.URL+"/admin/v1/status", nil)
	require.Equal(t, http.StatusUnauthorized, status)
	require.Equal(t, "missing_api_key", answer["code"])
	_, after, found := strings.Cut(s.connector.Log(), "The first API key, shown only this once:\n\n    ")
	require.True(t, found, s.connector.Log())
	key, _, _ := strings.Cut(after, "\n")
	_, err := (&admin.Client{URL: s.connector.URL, Key: key}).Status(t.Context())
	require.NoError(t, err)
	s.connector.Stop(t)
	s.connector = servicetest.Start(t, "stripe-connector", s.env)
	require.NotContains(t, s.connector.Log(), "The first API key")
}

func TestARevokedKeyIsReplacedWithARestartAndNothingIsLost(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.sim(http.MethodPatch, "config", map[string]any{"revoked_key": true})
	for range 5 {
		s.publish(event.Snapshot{ID: uuid.NewString(), Version: 1, Fields: fields("Ada")})
	}
	require.Eventually(t, func() bool {
		status, err := s.admin().Status(t.Context())
		return err == nil && status.Breaker.Open && status.Breaker.Class == "operator" && status.Records.Total == 5
	}, patience, 20*time.Millisecond)
	require.Equal(t, 1, strings.Count(s.connector.Log(), "no more calls for now"), s.connector.Log())
	s.connector.Stop(t)
	s.sim(http.MethodPatch, "config", map[string]any{"revoked_key": false})
	s.connector = servicetest.Start(t, "stripe-connector", s.env)
	require.Eventually(t, func() bool { return len(s.customers()) == 5 }, patience, 20*time.Millisecond)
}

// TestARestartUnderLoadLosesAndDoublesNothing stops the connector in the middle of its work, again and again.
func TestARestartUnderLoadLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	const records, restarts = 120, 4
	s := start(t, map[string]string{"WORKERS": "8", "CALL_TIMEOUT": "3s", "LEASE": "5s", "SHUTDOWN_TIMEOUT": "10s"})
	s.sim(http.MethodPatch, "config", map[string]any{"response_delay_ms": 60})
	s.load(records)
	for i := range restarts {
		require.Eventually(t, func() bool { return len(s.customers()) > (i+1)*records/(restarts+2) }, patience, 5*time.Millisecond)
		s.connector.Stop(t)
		require.Zero(t, s.held(), "everything in hand was finished or given back")
		s.connector = servicetest.Start(t, "stripe-connector", s.env)
	}
	s.allSynced(records)
	require.Len(t, s.customers(), records)

	s.load(records)
	s.allSynced(2 * records)
	warm := s.goroutines() // with all connections open
	s.load(records)
	s.allSynced(3 * records)
	require.Eventually(t, func() bool { return s.goroutines() <= warm+10 }, patience, 100*time.Millisecond, "goroutines leak")
}

// load publishes so many new records.
func (s *system) load(records int) {
	s.t.Helper()
	for i := range records {
		s.publish(event.Snapshot{ID: uuid.NewString(), Version: 1, Fields: fields("Ada " + strconv.Itoa(i))})
	}
}

// allSynced waits until there are so many records and all are in sync.
func (s *system) allSynced(records int) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		links := s.links()
		return len(links) == records && !slices.ContainsFunc(links, func(l link) bool { return l.State != "synced" })
	}, 2*patience, 50*time.Millisecond)
}

// held is how many records a worker holds by the database.
func (s *system) held() (n int64) {
	s.t.Helper()
	require.NoError(s.t, s.db.Raw(`SELECT count(*) FROM links WHERE lease_owner <> ''`).Scan(&n).Error)
	return n
}

// goroutines is how many the connector has, as it says itself.
func (s *system) goroutines() int {
	s.t.Helper()
	response, err := http.Get(s.connector.URL + "/metrics")
	require.NoError(s.t, err)
	var body bytes.Buffer
	_, err = body.ReadFrom(response.Body)
	require.NoError(s.t, err)
	require.NoError(s.t, response.Body.Close())
	_, after, _ := strings.Cut(body.String(), "\ngo_goroutines ")
	line, _, _ := strings.Cut(after, "\n")
	n, err := strconv.Atoi(line)
	require.NoError(s.t, err)
	return n
}
