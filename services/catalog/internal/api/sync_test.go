package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/event"
)

func stripeOf(body map[string]any) map[string]any {
	sync, _ := body["sync"].(map[string]any)
	stripe, _ := sync["stripe"].(map[string]any)
	return stripe
}

// state reads how a customer stands at Stripe, by GET and by the filter of the list, which must agree.
func (b *bundle) state(c map[string]any) string {
	b.t.Helper()
	state, _ := stripeOf(b.do(http.MethodGet, pathOf(c)+"?include_deleted=true", "").Body)["state"].(string)
	for _, asked := range []string{"pending", "synced", "retrying", "failed", "deleted", "detached"} {
		data, _ := b.do(http.MethodGet, "/v1/customers?include_deleted=true&sync_state="+asked, "").Body["data"].([]any)
		require.Len(b.t, data, map[bool]int{true: 1, false: 0}[asked == state], "filter %s, state %s", asked, state)
	}
	return state
}

func TestTheSyncStateIsAboutThePresentVersion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.create(`{"name": "Jane"}`)
	require.Equal(t, "pending", b.state(c))

	b.report(c, event.State{Version: 1, Revision: 1, State: event.StateSynced, RemoteID: "cus_1"})
	require.Equal(t, "synced", b.state(c))
	synced := stripeOf(b.do(http.MethodGet, pathOf(c), "").Body)
	require.Equal(t, "cus_1", synced["customer_id"])
	require.EqualValues(t, 1, synced["version"])
	require.NotNil(t, synced["last_synced_at"])

	b.do(http.MethodPatch, pathOf(c), `{"email": "jane@example.com"}`)
	require.Equal(t, "pending", b.state(c), "the report is about an older version")

	refused := event.State{Version: 1, Revision: 2, State: event.StateFailed, Error: &event.SyncError{
		Class: "permanent", Field: "email", Reason: "refused", Attempt: 1, Version: 2,
	}}
	b.report(c, refused)
	require.Equal(t, "failed", b.state(c))
	failed := stripeOf(b.do(http.MethodGet, pathOf(c), "").Body)
	require.Equal(t, map[string]any{"class": "permanent", "field": "email", "reason": "refused", "attempt": 1.0}, failed["last_error"])
	require.Equal(t, "cus_1", failed["customer_id"])
	require.Equal(t, synced["last_synced_at"], failed["last_synced_at"])

	b.do(http.MethodPatch, pathOf(c), `{"email": null}`)
	require.Equal(t, "pending", b.state(c), "a newer version un-parks it")
	late := refused
	late.Revision = 3
	b.report(c, late)
	require.Equal(t, "pending", b.state(c), "a late report about the version before")
	require.Nil(t, stripeOf(b.do(http.MethodGet, pathOf(c), "").Body)["last_error"])

	b.report(c, event.State{Version: 3, Revision: 4, State: event.StateSynced, RemoteID: "cus_1"})
	b.report(c, refused)
	require.Equal(t, "synced", b.state(c), "an older report changes nothing")
}

func TestARestoredCustomerHasNoObjectYet(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.create(`{"name": "Jane"}`)
	b.do(http.MethodDelete, pathOf(c), "")
	b.report(c, event.State{Version: 2, Revision: 5, State: event.StateDeleted, RemoteID: "cus_1"})
	require.Equal(t, "deleted", b.state(c))

	b.do(http.MethodPost, pathOf(c)+"/restore", "")
	require.Equal(t, "pending", b.state(c))
	require.Nil(t, stripeOf(b.do(http.MethodGet, pathOf(c), "").Body)["customer_id"])

	b.report(c, event.State{Version: 3, Generation: 2, Revision: 1, State: event.StateSynced, RemoteID: "cus_2"})
	require.Equal(t, "synced", b.state(c))
}

func TestPreferWaitAnswersWhenTheRemoteIsDone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.create(`{"name": "Jane"}`)
	started := time.Now()
	answered := make(chan response, 1)
	go func() {
		answered <- b.do(http.MethodPatch, pathOf(c), `{"name": "Janet"}`, "Prefer: respond-async, wait=20", "Idempotency-Key: w1")
	}()
	require.Eventually(t, func() bool { return len(b.events()) == 2 }, 5*time.Second, 5*time.Millisecond)
	b.report(c, event.State{Version: 2, Revision: 1, State: event.StateSynced, RemoteID: "cus_1"})

	answer := <-answered
	require.Less(t, time.Since(started), 10*time.Second)
	require.Equal(t, http.StatusOK, answer.Status, answer.Raw)
	require.Equal(t, "wait=20", answer.Header.Get("Preference-Applied"))
	require.Equal(t, "synced", stripeOf(answer.Body)["state"])
	require.Equal(t, "cus_1", stripeOf(answer.Body)["customer_id"])

	replayed := b.do(http.MethodPatch, pathOf(c), `{"name": "Janet"}`, "Idempotency-Key: w1")
	require.Equal(t, answer.Body, replayed.Body, "the first answer, sync state and all")
}

func TestPreferWaitGivesUpInTime(t *testing.T) {
	t.Parallel()
	b := setup(t)

	started := time.Now()
	answer := b.do(http.MethodPost, "/v1/customers", `{"name": "Jane"}`, "Prefer: wait=1")

	require.GreaterOrEqual(t, time.Since(started), time.Second)
	require.Equal(t, http.StatusCreated, answer.Status, answer.Raw)
	require.Equal(t, "wait=1", answer.Header.Get("Preference-Applied"))
	require.Equal(t, "pending", stripeOf(answer.Body)["state"])
}

func TestAPreferenceThatMakesNoSenseIsIgnored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, prefer := range []string{"wait=0", "wait=-1", "wait=soon", "return=minimal", ""} {
		answer := b.do(http.MethodPost, "/v1/customers", `{}`, "Prefer: "+prefer)
		require.Equal(t, http.StatusCreated, answer.Status)
		require.Empty(t, answer.Header.Get("Preference-Applied"))
	}
}

func TestARefusalByTheRemoteEndsTheWait(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.create(`{"name": "Jane"}`)
	b.report(c, event.State{Version: 0, Revision: 1, State: event.StateFailed, Error: &event.SyncError{Class: "permanent", Reason: "no", Version: 1}})

	answer := b.do(http.MethodPatch, pathOf(c), `{"name": "Jane"}`, "Prefer: wait=20")

	require.Equal(t, "failed", stripeOf(answer.Body)["state"])
}
