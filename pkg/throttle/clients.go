package throttle

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Clients tells the addresses of clients. Proxies are the networks whose X-Forwarded-For is believed; without any, the
// header is ignored, since every client can send it.
type Clients struct{ Proxies []netip.Prefix }

// ParseProxies reads networks such as 10.0.0.0/8, or single addresses.
func ParseProxies(networks []string) ([]netip.Prefix, error) {
	var proxies []netip.Prefix
	for _, text := range networks {
		text = strings.TrimSpace(text)
		prefix, err := netip.ParsePrefix(text)
		if addr, addrErr := netip.ParseAddr(text); addrErr == nil {
			prefix, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%q is no network such as 10.0.0.0/8", text)
		}
		proxies = append(proxies, prefix.Masked())
	}
	return proxies, nil
}

// Address returns the address of whoever sent a request: remoteAddr is that of the connection, forwardedFor what the
// headers X-Forwarded-For say. The proxies append to it, so the last address that is no proxy's is the client's, and
// what stands before that was written by the client.
func (c Clients) Address(remoteAddr string, forwardedFor ...string) netip.Addr {
	var addr netip.Addr
	if connection, err := netip.ParseAddrPort(remoteAddr); err == nil {
		addr = connection.Addr().Unmap()
	}
	hops := strings.Split(strings.Join(forwardedFor, ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !c.proxy(addr) {
			break
		}
		before, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		addr = before.Unmap()
	}
	return addr
}

func (c Clients) proxy(addr netip.Addr) bool {
	return slices.ContainsFunc(c.Proxies, func(p netip.Prefix) bool { return p.Contains(addr) })
}
