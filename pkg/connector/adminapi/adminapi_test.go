package adminapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/record"
)

func TestALinkShowsBothSidesToThoseWhoMaySeeThem(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.customer(record.Fields{"name": "Ada"}, event.StateSynced)
	l, err := b.reader.Link(t.Context(), id, true)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"name": "Ada"}, l.Desired)
	require.Equal(t, l.Desired, l.Shadow)
	require.Equal(t, l.Desired, l.Remote)
	require.Equal(t, "http://remote/"+l.RemoteID, l.RemoteURL)
	b.remote.Edit(l.RemoteID, record.Patch{"name": "Eve"})
	l, err = b.reader.Link(t.Context(), id, true)
	require.NoError(t, err)
	require.Equal(t, "Eve", l.Remote["name"])
	l, err = b.viewer.Link(t.Context(), id, true)
	require.NoError(t, err)
	require.Empty(t, l.Desired)
	require.Empty(t, l.Shadow)
	require.Empty(t, l.Remote)
	b.remote.Remove(l.RemoteID)
	l, err = b.reader.Link(t.Context(), id, true)
	require.NoError(t, err)
	require.True(t, l.Gone)
}

func TestOperatorsActOnARecordAndItIsAudited(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.customer(record.Fields{"name": "Ada"}, event.StateSynced)
	object := b.link(id).RemoteID
	b.remote.Edit(object, record.Patch{"name": "drifted"})
	_, err := b.operator.Act(t.Context(), id, admin.ActionPush)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return b.remote.Objects()[0].Fields["name"] == "Ada" }, patience, 10*time.Millisecond)
	l, err := b.operator.Act(t.Context(), id, admin.ActionPause)
	require.NoError(t, err)
	require.True(t, l.Paused)
	l, err = b.operator.Act(t.Context(), id, admin.ActionResume)
	require.NoError(t, err)
	require.False(t, l.Paused)
	b.await(id, "synced")
	_, err = b.operator.LinkTo(t.Context(), id, object)
	refused(t, err, http.StatusConflict, "already_linked")
	require.Eventually(t, func() bool {
		_, err = b.operator.Act(t.Context(), id, admin.ActionUnlink)
		return err == nil
	}, patience, 10*time.Millisecond)
	b.await(id, "detached")
	_, err = b.operator.LinkTo(t.Context(), id, "cus_none")
	refused(t, err, http.StatusNotFound, "remote_object_not_found")
	_, err = b.operator.LinkTo(t.Context(), id, object)
	require.NoError(t, err)
	b.await(id, "synced")
	_, err = b.operator.Act(t.Context(), uuid.NewString(), admin.ActionPull)
	refused(t, err, http.StatusNotFound, "record_not_found")
	_, err = b.viewer.Act(t.Context(), id, admin.ActionPull)
	refused(t, err, http.StatusForbidden, "insufficient_scope")
	audit, err := b.viewer.Audit(t.Context(), admin.Page{})
	require.NoError(t, err)
	require.Equal(t, "record.link", audit.Data[0].Action)
	require.Equal(t, "operator", audit.Data[0].Actor)
	require.Equal(t, id, audit.Data[0].Target)
	told, err := b.viewer.Timeline(t.Context(), id, admin.Page{Limit: 100})
	require.NoError(t, err)
	var acts []string
	for _, line := range told.Data {
		if line.Origin == "operator" {
			require.Equal(t, object, line.RemoteID)
			acts = append(acts, line.Op)
		}
	}
	require.Equal(t, []string{"link", "unlink", "resume", "pause"}, acts, "newest first")
}

func TestFailuresAreShownAndTriedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	heal := b.refuse()
	ids := []string{b.customer(record.Fields{"name": "Ada"}, event.StateFailed), b.customer(record.Fields{"name": "Eve"}, event.StateFailed)}
	groups, err := b.viewer.Failures(t.Context())
	require.NoError(t, err)
	require.Len(t, groups, 1)
	require.EqualValues(t, 2, groups[0].Count)
	require.ElementsMatch(t, ids, groups[0].Sample)
	list, err := b.viewer.Links(t.Context(), admin.LinkFilter{State: "failed", Page: admin.Page{Limit: 1}})
	require.NoError(t, err)
	require.Len(t, list.Data, 1)
	require.True(t, list.HasMore)
	_, err = b.viewer.Links(t.Context(), admin.LinkFilter{State: "lost"})
	refused(t, err, http.StatusBadRequest, "invalid_parameter")
	_, err = b.operator.Retry(t.Context(), admin.RetryRequest{})
	refused(t, err, http.StatusUnprocessableEntity, "nothing_selected")
	dry, err := b.operator.Retry(t.Context(), admin.RetryRequest{All: true, DryRun: true})
	require.NoError(t, err)
	require.EqualValues(t, 2, dry.Total)
	heal()
	_, err = b.operator.Retry(t.Context(), admin.RetryRequest{Fingerprint: groups[0].Fingerprint})
	require.NoError(t, err)
	for _, id := range ids {
		b.await(id, "synced")
	}
}

func TestParkedRecordsAreDiscardedWithAReason(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.refuse()
	id := b.customer(record.Fields{"name": "Ada"}, event.StateFailed)
	job, err := b.operator.DiscardFailures(t.Context(), admin.DiscardRequest{RecordIDs: []string{id}, Reason: " a test account "})
	require.NoError(t, err)
	require.Equal(t, "discard", job.Kind)
	require.EqualValues(t, 1, job.Total)
	b.await(id, "discarded")
	l := b.link(id)
	require.Equal(t, "a test account", l.Discarded.Reason)
	require.Equal(t, "operator", l.Discarded.By)
	groups, err := b.viewer.Failures(t.Context())
	require.NoError(t, err)
	require.Empty(t, groups)
	status, err := b.viewer.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, admin.Records{Total: 1, Discarded: 1}, status.Records)
	list, err := b.viewer.Links(t.Context(), admin.LinkFilter{State: "discarded"})
	require.NoError(t, err)
	require.Len(t, list.Data, 1)
	audit, err := b.viewer.Audit(t.Context(), admin.Page{})
	require.NoError(t, err)
	require.Equal(t, "failures.discard", audit.Data[0].Action)
	require.Equal(t, "a test account", audit.Data[0].Reason)
	require.Equal(t, job.ID, audit.Data[0].Target)
}

func TestDiscardsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.refuse()
	id := b.customer(record.Fields{"name": "Ada"}, event.StateFailed)
	for code, r := range map[string][]admin.DiscardRequest{
		"validation_failed": {
			{All: true},
			{All: true, Reason: " "},
			{All: true, Reason: "a\x00b"},
			{All: true, Reason: strings.Repeat("é", 201)},
			{All: true, Reason: "x", Rate: -1},
		},
		"nothing_selected": {{Reason: "x"}},
		"nothing_parked":   {{Fingerprint: "unknown", Reason: "x"}, {RecordIDs: []string{uuid.NewString()}, Reason: "x"}},
		"record_not_found": {{RecordIDs: []string{"x"}, Reason: "x"}},
	} {
		for _, one := range r {
			_, err := b.operator.DiscardFailures(t.Context(), one)
			status := http.StatusUnprocessableEntity
			if code == "nothing_parked" || code == "record_not_found" {
				status = http.StatusNotFound
			}
			refused(t, err, status, code)
		}
	}
	_, err := b.viewer.DiscardFailures(t.Context(), admin.DiscardRequest{All: true, Reason: "x"})
	refused(t, err, http.StatusForbidden, "insufficient_scope")
	require.Equal(t, "failed", b.link(id).State)
}

func TestControlIsAMergePatch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, err := b.operator.SetControl(t.Context(), map[string]any{"workers": 8, "rate": 12.5, "outbound": false})
	require.NoError(t, err)
	require.Equal(t, 8, *c.Workers)
	require.False(t, c.Outbound)
	require.True(t, c.Inbound)
	require.Equal(t, "operator", c.UpdatedBy)
	require.Eventually(t, func() bool {
		c, err = b.viewer.Control(t.Context())
		return err == nil && c.Applied == 1 && c.Replicas == 1
	}, patience, 10*time.Millisecond)
	workers, err := b.viewer.Workers(t.Context())
	require.NoError(t, err)
	require.Equal(t, 8, workers[0].Workers)
	require.Equal(t, "1.2.3", workers[0].Version)
	status, err := b.viewer.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"outbound"}, status.Paused)
	c, err = b.operator.SetControl(t.Context(), map[string]any{"workers": nil, "outbound": true})
	require.NoError(t, err)
	require.Nil(t, c.Workers)
	require.NotNil(t, c.Rate, "absent: unchanged")
	for field, value := range map[string]any{"workers": 0, "rate": -1, "outbound": "no", "speed": 3} {
		_, err = b.operator.SetControl(t.Context(), map[string]any{field: value})
		refused(t, err, http.StatusUnprocessableEntity, "validation_failed")
	}
	_, err = b.viewer.SetControl(t.Context(), map[string]any{"drain": true})
	refused(t, err, http.StatusForbidden, "insufficient_scope")
}

func TestTheStatusCountsRecords(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer(record.Fields{"name": "Ada"}, event.StateSynced)
	b.refuse()
	b.customer(record.Fields{"name": "Eve"}, event.StateFailed)
	status, err := b.viewer.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, admin.Records{Total: 2, Failed: 1}, status.Records)
	require.Equal(t, "due records", status.Hops[0].Name)
	require.False(t, status.Breaker.Open)
}
