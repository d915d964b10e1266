package servicetest

import (
	"os/exec"
	"syscall"
)

// dieWithParent makes the kernel kill the service when the test process dies without cleaning up, by a timeout for
// example.
func dieWithParent(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
