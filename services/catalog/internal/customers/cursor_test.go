package customers_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add(customers.Cursor{}.String())
	f.Add("YzEuMTcwMDAwMDAwMDAwMDAwMC4wMTk5YzJhNC03ZDFjLTdhM2UtOWY2ZS0yYTVmMGM5ZDhiNzE")
	f.Fuzz(func(t *testing.T, text string) {
		cursor, err := customers.ParseCursor(text)
		if err != nil {
			require.ErrorIs(t, err, customers.ErrCursor)
			return
		}
		again, err := customers.ParseCursor(cursor.String())
		require.NoError(t, err)
		require.Equal(t, cursor.String(), again.String())
	})
}
