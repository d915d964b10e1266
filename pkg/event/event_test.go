package event_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/record"
)

func snapshot() event.Snapshot {
	return event.Snapshot{
		Kind: event.KindCustomer, ID: uuid.NewString(), Version: 3, Generation: 1,
		Fields: record.Fields{"name": "Ada"}, Seen: map[string]int64{"stripe": 2},
	}
}

func change() event.Change {
	return event.Change{
		Remote: "stripe", Kind: event.KindCustomer, ID: uuid.NewString(), RemoteID: "cus_1", Generation: 1, Seq: 2,
		Fields: map[string]record.Inbound{"name": {Seq: 2, Value: "Ada", Base: 1, At: time.Unix(1, 0).UTC()}},
	}
}

func TestMessagesSurviveTheWire(t *testing.T) {
	t.Parallel()
	s := snapshot()
	sent := event.NewSnapshot(event.Updated, s)
	require.Equal(t, "customer.updated.v1", sent.Type)
	gotSnapshot, err := event.DecodeSnapshot(sent.JSON())
	require.NoError(t, err)
	require.Equal(t, s, gotSnapshot)

	c := change()
	sent = event.NewChange(c)
	require.Equal(t, "stripe.customer.v1", sent.Type)
	report, err := event.DecodeReport(sent.JSON())
	require.NoError(t, err)
	require.Equal(t, event.Report{Change: &c}, report)

	state := event.State{
		Remote: "stripe", Kind: event.KindCustomer, ID: uuid.NewString(), State: event.StateFailed, Revision: 7,
		Error: &event.SyncError{Class: "permanent", Field: "email", Reason: "refused", Attempt: 1}, At: time.Unix(1, 0).UTC(),
	}
	sent = event.NewState(state)
	require.Equal(t, "stripe.state.v1", sent.Type)
	report, err = event.DecodeReport(sent.JSON())
	require.NoError(t, err)
	require.Equal(t, event.Report{State: &state}, report)
}

func TestWhatCannotBeDecodedSaysWhy(t *testing.T) {
	t.Parallel()
	with := func(edit func(*event.Envelope)) []byte {
		e := event.NewSnapshot(event.Updated, snapshot())
		edit(&e)
		return e.JSON()
	}
	data := func(s event.Snapshot) []byte { return event.NewSnapshot(event.Updated, s).JSON() }
	noID, otherID, noVersion, nul, nulRemote := snapshot(), snapshot(), snapshot(), snapshot(), snapshot()
	nul.Fields["name"], nulRemote.Seen["a\x00b"] = "a\x00b", 1
	noID.ID, otherID.ID, noVersion.Version = "42", "{"+otherID.ID+"}", 0
	for name, c := range map[string]struct {
		body []byte
		want error
	}{
		"nothing":                  {nil, event.ErrMalformed},
		"not JSON":                 {[]byte("hello"), event.ErrMalformed},
		"another JSON":             {[]byte(`{"a":1}`), event.ErrMalformed},
		"a list":                   {[]byte(`[]`), event.ErrMalformed},
		"no version suffix":        {with(func(e *event.Envelope) { e.Type = "customer.updated" }), event.ErrMalformed},
		"a newer schema":           {with(func(e *event.Envelope) { e.Type = "customer.updated.v2" }), event.ErrNewerSchema},
		"another source":           {with(func(e *event.Envelope) { e.Source = "/elsewhere" }), event.ErrUnknownType},
		"another kind":             {with(func(e *event.Envelope) { e.Type = "invoice.updated.v1" }), event.ErrMalformed},
		"data of no object":        {with(func(e *event.Envelope) { e.Data = []byte(`"text"`) }), event.ErrMalformed},
		"an id that is no UUID":    {data(noID), event.ErrMalformed},
		"a UUID in other words":    {data(otherID), event.ErrMalformed},
		"a text with NUL":          {data(nul), event.ErrMalformed},
		"a remote's name with NUL": {data(nulRemote), event.ErrMalformed},
		"a version that is no one": {data(noVersion), event.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := event.DecodeSnapshot(c.body)
			require.ErrorIs(t, err, c.want)
		})
	}
}

func TestAReportOfOneRemoteUnderTheNameOfAnotherIsRefused(t *testing.T) {
	t.Parallel()
	c := change()
	sent := event.NewChange(c)
	sent.Source = "/connectors/salesforce"
	_, err := event.DecodeReport(sent.JSON())
	require.ErrorIs(t, err, event.ErrUnknownType)
	sent.Type = "salesforce.customer.v1"
	_, err = event.DecodeReport(sent.JSON())
	require.ErrorIs(t, err, event.ErrMalformed)
}

func FuzzDecode(f *testing.F) {
	f.Add(event.NewSnapshot(event.Created, snapshot()).JSON())
	f.Add(event.NewChange(change()).JSON())
	f.Add(event.NewState(event.State{Remote: "stripe", Kind: "customer", ID: uuid.NewString()}).JSON())
	f.Add([]byte(`{"specversion":"1.0","id":"1","type":"customer.updated.v1","source":"/catalog","data":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if s, err := event.DecodeSnapshot(body); err == nil {
			again, err := event.DecodeSnapshot(event.NewSnapshot(event.Updated, s).JSON())
			require.NoError(t, err)
			require.Equal(t, s, again)
		}
		if r, err := event.DecodeReport(body); err == nil {
			require.True(t, (r.Change == nil) != (r.State == nil))
		}
	})
}
