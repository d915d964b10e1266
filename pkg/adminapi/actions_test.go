package adminapi_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/adminapi"
	"github.com/datasync-dev/datasync/pkg/jobs"
)

// work runs the jobs of dead letters until the test ends.
func (b *bundle) work() {
	b.t.Helper()
	runner := jobs.NewRunner(jobs.Options{
		DB: b.db, Log: slog.New(slog.DiscardHandler), Poll: 10 * time.Millisecond,
		Kinds: map[string]jobs.Handler{adminapi.ReplayKind: adminapi.Replays(b.db, func() {})},
	})
	ctx, stop := context.WithCancel(b.t.Context())
	done := make(chan error, 1)
	go func() { done <- runner.Run(ctx) }()
	b.t.Cleanup(func() {
		stop()
		require.NoError(b.t, <-done)
	})
}

func (b *bundle) finished(id string) admin.Job {
	b.t.Helper()
	var job admin.Job
	require.Eventually(b.t, func() bool {
		var err error
		job, err = b.viewer.Job(b.t.Context(), id)
		require.NoError(b.t, err)
		return !job.FinishedAt.IsZero()
	}, 20*time.Second, 10*time.Millisecond)
	return job
}

func (b *bundle) outbox() int64 {
	b.t.Helper()
	var count int64
	require.NoError(b.t, b.db.Raw("SELECT count(*) FROM outbox").Scan(&count).Error)
	return count
}

func TestDeadLettersAreReplayedByAJob(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.work()
	first, second, third := b.bury("m1"), b.bury("m2"), b.bury("m3")
	_, err := b.operator.Discard(t.Context(), first, "a test message")
	require.NoError(t, err)

	dry, err := b.operator.Replay(t.Context(), admin.ReplayRequest{All: true, DryRun: true})
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"would_replay": 2}, b.finished(dry.ID).Counts)
	require.Zero(t, b.outbox())

	some, err := b.operator.Replay(t.Context(), admin.ReplayRequest{IDs: []string{first, second}, Rate: 100})
	require.NoError(t, err)
	require.Equal(t, "operator", some.CreatedBy)
	done := b.finished(some.ID)
	require.Equal(t, jobs.Done, done.State, done.Error)
	require.Equal(t, map[string]int64{"replayed": 1, "settled before": 1}, done.Counts)
	all, err := b.operator.Replay(t.Context(), admin.ReplayRequest{All: true})
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"replayed": 1}, b.finished(all.ID).Counts)
	require.EqualValues(t, 2, b.outbox())
	letter, err := b.viewer.DeadLetter(t.Context(), third)
	require.NoError(t, err)
	require.Equal(t, "replayed", letter.State)
	require.Equal(t, "operator", letter.SettledBy)

	audit := b.audited()
	require.Len(t, audit, 4)
	require.Equal(t, "dead_letters.replay", audit[0].Action)
	require.Equal(t, all.ID, audit[0].Target)
	require.Equal(t, "dead_letter.discard", audit[3].Action)
	require.Equal(t, "a test message", audit[3].Reason)
	require.Equal(t, "operator", audit[3].Actor)
	_, err = b.operator.Discard(t.Context(), first, "again")
	refused(t, err, http.StatusConflict, "dead_letter_settled")
}

func TestAJobIsCancelled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	job, err := b.operator.Replay(t.Context(), admin.ReplayRequest{All: true})
	require.NoError(t, err)
	cancelled, err := b.operator.CancelJob(t.Context(), job.ID)
	require.NoError(t, err)
	require.Equal(t, jobs.Cancelled, cancelled.State)
	list, err := b.viewer.Jobs(t.Context(), admin.Page{})
	require.NoError(t, err)
	require.Len(t, list.Data, 1)
	require.Equal(t, "job.cancel", b.audited()[0].Action)
}

func TestKeysAreManaged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made, err := b.boss.CreateKey(t.Context(), admin.KeyRequest{Name: "console", Scopes: []string{"admin:read"}})
	require.NoError(t, err)
	client := &admin.Client{URL: b.url, Key: made.Secret}
	_, err = client.Status(t.Context())
	require.NoError(t, err)

	rotated, err := b.boss.RotateKey(t.Context(), made.ID, admin.RotateRequest{})
	require.NoError(t, err)
	_, err = client.Status(t.Context())
	refused(t, err, http.StatusUnauthorized, "expired_api_key")
	client.Key = rotated.Secret
	_, err = client.Status(t.Context())
	require.NoError(t, err)

	require.NoError(t, b.boss.RevokeKey(t.Context(), made.ID))
	_, err = client.Status(t.Context())
	refused(t, err, http.StatusUnauthorized, "expired_api_key")
	keys, err := b.boss.Keys(t.Context())
	require.NoError(t, err)
	require.Len(t, keys, 5)
	for _, key := range keys {
		require.Empty(t, key.Secret)
	}
	var did []string
	for _, entry := range b.audited() {
		did = append(did, entry.Action)
		require.Equal(t, made.ID, entry.Target)
		require.NotContains(t, entry.Detail, "secret")
	}
	require.Equal(t, []string{"key.revoke", "key.rotate", "key.create"}, did)
}

func TestWhatFailsIsNotInTheAudit(t *testing.T) {
	t.Parallel()
	var api *adminapi.API
	b := setup(t, func(a *adminapi.API) { api = a })
	err := api.Act(t.Context(), admin.AuditEntry{Action: "x"}, func(tx *gorm.DB, _ *admin.AuditEntry) error {
		return errors.New("no")
	})
	require.Error(t, err)
	require.Empty(t, b.audited())
}
