package throttle_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/throttle"
)

func TestWhoSentARequest(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		proxies   []string
		remote    string
		forwarded []string
		want      string
	}{
		"directly":                        {nil, "192.0.2.1:5000", nil, "192.0.2.1"},
		"nobody is believed by default":   {nil, "192.0.2.1:5000", []string{"203.0.113.9"}, "192.0.2.1"},
		"only the proxy is believed":      {[]string{"10.0.0.0/8"}, "192.0.2.1:5000", []string{"203.0.113.9"}, "192.0.2.1"},
		"through the proxy":               {[]string{"10.0.0.0/8"}, "10.1.2.3:5000", []string{"203.0.113.9"}, "203.0.113.9"},
		"through two proxies":             {[]string{"10.0.0.0/8"}, "10.1.2.3:5000", []string{"203.0.113.9, 10.9.9.9"}, "203.0.113.9"},
		"what the client made up":         {[]string{"10.0.0.0/8"}, "10.1.2.3:5000", []string{"198.51.100.7", "203.0.113.9"}, "203.0.113.9"},
		"nonsense stays with the proxy":   {[]string{"10.0.0.0/8"}, "10.1.2.3:5000", []string{"unknown"}, "10.1.2.3"},
		"the proxy itself":                {[]string{"10.1.2.3"}, "10.1.2.3:5000", nil, "10.1.2.3"},
		"IPv6":                            {[]string{"fd00::/8"}, "[fd00::1]:5000", []string{"2001:db8::7"}, "2001:db8::7"},
		"IPv4 on a socket of both":        {[]string{"10.0.0.0/8"}, "[::ffff:10.1.2.3]:5000", []string{"203.0.113.9"}, "203.0.113.9"},
		"a connection without an address": {nil, "@", nil, "invalid IP"},
	} {
		proxies, err := throttle.ParseProxies(c.proxies)
		require.NoError(t, err, name)
		require.Equal(t, c.want, throttle.Clients{Proxies: proxies}.Address(c.remote, c.forwarded...).String(), name)
	}
	_, err := throttle.ParseProxies([]string{"proxy.example.com"})
	require.ErrorContains(t, err, "proxy.example.com")
}
