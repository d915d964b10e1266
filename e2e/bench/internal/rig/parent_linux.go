package rig

import (
	"os/exec"
	"syscall"
)

// dieWithParent makes the kernel kill the program when the benchmark dies without cleaning up.
func dieWithParent(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
