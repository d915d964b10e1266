package servicetest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/datasync-dev/datasync/"

// binaries are the services built by this test process: name -> func() (path string, err error).
var binaries sync.Map //nolint:gochecknoglobals // one build per process is the point

// Program builds services/<name>/cmd/<name>, once per test process, and returns the path of its binary.
func Program(t testing.TB, name string) string {
	t.Helper()
	path, err := binary(name)
	require.NoError(t, err)
	return path
}

// binary builds the service, once per test process, and returns the path of its binary.
func binary(name string) (string, error) {
	once, _ := binaries.LoadOrStore(name, sync.OnceValues(func() (string, error) { return build(name) }))
	path, ok := once.(func() (string, error))
	if !ok {
		return "", fmt.Errorf("build %s: not a build", name)
	}
	return path()
}

// build compiles without the race detector, whatever the test itself was built with: the binary that is shipped.
func build(name string) (string, error) {
	dir, err := outputDir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	command := exec.Command("go", "build", "-race=false", "-buildvcs=false", "-o", path, module+"services/"+name+"/cmd/"+name)
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", name, err, output)
	}
	return path, nil
}

// outputDir is a new directory beside the test's own binary, which `go test` removes with everything in it.
func outputDir() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the test binary: %w", err)
	}
	parent := filepath.Dir(self)
	if !strings.Contains(parent, "go-build") {
		parent = os.TempDir() // a test binary that somebody keeps
	}
	dir, err := os.MkdirTemp(parent, "services-")
	if err != nil {
		return "", fmt.Errorf("make a directory for binaries: %w", err)
	}
	return dir, nil
}
