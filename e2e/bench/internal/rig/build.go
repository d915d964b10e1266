package rig

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
)

const module = "github.com/datasync-dev/datasync/"

// build compiles what is run, as it is shipped.
func (r *Rig) build(ctx context.Context) error {
	for name, path := range map[string]string{
		catalog: "services/catalog/cmd/catalog", connector: "services/stripe-connector/cmd/stripe-connector",
		simulator: "services/stripe-simulator/cmd/stripe-simulator", floor: "e2e/bench/floor",
	} {
		command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", //nolint:gosec // fixed names
			"-o", filepath.Join(r.binaries, name), module+path)
		if output, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", name, err, output)
		}
	}
	return nil
}
