package customers_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/connector/connectortest"
	"github.com/datasync-dev/datasync/pkg/record"
)

// marked are the parameters that every write carries.
func marked(want url.Values) url.Values {
	want.Set("metadata[datasync_id]", "stripe:"+localID)
	want.Set("metadata[datasync_version]", "7")
	return want
}

func TestACreateSendsWhatIsSet(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fields record.Fields
		want   url.Values
	}{
		"nothing":               {record.Fields{}, url.Values{}},
		"a name":                {record.Fields{"name": "Ada"}, url.Values{"name": {"Ada"}}},
		"metadata with dots":    {record.Fields{"metadata.cost.center": "42"}, url.Values{"metadata[cost.center]": {"42"}}},
		"languages":             {record.Fields{"preferred_locales": "de,en-GB"}, url.Values{"preferred_locales[0]": {"de"}, "preferred_locales[1]": {"en-GB"}}},
		"our own keys":          {record.Fields{"metadata.datasync_id": "forged", "metadata.datasync_x": "y"}, url.Values{}},
		"shipping without rest": {record.Fields{"shipping.name": "A"}, url.Values{"shipping[name]": {"A"}, "shipping[address][line1]": {""}}},
		"everything": {connectortest.Everything(), url.Values{
			"name": {"Ada Lovelace"}, "email": {"ada@example.com"}, "phone": {"+4930123456"}, "description": {"First of her kind"},
			"tax_exempt": {"reverse"}, "preferred_locales[0]": {"de"}, "preferred_locales[1]": {"en-GB"},
			"address[line1]": {"Unter den Linden 1"}, "address[line2]": {"2nd floor"}, "address[city]": {"Berlin"},
			"address[state]": {"BE"}, "address[postal_code]": {"10117"}, "address[country]": {"DE"},
			"shipping[name]": {"Charles Babbage"}, "shipping[phone]": {"+4420123456"},
			"shipping[address][line1]": {"1 Dorset Street"}, "shipping[address][line2]": {"Rear"}, "shipping[address][city]": {"London"},
			"shipping[address][state]": {"LND"}, "shipping[address][postal_code]": {"W1U 4EE"}, "shipping[address][country]": {"GB"},
			"metadata[plan]": {"pro"}, "metadata[cost.center]": {"42"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newRecorder(t)
			_, err := f.remote.Create(t.Context(), call(), c.fields)
			require.NoError(t, err)
			require.Equal(t, "POST /v1/customers", f.line)
			require.Equal(t, "key-7", f.key)
			require.Equal(t, marked(c.want), f.params)
		})
	}
}

func TestAnUpdateSendsThePatchAndClearsExplicitly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		patch record.Patch
		want  url.Values
	}{
		"one field":              {record.Patch{"name": "Ada"}, url.Values{"name": {"Ada"}}},
		"plain fields":           {record.Patch{"name": "", "email": "", "phone": "", "description": ""}, url.Values{"name": {""}, "email": {""}, "phone": {""}, "description": {""}}},
		"no tax exemption":       {record.Patch{"tax_exempt": ""}, url.Values{"tax_exempt": {"none"}}},
		"no languages":           {record.Patch{"preferred_locales": ""}, url.Values{"preferred_locales": {""}}},
		"metadata":               {record.Patch{"metadata.a": "", "metadata.b": "1"}, url.Values{"metadata[a]": {""}, "metadata[b]": {"1"}}},
		"a part of an address":   {record.Patch{"address.line2": ""}, url.Values{"address[line2]": {""}}},
		"a whole address":        {cleared("address."), url.Values{"address": {""}}},
		"the whole shipping":     {cleared("shipping."), url.Values{"shipping": {""}}},
		"the shipping's phone":   {record.Patch{"shipping.name": "A", "shipping.phone": ""}, url.Values{"shipping[name]": {"A"}, "shipping[phone]": {""}, "shipping[address][line1]": {""}}},
		"fields that no one has": {record.Patch{"nickname": "x"}, url.Values{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newRecorder(t)
			_, err := f.remote.Update(t.Context(), call(), "cus_1", c.patch)
			require.NoError(t, err)
			require.Equal(t, "POST /v1/customers/cus_1", f.line)
			require.Equal(t, marked(c.want), f.params)
		})
	}
}

func TestBracketsInMetadataKeysAreRefusedBeforeTheCall(t *testing.T) {
	t.Parallel()
	f := newRecorder(t)
	_, err := f.remote.Create(t.Context(), call(), record.Fields{"metadata.a[b]": "1"})
	var failure *connector.Error
	require.ErrorAs(t, err, &failure)
	require.Equal(t, connector.Permanent, failure.Class)
	require.Equal(t, "metadata.a[b]", failure.Field)
	require.Empty(t, f.line)
}

func TestNestedObjectsTravelWhole(t *testing.T) {
	t.Parallel()
	full := connectortest.Everything()
	for name, c := range map[string]struct {
		patch record.Patch
		want  record.Fields // the record as it will be
		sent  record.Patch
	}{
		"nothing nested": {record.Patch{"name": "A"}, full, record.Patch{"name": "A"}},
		"one of an address": {
			record.Patch{"address.city": "Potsdam"},
			record.Fields{"address.city": "Potsdam", "address.line1": "1", "name": "A"},
			record.Patch{"address.city": "Potsdam", "address.line1": "1"},
		},
		"one cleared": {
			record.Patch{"address.city": ""}, record.Fields{"address.line1": "1"}, record.Patch{"address.city": "", "address.line1": "1"},
		},
		"the last one cleared": {record.Patch{"address.city": ""}, record.Fields{"name": "A"}, cleared("address.")},
		"one of shipping": {
			record.Patch{"shipping.phone": "1"},
			record.Fields{"shipping.phone": "1", "shipping.name": "A", "shipping.address.line1": "2"},
			record.Patch{"shipping.phone": "1", "shipping.name": "A", "shipping.address.line1": "2"},
		},
		"shipping cleared": {record.Patch{"shipping.name": ""}, record.Fields{}, cleared("shipping.")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := len(c.patch)
			require.Equal(t, c.sent, newRecorder(t).remote.Complete(c.patch, c.want))
			require.Len(t, c.patch, before, "the engine's own patch is left alone")
		})
	}
}

// cleared is the patch that empties a whole group of fields.
func cleared(prefix string) record.Patch {
	patch := record.Patch{}
	for path := range connectortest.Everything() {
		if strings.HasPrefix(path, prefix) {
			patch[path] = ""
		}
	}
	return patch
}
