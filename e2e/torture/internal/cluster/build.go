package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// services are the programs under test.
var services = []string{"catalog", "stripe-connector", "stripe-simulator"} //nolint:gochecknoglobals // a constant

// build compiles the services into dir.
func build(ctx context.Context, root, dir string) error {
	args := []string{"build", "-buildvcs=false", "-o", dir + string(filepath.Separator)}
	for _, name := range services {
		args = append(args, "./services/"+name+"/cmd/"+name)
	}
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = root
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build the services: %w\n%s", err, output)
	}
	return nil
}

// Root finds the repository that the working directory lies in.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("find the repository: no go.work above the working directory")
		}
		dir = parent
	}
}
