package customers_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/customers"
)

func TestAReplyBecomesAnObject(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		want connector.Object
	}{
		"an empty customer": {
			`{"id":"cus_1","object":"customer","name":null,"address":null,"shipping":null,"metadata":{},"preferred_locales":[],"tax_exempt":"none"}`,
			connector.Object{Fields: record.Fields{}},
		},
		"an address of nothing": {
			`{"id":"cus_1","address":{"city":null,"country":"","line1":null},"shipping":{"name":"","address":{}}}`,
			connector.Object{Fields: record.Fields{}},
		},
		"our marks": {
			`{"id":"cus_1","metadata":{"datasync_id":"stripe:` + localID + `","datasync_version":"7","plan":"pro"}}`,
			connector.Object{Fields: record.Fields{"metadata.plan": "pro"}, LocalID: localID, Version: 7},
		},
		"the marks of another connector": {
			`{"id":"cus_1","metadata":{"datasync_id":"stripe-eu:` + localID + `","datasync_version":"7"}}`,
			connector.Object{Fields: record.Fields{}},
		},
		"a mark without a version": {
			`{"id":"cus_1","metadata":{"datasync_id":"stripe:` + localID + `","datasync_version":"seven"}}`,
			connector.Object{Fields: record.Fields{}, LocalID: localID},
		},
		"a version without a mark": {`{"id":"cus_1","metadata":{"datasync_version":"7"}}`, connector.Object{Fields: record.Fields{}}},
		"what cannot be stored":    {`{"id":"cus_1","name":"A\u0000da","phone":"\u0000"}`, connector.Object{Fields: record.Fields{"name": "Ada"}}},
		"lists and enumerations": {
			`{"id":"cus_1","preferred_locales":["de","en-GB"],"tax_exempt":"exempt"}`,
			connector.Object{Fields: record.Fields{"preferred_locales": "de,en-GB", "tax_exempt": "exempt"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newRecorder(t)
			f.body, c.want.ID = c.body, "cus_1"
			got, err := f.remote.Get(t.Context(), "cus_1")
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			require.Equal(t, "GET /v1/customers/cus_1", f.line)
			decoded, err := customers.Marks{Name: "stripe"}.Decode([]byte(c.body))
			require.NoError(t, err)
			require.Equal(t, c.want, decoded)
		})
	}
}

func TestADeletedCustomerIsGoneAlthoughTheAnswerIsOK(t *testing.T) {
	t.Parallel()
	f := newRecorder(t)
	f.body = `{"id":"cus_1","object":"customer","deleted":true}`
	_, err := f.remote.Get(t.Context(), "cus_1")
	require.ErrorIs(t, err, connector.ErrGone)
	_, err = f.remote.Update(t.Context(), call(), "cus_1", record.Patch{"name": "Late"})
	require.ErrorIs(t, err, connector.ErrGone)
	require.NoError(t, f.remote.Delete(t.Context(), call(), "cus_1"))
	require.Equal(t, "DELETE /v1/customers/cus_1", f.line)
}

func TestAnAnswerWithoutAnIDIsNoSuccess(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{}`, `{"object":"customer","name":"Ada"}`, `null`} {
		f := newRecorder(t)
		f.body = body
		_, created := f.remote.Create(t.Context(), call(), record.Fields{"name": "Ada"})
		_, updated := f.remote.Update(t.Context(), call(), "cus_1", record.Patch{"name": "Ada"})
		_, got := f.remote.Get(t.Context(), "cus_1")
		for _, err := range []error{created, updated, got, f.remote.Delete(t.Context(), call(), "cus_1")} {
			failure := failed(t, err)
			require.Equal(t, connector.Transient, failure.Class)
			require.False(t, failure.Burnt)
		}
	}
}

func TestWhatIsNoCustomerIsNotDecoded(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{``, `{}`, `null`, `[]`, `{"id":7}`, `{"id":"cus_1","metadata":[]}`, `{"id":"cus_1","email":{}}`} {
		_, err := customers.Marks{Name: "stripe"}.Decode([]byte(raw))
		require.Error(t, err, raw)
	}
}
