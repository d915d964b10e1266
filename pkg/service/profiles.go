package service

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
)

// Profiles returns a loop that serves the profiles of net/http/pprof at addr, or nothing when addr is "". Profiles show
// memory, so addr has to be a loopback address; any other one stops the start.
func Profiles(addr string) []Loop {
	if addr == "" {
		return nil
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return []Loop{{Name: "profiles", Run: func(ctx context.Context) error {
		host, _, err := net.SplitHostPort(addr)
		if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
			return fmt.Errorf("DEBUG_ADDR: %q is not an address like 127.0.0.1:6060; profiles are for this machine alone", addr)
		}
		return HTTP("profiles", addr, mux).Run(ctx)
	}}}
}
