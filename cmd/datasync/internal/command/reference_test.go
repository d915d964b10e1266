package command_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/command"
)

// A page that differs is written anew, so that it only has to be committed, and fails the test.
func TestTheReferenceDescribesTheProgram(t *testing.T) {
	t.Parallel()
	const file = "../../../../docs/reference/cli.md"
	present, err := os.ReadFile(file)
	if err == nil && string(present) == command.Reference() {
		return
	}
	require.NoError(t, os.WriteFile(file, []byte(command.Reference()), 0o600))
	require.Fail(t, "the page was stale and has been written anew: commit it", file)
}
