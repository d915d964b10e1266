package events_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/customers"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/events"
)

const localID = "0190f7a2-0000-7000-8000-000000000001"

func testMode() events.Reader { return events.Reader{Marks: customers.Marks{Name: "stripe"}} }

func notice(t *testing.T, r events.Reader, body string) connector.Notice {
	t.Helper()
	e, ok := events.Parse([]byte(body))
	require.True(t, ok, body)
	return r.Notice(e)
}

func TestEventsAboutCustomersAreNotices(t *testing.T) {
	t.Parallel()
	const ada = `{"id":"cus_1","object":"customer","name":"Ada","metadata":{"datasync_id":"stripe:` + localID + `","plan":"pro"}}`
	fields := record.Fields{"name": "Ada", "metadata.plan": "pro"}
	for name, c := range map[string]struct {
		body string
		want connector.Notice
	}{
		"created": {
			`{"id":"evt_1","type":"customer.created","data":{"object":` + ada + `}}`,
			connector.Notice{RemoteID: "cus_1", LocalID: localID, Fields: fields},
		},
		"updated, by a call": {
			`{"id":"evt_1","type":"customer.updated","data":{"object":` + ada + `},"request":{"id":"req_1","idempotency_key":"k"}}`,
			connector.Notice{RemoteID: "cus_1", LocalID: localID, Fields: fields, Key: "k"},
		},
		"updated, by itself": {
			`{"id":"evt_1","type":"customer.updated","data":{"object":` + ada + `},"request":{"id":null,"idempotency_key":null}}`,
			connector.Notice{RemoteID: "cus_1", LocalID: localID, Fields: fields},
		},
		"updated, in the words of an old API version": {
			`{"id":"evt_1","type":"customer.updated","data":{"object":` + ada + `},"request":"req_1"}`,
			connector.Notice{RemoteID: "cus_1", LocalID: localID, Fields: fields},
		},
		"deleted": {
			`{"id":"evt_1","type":"customer.deleted","data":{"object":` + ada + `}}`,
			connector.Notice{RemoteID: "cus_1", LocalID: localID, Gone: true},
		},
		"made by another connector": {
			`{"id":"evt_1","type":"customer.created","data":{"object":{"id":"cus_1","metadata":{"datasync_id":"other:` + localID + `"}}}}`,
			connector.Notice{RemoteID: "cus_1", Fields: record.Fields{}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := notice(t, testMode(), c.body)
			c.want.EventID, c.want.Type = "evt_1", got.Type
			require.Equal(t, c.want, got)
		})
	}
}

func TestEventsThatDoNotConcernUsAreIgnored(t *testing.T) {
	t.Parallel()
	live := testMode()
	live.Livemode = true
	for body, reader := range map[string]events.Reader{
		`{"id":"e","type":"invoice.paid","data":{"object":{"id":"in_1"}}}`:                                      testMode(),
		`{"id":"e","type":"customer.subscription.created","data":{"object":{"id":"sub_1","customer":"cus_1"}}}`: testMode(),
		`{"id":"e","type":"customer.source.updated","data":{"object":{"id":"src_1"}}}`:                          testMode(),
		`{"id":"e","type":"v2.core.event","data":{}}`:                                                           testMode(),
		`{"id":"e","type":"something.new"}`:                                                                     testMode(),
		`{"id":"e","type":"customer.created","account":"acct_1","data":{"object":{"id":"cus_1"}}}`:              testMode(),
		`{"id":"e","type":"customer.created","livemode":true,"data":{"object":{"id":"cus_1"}}}`:                 testMode(),
		`{"id":"e","type":"customer.created","livemode":false,"data":{"object":{"id":"cus_1"}}}`:                live,
		`{"id":"e","type":"customer.created","data":{"object":{}}}`:                                             testMode(),
		`{"id":"e","type":"customer.created","data":{"object":{"id":"a b"}}}`:                                   testMode(),
		`{"id":"e","type":"customer.created","data":{}}`:                                                        testMode(),
		`{"id":"e","type":"customer.created","data":null}`:                                                      testMode(),
		`{"id":"e","type":"customer.updated"}`:                                                                  testMode(),
	} {
		n := notice(t, reader, body)
		require.NotEmpty(t, n.Ignore, body)
		require.Empty(t, n.Fields, body)
		require.False(t, n.Gone, body)
	}
}

func TestAnUpdateTellsWhatWasThereBefore(t *testing.T) {
	t.Parallel()
	const now = `{"id":"cus_1","name":"Ada","phone":null,"address":{"city":"Berlin","line1":"1"},"shipping":null,` +
		`"metadata":{"a":"1","b":"2"},"preferred_locales":["de"]}`
	for previous, want := range map[string]record.Fields{
		`{}`:               {"name": "Ada", "address.city": "Berlin", "address.line1": "1", "metadata.a": "1", "metadata.b": "2", "preferred_locales": "de"},
		`{"name":"Grace"}`: {"name": "Grace", "address.city": "Berlin", "address.line1": "1", "metadata.a": "1", "metadata.b": "2", "preferred_locales": "de"},
		`{"name":null,"phone":"7","preferred_locales":[],"metadata":{"a":"0","b":null,"c":"3"}}`: {
			"phone": "7", "address.city": "Berlin", "address.line1": "1", "metadata.a": "0", "metadata.c": "3",
		},
		`{"address":{"city":"Bonn"},"metadata":{"a":null,"b":null},"preferred_locales":null}`: {"name": "Ada", "address.city": "Bonn", "address.line1": "1"},
		`{"address":null,"metadata":{"a":null,"b":null},"preferred_locales":null,"shipping":{"name":"S","address":{"line1":"9"}}}`: {
			"name": "Ada", "shipping.name": "S", "shipping.address.line1": "9",
		},
	} {
		n := notice(t, testMode(), `{"id":"e","type":"customer.updated","data":{"object":`+now+`,"previous_attributes":`+previous+`}}`)
		require.Equal(t, want, n.Before, previous)
		require.Equal(t, "Ada", n.Fields["name"], "what is there now stays as it is")
	}
	for _, more := range []string{``, `,"previous_attributes":null`, `,"previous_attributes":[]`, `,"previous_attributes":{"name":{}}`} {
		n := notice(t, testMode(), `{"id":"e","type":"customer.updated","data":{"object":`+now+more+`}}`)
		require.Nil(t, n.Before, more)
		require.NotEmpty(t, n.Fields, more)
	}
}

func TestAnUpdateTellsTheVersionInTheMarkBefore(t *testing.T) {
	t.Parallel()
	const now = `{"id":"cus_1","name":"Ada","metadata":{"datasync_id":"stripe:` + localID + `","datasync_version":"3"}}`
	for previous, want := range map[string]int64{
		`{"name":"Grace"}`: 3, `{"name":"Grace","metadata":{"datasync_version":"4"}}`: 4, `{"metadata":{"datasync_version":null}}`: 0,
	} {
		n := notice(t, testMode(), `{"id":"e","type":"customer.updated","data":{"object":`+now+`,"previous_attributes":`+previous+`}}`)
		require.Equal(t, want, n.BeforeVersion, previous)
	}
}

func TestWhatIsNoEventIsNotParsed(t *testing.T) {
	t.Parallel()
	for _, body := range []string{``, `null`, `{}`, `[]`, `{"id":"e"}`, `{"type":"t"}`, `{"id":7,"type":"t"}`, `{"id":"e","type":""}`, `{"id":"e\u0000","type":"t"}`} {
		_, ok := events.Parse([]byte(body))
		require.False(t, ok, body)
	}
}
