// Command console is the operators' web page: what is in sync, what is not and why, and what to do about it.
package main

import (
	"github.com/datasync-dev/datasync/pkg/service"
	"github.com/datasync-dev/datasync/services/console/internal/server"
)

func main() { service.Main(server.Run) }
