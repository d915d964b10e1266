package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/services/catalog/internal/api"
)

func TestBadBodiesSayWhereAndWhy(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tooMany := make([]string, 49)
	for i := range tooMany {
		tooMany[i] = fmt.Sprintf(`"k%d": "v"`, i)
	}
	for name, test := range map[string]struct{ body, pointer, reason string }{
		"unknown field":            {`{"fullname": "Jane"}`, "/fullname", "unknown_field"},
		"unknown nested field":     {`{"address": {"town": "Berlin"}}`, "/address/town", "unknown_field"},
		"pointer is escaped":       {`{"a/b~c": 1}`, "/a~1b~0c", "unknown_field"},
		"field of the catalog":     {`{"version": 7}`, "/version", "read_only"},
		"number for a string":      {`{"name": 42}`, "/name", "wrong_type"},
		"string for an object":     {`{"address": "Berlin"}`, "/address", "wrong_type"},
		"list for a body":          {`[]`, "", "wrong_type"},
		"null for a body":          {`null`, "", "wrong_type"},
		"list for metadata":        {`{"metadata": []}`, "/metadata", "wrong_type"},
		"number in metadata":       {`{"metadata": {"k": 1}}`, "/metadata/k", "wrong_type"},
		"string for locales":       {`{"preferred_locales": "de"}`, "/preferred_locales", "wrong_type"},
		"number in locales":        {`{"preferred_locales": ["de", 1]}`, "/preferred_locales/1", "wrong_type"},
		"no locale":                {`{"preferred_locales": ["de,fr"]}`, "/preferred_locales/0", "invalid_value"},
		"name too long":            {`{"name": "` + strings.Repeat("ü", 257) + `"}`, "/name", "too_long"},
		"email too long":           {`{"email": "` + strings.Repeat("a", 512) + `@b"}`, "/email", "too_long"},
		"no email":                 {`{"email": "jane"}`, "/email", "invalid_value"},
		"email with a name":        {`{"email": "Jane <jane@example.com>"}`, "/email", "invalid_value"},
		"phone too long":           {`{"phone": "` + strings.Repeat("1", 21) + `"}`, "/phone", "too_long"},
		"description too long":     {`{"description": "` + strings.Repeat("a", 5001) + `"}`, "/description", "too_long"},
		"country":                  {`{"address": {"country": "Germany"}}`, "/address/country", "invalid_value"},
		"country of shipping":      {`{"shipping": {"name": "J", "address": {"country": "DEU"}}}`, "/shipping/address/country", "invalid_value"},
		"tax_exempt":               {`{"tax_exempt": "yes"}`, "/tax_exempt", "invalid_value"},
		"NUL":                      {`{"name": "a\u0000b"}`, "/name", "invalid_characters"},
		"line break in a name":     {`{"name": "a\nb"}`, "/name", "invalid_characters"},
		"shipping without name":    {`{"shipping": {"address": {"city": "Berlin"}}}`, "/shipping/name", "incomplete"},
		"shipping, no address":     {`{"shipping": {"name": "Jane"}}`, "/shipping/address", "incomplete"},
		"metadata: brackets":       {`{"metadata": {"a[b]": "v"}}`, "/metadata/a[b]", "invalid_characters"},
		"metadata: our own":        {`{"metadata": {"datasync_id": "v"}}`, "/metadata/datasync_id", "reserved"},
		"metadata: empty key":      {`{"metadata": {"": "v"}}`, "/metadata/", "invalid_value"},
		"metadata: key too long":   {`{"metadata": {"` + strings.Repeat("k", 41) + `": "v"}}`, "/metadata/" + strings.Repeat("k", 41), "too_long"},
		"metadata: value too long": {`{"metadata": {"k": "` + strings.Repeat("v", 501) + `"}}`, "/metadata/k", "too_long"},
		"metadata: too many":       {`{"metadata": {` + strings.Join(tooMany, ",") + `}}`, "/metadata", "too_many"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := b.do(http.MethodPost, "/v1/customers", test.body)

			answer.problem(t, http.StatusUnprocessableEntity, api.CodeValidationFailed)
			items, _ := answer.Body["errors"].([]any)
			require.Len(t, items, 1, answer.Raw)
			item, _ := items[0].(map[string]any)
			require.Equal(t, test.pointer, item["pointer"])
			require.Equal(t, test.reason, item["reason"])
			require.NotEmpty(t, item["detail"])
		})
	}
	t.Cleanup(func() { require.Empty(t, b.events(), "nothing may be stored") })
}

func TestAllMistakesAreListedAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)

	answer := b.do(http.MethodPost, "/v1/customers", `{"name": 1, "foo": 2, "address": {"bar": 3, "country": "Germany"}}`)

	answer.problem(t, http.StatusUnprocessableEntity, api.CodeValidationFailed)
	require.Len(t, answer.Body["errors"], 4)
}

func TestMalformedJSONNamesTheLine(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, test := range map[string]struct{ body, place string }{
		"syntax":          {"{\n  \"name\": Jane\n}", "Line 2, column 11"},
		"cut off":         {`{"name": "Jane"`, "Line 1, column 16"},
		"trailing":        {`{} {}`, "Line 1, column 4"},
		"not UTF-8":       {"{\"name\": \"\xff\"}", "Line 1, column 11"},
		"nothing":         {"", "empty"},
		"only whitespace": {" \n ", "empty"},
		"not JSON at all": {"name=Jane", "Line 1, column 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := b.do(http.MethodPost, "/v1/customers", test.body, "Content-Type: application/json")

			answer.problem(t, http.StatusBadRequest, api.CodeMalformedJSON)
			require.Contains(t, answer.Body["detail"], test.place)
		})
	}
}

func TestBodiesOfAnotherTypeOrSizeAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)

	b.do(http.MethodPost, "/v1/customers", `<name>Jane</name>`, "Content-Type: application/xml").
		problem(t, http.StatusUnsupportedMediaType, api.CodeUnsupportedMediaType)
	b.do(http.MethodPost, "/v1/customers", `name=Jane`, "Content-Type: application/x-www-form-urlencoded").
		problem(t, http.StatusBadRequest, api.CodeMalformedJSON)
	plain := b.do(http.MethodPost, "/v1/customers", `{"name": "Jane"}`, "Content-Type: application/x-www-form-urlencoded")
	require.Equal(t, http.StatusCreated, plain.Status, "what curl -d sends")

	large := `{"description": "` + strings.Repeat("a", 1<<20) + `"}`
	b.do(http.MethodPost, "/v1/customers", large).problem(t, http.StatusRequestEntityTooLarge, api.CodeBodyTooLarge)

	fits := `{"name": "Jane"}` + strings.Repeat(" ", 1<<20-len(`{"name": "Jane"}`))
	require.Equal(t, http.StatusCreated, b.do(http.MethodPost, "/v1/customers", fits).Status)
}

func TestBadParametersAreNamed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for query, parameter := range map[string]string{
		"limit=0": "limit", "limit=201": "limit", "limit=many": "limit", "sync_state=lost": "sync_state",
		"created_after=yesterday": "created_after", "emial=a": "emial", "include_deleted=maybe": "include_deleted",
	} {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			answer := b.do(http.MethodGet, "/v1/customers?"+query, "")

			answer.problem(t, http.StatusBadRequest, api.CodeInvalidParameter)
			items, _ := answer.Body["errors"].([]any)
			require.Len(t, items, 1)
			item, _ := items[0].(map[string]any)
			require.Equal(t, parameter, item["parameter"])
		})
	}
	for _, cursor := range []string{"x", "YWJj", "YzEuMS4x", "!"} {
		b.do(http.MethodGet, "/v1/customers?cursor="+cursor, "").problem(t, http.StatusBadRequest, api.CodeInvalidCursor)
		b.do(http.MethodGet, "/v1/conflicts?cursor="+cursor, "").problem(t, http.StatusBadRequest, api.CodeInvalidCursor)
	}
}

func TestAddressesThatDoNotExist(t *testing.T) {
	t.Parallel()
	b := setup(t)

	b.do(http.MethodGet, "/v2/customers", "").problem(t, http.StatusNotFound, api.CodeRouteNotFound)
	wrong := b.do(http.MethodPost, "/v1/conflicts", "{}")
	wrong.problem(t, http.StatusMethodNotAllowed, api.CodeMethodNotAllowed)
	require.Equal(t, http.MethodGet, wrong.Header.Get("Allow"))
}

func TestATrailingSlashIsAcceptedWithoutARedirect(t *testing.T) {
	t.Parallel()
	b := setup(t)

	answer := b.do(http.MethodPost, "/v1/customers/", `{"name": "Jane"}`)

	require.Equal(t, http.StatusCreated, answer.Status, answer.Raw)
	require.Equal(t, http.StatusOK, b.do(http.MethodGet, pathOf(answer.Body)+"/", "").Status)
}

// A remote may hold what the catalog would refuse from a client. It must not stand in the way of other changes.
func TestValuesOfARemoteDoNotBlockOtherChanges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.create(`{"name": "Jane"}`)
	require.NoError(t, b.db.Exec(`UPDATE customers SET fields = fields ||
		'{"email": "not an address", "shipping.name": "Jane", "metadata.datasync_x": "y", "new.field": "z"}'`).Error)

	require.Equal(t, http.StatusOK, b.do(http.MethodPatch, pathOf(c), `{"name": "Janet"}`).Status)
	put := b.do(http.MethodPut, pathOf(c), `{"name": "Eve", "email": "not an address", "shipping": {"name": "Jane"}}`)

	require.Equal(t, http.StatusOK, put.Status, put.Raw)
	require.Equal(t, "not an address", put.Body["email"])
	events := b.events()
	require.Equal(t, "z", events[len(events)-1].Fields["new.field"], "what this version does not know is left alone")
}
