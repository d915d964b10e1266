package adminapi_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/jobs"
	"github.com/datasync-dev/datasync/pkg/record"
)

func (b *bundle) finished(id string) (job admin.Job) {
	b.t.Helper()
	require.Eventually(b.t, func() bool {
		var err error
		job, err = b.viewer.Job(b.t.Context(), id)
		require.NoError(b.t, err)
		return !job.FinishedAt.IsZero()
	}, patience, 10*time.Millisecond)
	return job
}

func TestAComparisonIsStartedAndItsFindingsAreRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.customer(record.Fields{"name": "Ada"}, event.StateSynced)
	object := b.link(id).RemoteID
	b.remote.Edit(object, record.Patch{"name": "Eve"})

	job, err := b.operator.Reconcile(t.Context(), admin.ReconcileRequest{})
	require.NoError(t, err)
	require.Equal(t, "reconcile", job.Kind)

	job = b.finished(job.ID)
	require.Equal(t, jobs.Done, job.State, job.Error)
	require.EqualValues(t, 1, job.Reconcile.Drifted)
	list, err := b.reader.Findings(t.Context(), job.ID, admin.Page{})
	require.NoError(t, err)
	require.Equal(t, []admin.FieldDiff{{Field: "name", Before: "Ada", After: "Eve"}}, list.Data[0].Fields)
	list, err = b.viewer.Findings(t.Context(), job.ID, admin.Page{})
	require.NoError(t, err)
	require.Equal(t, []admin.FieldDiff{{Field: "name"}}, list.Data[0].Fields, "personal data is not for viewers")
	audit, err := b.viewer.Audit(t.Context(), admin.Page{})
	require.NoError(t, err)
	require.Equal(t, "reconcile", audit.Data[0].Action)
	require.Equal(t, job.ID, audit.Data[0].Target)
}

func TestComparisonsThatCannotBeDoneAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.operator.Reconcile(t.Context(), admin.ReconcileRequest{Plan: uuid.NewString(), Repair: "policy"})
	refused(t, err, http.StatusUnprocessableEntity, "validation_failed")
	_, err = b.operator.Reconcile(t.Context(), admin.ReconcileRequest{Repair: "both"})
	refused(t, err, http.StatusUnprocessableEntity, "validation_failed")
	_, err = b.viewer.Reconcile(t.Context(), admin.ReconcileRequest{})
	refused(t, err, http.StatusForbidden, "insufficient_scope")
	_, err = b.viewer.Findings(t.Context(), uuid.NewString(), admin.Page{})
	refused(t, err, http.StatusNotFound, "job_not_found")
	var job admin.Job
	require.NoError(t, b.db.Transaction(func(tx *gorm.DB) (err error) {
		job, err = jobs.Create(tx, jobs.New{Kind: connector.JobReconcile, By: "another", Alone: true})
		require.NoError(t, err)
		return tx.Exec(`UPDATE jobs SET due_at = now() + interval '1 hour'`).Error // nobody begins with it
	}))
	_, err = b.operator.Reconcile(t.Context(), admin.ReconcileRequest{})
	refused(t, err, http.StatusConflict, "job_busy")
	_, err = b.viewer.Findings(t.Context(), job.ID, admin.Page{Cursor: "x"})
	refused(t, err, http.StatusBadRequest, "invalid_cursor")
}
