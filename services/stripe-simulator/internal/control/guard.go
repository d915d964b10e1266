package control

import (
	"net"
	"net/http"
)

// Guard lets only callers on this machine in, unless anywhere is true, and never a page of another site: whatever stands
// behind it needs no key.
func Guard(h http.Handler, anywhere bool) http.Handler {
	same := http.NewCrossOriginProtection().Handler(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !anywhere && (!loopback(r.RemoteAddr) || !local(r.Host)) {
			http.Error(w, "The control API and the dashboard are for callers on this machine only; set CONTROL_FROM=any to open them.", http.StatusForbidden)
			return
		}
		same.ServeHTTP(w, r)
	})
}

func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	return err == nil && net.ParseIP(host).IsLoopback()
}

// local refuses names that a foreign site could have made to point here.
func local(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
