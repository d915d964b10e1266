//go:build !linux

package postgres

import (
	"net"
	"time"
)

// dialer makes connections that notice a silent network while we wait for an answer.
func dialer() *net.Dialer {
	return &net.Dialer{
		Timeout:         connectTimeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 3 * time.Second, Interval: time.Second, Count: 4},
	}
}
