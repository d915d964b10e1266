package rig

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
)

const console = "console"

// StartConsole starts the console before the services; everybody is let in.
func (d *DataSync) StartConsole(ctx context.Context) (*Process, error) {
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", //nolint:gosec // fixed names
		"-o", filepath.Join(d.rig.binaries, console), module+"services/console/cmd/console")
	if output, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the console: %w\n%s", err, output)
	}
	return d.rig.start(ctx, console, map[string]string{
		"CATALOG_URL": d.Catalog.URL, "CATALOG_API_KEY": APIKey, "CONNECTORS": "stripe=" + d.Connectors[0].URL, "CONSOLE_AUTH": "off",
	})
}
