//go:build unix

package importer

import (
	"os"
	"syscall"
)

// lock makes this process the only one that writes the file, until it is closed.
func lock(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
