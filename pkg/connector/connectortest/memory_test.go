package connectortest_test

import (
	"context"
	"testing"

	"github.com/datasync-dev/datasync/pkg/connector/connectortest"
	"github.com/datasync-dev/datasync/pkg/record"
)

func TestMemoryKeepsTheContract(t *testing.T) {
	t.Parallel()
	connectortest.Run(t, func(*testing.T) connectortest.Harness {
		memory := connectortest.NewMemory("cus")
		return connectortest.Harness{
			Remote: memory,
			Edit: func(_ context.Context, id string, patch record.Patch) error {
				memory.Edit(id, patch)
				return nil
			},
			Remove: func(_ context.Context, id string) error {
				memory.Remove(id)
				return nil
			},
		}
	})
}
