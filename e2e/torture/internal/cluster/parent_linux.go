package cluster

import (
	"os/exec"
	"syscall"
)

// dieWithParent makes the kernel kill the service when this program dies without cleaning up.
func dieWithParent(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
