package api_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/services/catalog/internal/api"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

func TestEveryCodeIsListedOnceAndExplained(t *testing.T) {
	t.Parallel()
	seen := map[api.Code]bool{}
	for _, info := range api.Codes() {
		require.False(t, seen[info.Code], info.Code)
		seen[info.Code] = true
		require.GreaterOrEqual(t, info.Status, 400)
		require.NotEmpty(t, info.Title)
		require.NotEmpty(t, info.Fix)
	}
}

// The description of a body and the package that reads it must say the same.
func TestTheDescribedBodyIsTheOneThatIsRead(t *testing.T) {
	t.Parallel()
	s := loadSpec(t)
	for path, want := range map[string]int{
		"name": customers.MaxName, "email": customers.MaxEmail, "phone": customers.MaxPhone, "description": customers.MaxText,
	} {
		limit := dig(s.document, "components", "schemas", "CustomerInput", "properties", path, "maxLength")
		require.EqualValues(t, want, limit, path)
	}
	for name, fields := range map[string]string{"CustomerInput": "", "AddressInput": "address.", "ShippingInput": "shipping."} {
		properties, _ := dig(s.document, "components", "schemas", name, "properties").(map[string]any)
		require.NotEmpty(t, properties)
		for property := range properties {
			if property == "address" || property == "shipping" || property == "metadata" {
				continue
			}
			require.True(t, customers.KnownField(fields+property), fields+property)
			_, err := customers.Decode([]byte(`{"` + property + `": null}`))
			require.True(t, err == nil || fields != "", property)
		}
	}
}
