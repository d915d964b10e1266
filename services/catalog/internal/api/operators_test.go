package api_test

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/adminapi"
	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/services/catalog/internal/api"
	"github.com/datasync-dev/datasync/services/catalog/internal/inbound"
	"github.com/datasync-dev/datasync/services/catalog/internal/operators"
)

// noBroker is a broker that cannot be reached.
type noBroker struct{}

func (noBroker) Queues() []string { return []string{"catalog.changes.v1"} }

func (noBroker) Inspect(context.Context, string) (rabbitmq.QueueState, error) {
	return rabbitmq.QueueState{}, rabbitmq.ErrNotConnected
}

func (b *bundle) operators() operators.Options {
	return operators.Options{ChangesQueue: "catalog.changes.v1", Remotes: []string{"stripe"}, Options: adminapi.Options{
		Service: "catalog", Role: "catalog", Version: "1", StartedAt: time.Now(), DB: b.db, Keys: b.keys, Log: slog.New(slog.DiscardHandler),
		Broker: noBroker{}, Committed: func() {}, JobAdded: func() {},
		Checks: func(context.Context) []admin.Check { return []admin.Check{} },
	}}
}

// as makes the following requests with a key that has these scopes.
func (b *bundle) as(scopes ...auth.Scope) {
	b.t.Helper()
	key, err := b.keys.Issue(b.t.Context(), "ops", scopes, time.Time{})
	require.NoError(b.t, err)
	b.key = key
}

// contested is a customer whose name waits for a person: Janet here, Jackie at Stripe.
func (b *bundle) contested() (customer map[string]any, conflict string) {
	b.t.Helper()
	customer = b.create(`{"name": "Jane"}`)
	require.Equal(b.t, http.StatusOK, b.do(http.MethodPatch, pathOf(customer), `{"name": "Janet"}`).Status)
	policies, err := inbound.ParsePolicies("manual", "")
	require.NoError(b.t, err)
	change := event.Change{
		Remote: "stripe", Kind: event.KindCustomer, ID: idOf(customer), RemoteID: "cus_1", Generation: 1, Seq: 1,
		Fields: map[string]record.Inbound{"name": {Seq: 1, Base: 1, Value: "Jackie", At: time.Now()}},
	}
	require.NoError(b.t, inbound.NewApplier(b.db, policies, func() {}).Apply(b.t.Context(), change, inbound.Message{}))
	open := b.do(http.MethodGet, "/v1/conflicts?open=true", "")
	require.Equal(b.t, http.StatusOK, open.Status, open.Raw)
	id, _ := open.data(b.t)[0]["id"].(string)
	return customer, id
}

func TestOperatorsSettleConflicts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	customer, id := b.contested()
	path := "/admin/v1/conflicts/" + id
	b.as(auth.AdminWrite)

	list := b.do(http.MethodGet, "/admin/v1/conflicts?open=true&record_id="+idOf(customer), "")
	require.Equal(t, http.StatusOK, list.Status, list.Raw)
	require.Len(t, list.data(t), 1)
	require.Empty(t, list.data(t)[0]["remote_value"], "an operator need not see personal data")
	b.do(http.MethodPost, path+"/resolve", `{"value": "blind"}`).problem(t, http.StatusForbidden, api.CodeInsufficientScope)
	b.do(http.MethodPost, path+"/resolve", `{}`).problem(t, http.StatusUnprocessableEntity, api.CodeValidationFailed)
	b.do(http.MethodPost, path+"/resolve", `{"take": "salesforce"}`).problem(t, http.StatusUnprocessableEntity, api.CodeValidationFailed)
	settled := b.do(http.MethodPost, path+"/resolve", `{"take": "stripe"}`)
	require.Equal(t, http.StatusOK, settled.Status, settled.Raw)
	require.Equal(t, "stripe", settled.Body["winner"])
	require.Equal(t, "ops", settled.Body["resolved_by"])
	b.do(http.MethodPost, path+"/resolve", `{"take": "stripe"}`).problem(t, http.StatusConflict, "conflict_settled")
	audit := b.do(http.MethodGet, "/admin/v1/audit", "").data(t)
	require.Equal(t, "conflict.resolve", audit[0]["action"])
	require.NotContains(t, audit[0], "Jackie")

	b.as(auth.Admin)
	require.Equal(t, "Jackie", b.do(http.MethodGet, pathOf(customer), "").Body["name"])
	timeline := b.do(http.MethodGet, "/admin/v1/records/"+idOf(customer)+"/timeline", "")
	require.Equal(t, http.StatusOK, timeline.Status, timeline.Raw)
	newest := timeline.data(t)[0]
	require.Equal(t, "ops", newest["origin"])
	require.NotEmpty(t, newest["request_id"])
	require.Len(t, newest["conflicts"], 1)
	require.NotEmpty(t, newest["fields"])
}

func TestConflictsThatAreNotThereAreToldApart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, id := b.contested()
	b.as(auth.Admin)
	b.do(http.MethodGet, "/admin/v1/conflicts/"+uuid.NewString(), "").problem(t, http.StatusNotFound, "conflict_not_found")
	b.do(http.MethodGet, "/admin/v1/conflicts/x", "").problem(t, http.StatusNotFound, "conflict_not_found")
	b.do(http.MethodGet, "/admin/v1/conflicts?cursor=x", "").problem(t, http.StatusBadRequest, api.CodeInvalidCursor)
	b.do(http.MethodGet, "/admin/v1/conflicts?record_id=x", "").problem(t, http.StatusBadRequest, api.CodeInvalidParameter)
	b.do(http.MethodPost, "/admin/v1/conflicts/"+id+"/resolve", `{"value": "\u0007"}`).
		problem(t, http.StatusUnprocessableEntity, api.CodeValidationFailed)
	one := b.do(http.MethodGet, "/admin/v1/conflicts/"+id, "")
	require.Equal(t, "Jackie", one.Body["remote_value"])
}

func TestACustomerWhoseConflictWaitsIsNotCalledSynced(t *testing.T) {
	t.Parallel()
	b := setup(t)
	customer, conflict := b.contested()
	state := func() any {
		answer := b.do(http.MethodGet, pathOf(customer), "")
		sync, _ := answer.Body["sync"].(map[string]any)
		stripe, _ := sync["stripe"].(map[string]any)
		return stripe["state"]
	}
	require.Equal(t, "pending", state())
	require.Empty(t, b.names("sync_state=conflict"))

	b.report(customer, event.State{State: event.StateSynced, Version: 9, Revision: 1})
	require.Equal(t, "conflict", state())
	require.Equal(t, []any{"Janet"}, b.names("sync_state=conflict"))
	require.Empty(t, b.names("sync_state=synced"))
	require.Empty(t, b.names("sync_state=pending"))

	b.as(auth.AdminWrite, auth.CustomersRead)
	require.Equal(t, http.StatusOK, b.do(http.MethodPost, "/admin/v1/conflicts/"+conflict+"/resolve", `{"take": "catalog"}`).Status)
	b.report(customer, event.State{State: event.StateSynced, Version: 99, Revision: 2})
	require.Equal(t, "synced", state())
	require.Empty(t, b.names("sync_state=conflict"))
}

func TestTheStatusCountsCustomers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	contested, _ := b.contested()
	b.report(contested, event.State{State: event.StateSynced, Version: 9, Revision: 1})
	failed, synced := b.create(`{"name": "Jack"}`), b.create(`{"name": "John"}`)
	b.create(`{"name": "Jim"}`)
	b.report(failed, event.State{State: event.StateFailed, Error: &event.SyncError{Class: "permanent", Version: 1}, Revision: 1})
	b.report(synced, event.State{State: event.StateSynced, Version: 1, Revision: 1})
	b.as(auth.AdminRead)

	status := b.do(http.MethodGet, "/admin/v1/status", "")

	require.Equal(t, http.StatusOK, status.Status, status.Raw)
	require.Equal(t, map[string]any{
		"total": 4.0, "pending": 1.0, "retrying": 0.0, "failed": 1.0, "discarded": 0.0, "conflicts": 1.0, "paused": 0.0,
	}, status.Body["records"])
	hops, _ := status.Body["hops"].([]any)
	require.Len(t, hops, 3)
	outbox, _ := hops[0].(map[string]any)
	require.Equal(t, "outbox", outbox["name"])
	require.NotZero(t, outbox["depth"])
	changes, _ := hops[1].(map[string]any)
	require.NotEmpty(t, changes["problem"], "the broker is away, the status is there")
	for _, path := range []string{"config", "queues", "jobs", "series", "changes", "dead-letters"} {
		answer := b.do(http.MethodGet, "/admin/v1/"+path, "")
		require.Equal(t, http.StatusOK, answer.Status, answer.Raw)
	}
	b.do(http.MethodGet, "/admin/v1/keys", "").problem(t, http.StatusForbidden, api.CodeInsufficientScope)
	b.do(http.MethodGet, "/admin/v1/changes?limit=0", "").problem(t, http.StatusBadRequest, api.CodeInvalidParameter)
}
