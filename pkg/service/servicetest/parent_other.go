//go:build !linux

package servicetest

import "os/exec"

// dieWithParent can do nothing here: a test process that dies without cleaning up leaves its services running.
func dieWithParent(*exec.Cmd) {}
