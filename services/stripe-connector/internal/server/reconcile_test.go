package server_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/jobs"
	"github.com/datasync-dev/datasync/pkg/service/servicetest"
)

// linkSeeded links records with the customers that the simulator was seeded with, as if they had been synced long ago.
func (s *system) linkSeeded(count int) {
	s.t.Helper()
	s.sim(http.MethodPost, "customers/seed", map[string]any{"count": count, "owner": "stripe"})
	require.NoError(s.t, s.db.WithContext(s.t.Context()).Exec(`
INSERT INTO links (kind, local_id, remote_id, desired, desired_version, shadow, version, generation, state)
SELECT 'customer', id::uuid, 'cus_seed' || lpad(i::text, 12, '0'),
    jsonb_build_object('kind', 'customer', 'id', id, 'version', 1, 'generation', 1, 'fields', fields), 1, fields, 1, 1, 'synced'
FROM generate_series(1, ?) i, LATERAL (SELECT '00000000-0000-4000-8000-' || lpad(i::text, 12, '0') AS id,
    jsonb_build_object('name', 'Customer ' || i, 'email', 'customer-' || i || '@example.com') AS fields) r`, count).Error)
}

func seeded(i int) (customer string) { return fmt.Sprintf("cus_seed%012d", i) }

// reconciled waits until a comparison is finished.
func (s *system) reconciled(id string) (job admin.Job) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		var err error
		job, err = s.admin().Job(s.t.Context(), id)
		return err == nil && !job.FinishedAt.IsZero()
	}, 2*patience, 20*time.Millisecond)
	return job
}

// listings is how many pages of customers Stripe was asked for.
func (s *system) listings() (n float64) {
	s.t.Helper()
	requests, ok := s.sim(http.MethodGet, "stats", nil)["requests"].(map[string]any)
	require.True(s.t, ok)
	byStatus, _ := requests["GET /v1/customers"].(map[string]any)
	for _, count := range byStatus {
		more, ok := count.(float64)
		require.True(s.t, ok)
		n += more
	}
	return n
}

func TestEverythingIsComparedAndRepairedAgainstStripe(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.linkSeeded(250)
	s.sim(http.MethodPatch, "config", map[string]any{"webhook_drop_rate": 1})
	s.sim(http.MethodPatch, "customers/"+seeded(7), map[string]any{"name": "Somebody else", "address": map[string]any{"city": "Berlin"}})
	s.sim(http.MethodDelete, "customers/"+seeded(8), nil)
	s.sim(http.MethodPost, "customers", map[string]any{"name": "Unknown"})
	job, err := s.admin().Reconcile(t.Context(), admin.ReconcileRequest{})
	require.NoError(t, err)
	plan := s.reconciled(job.ID)
	require.Equal(t, jobs.Done, plan.State, plan.Error)
	report := plan.Reconcile
	require.EqualValues(t, 3, report.Pages)
	require.EqualValues(t, 3, s.listings())
	require.EqualValues(t, 249, report.Compared)
	require.EqualValues(t, 248, report.Equal)
	require.Equal(t, map[string]int64{"name": 1, "address.city": 1}, report.Fields)
	require.EqualValues(t, 1, report.OnlyLocal)
	require.EqualValues(t, 1, report.OnlyRemote)

	job, err = s.admin().Reconcile(t.Context(), admin.ReconcileRequest{Plan: plan.ID, Repair: "catalog", Orphans: "create"})
	require.NoError(t, err)
	done := s.reconciled(job.ID)

	require.Equal(t, jobs.Done, done.State, done.Error)
	require.EqualValues(t, 3, done.Reconcile.Repaired)
	require.Equal(t, "Customer 7", s.sim(http.MethodGet, "customers/"+seeded(7), nil)["name"])
	require.Nil(t, s.sim(http.MethodGet, "customers/"+seeded(7), nil)["address"])
	require.EqualValues(t, 3, s.listings(), "a plan lists nothing")
	require.Len(t, s.customers(), 251)
	require.EqualValues(t, 0, s.sim(http.MethodGet, "stats", nil)["live_duplicates"])
	s.connector.Stop(t)
}

func TestAComparisonGoesOnAfterAKill(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.linkSeeded(650)
	job, err := s.admin().Reconcile(t.Context(), admin.ReconcileRequest{Rate: 2})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		now, err := s.admin().Job(t.Context(), job.ID)
		return err == nil && now.Reconcile != nil && now.Reconcile.Pages >= 2
	}, patience, 10*time.Millisecond)

	s.connector.Kill()
	s.connector = servicetest.Start(t, "stripe-connector", s.env)

	job = s.reconciled(job.ID)
	require.Equal(t, jobs.Done, job.State, job.Error)
	require.EqualValues(t, 7, job.Reconcile.Pages)
	require.EqualValues(t, 650, job.Reconcile.Equal)
	require.LessOrEqual(t, s.listings(), 8.0, "at most the page that was under way is read again")
	s.connector.Stop(t)
}
