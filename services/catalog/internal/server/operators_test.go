package server_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/service/servicetest"
)

func TestOperatorsSeeAndSteerTheRunningCatalog(t *testing.T) {
	t.Parallel()
	env := environment(t)
	env["BOOTSTRAP_API_KEY"] = "ds_chosen-by-an-operator"
	p := servicetest.Start(t, "catalog", env)
	client := &admin.Client{URL: p.URL, Key: env["BOOTSTRAP_API_KEY"]}

	require.Eventually(t, func() bool {
		queues, err := client.Queues(t.Context())
		return err == nil && len(queues) == 2 && queues[0].Expected && queues[1].Expected && queues[0].Consumers == 1
	}, 20*time.Second, 50*time.Millisecond)
	status, err := client.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, "catalog", status.Role)
	for _, check := range status.Checks {
		require.True(t, check.OK, check)
	}
	settings, err := client.Config(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, settings)

	job, err := client.Replay(t.Context(), admin.ReplayRequest{All: true})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		job, err = client.Job(t.Context(), job.ID)
		return err == nil && job.State == "done"
	}, 20*time.Second, 50*time.Millisecond)
	p.Stop(t)
}
