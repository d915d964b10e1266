package ui_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/services/console/internal/ui"
)

func TestEveryTemplateCanBeParsed(t *testing.T) {
	t.Parallel()
	_, err := ui.New()
	require.NoError(t, err)
}
