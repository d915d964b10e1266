//go:build !linux

package cluster

import "os/exec"

// dieWithParent can do nothing here: a program that dies without cleaning up leaves its services running.
func dieWithParent(*exec.Cmd) {}
