package web_test

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"shiming/internal/web"
)

func TestWhereARequestComesFrom(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		trusted   []string
		peer      string
		forwarded []string
		client    string
	}{
		{nil, "203.0.113.7:1", nil, "203.0.113.7"},
		{nil, "203.0.113.7:1", []string{"198.51.100.1"}, "203.0.113.7"}, // nobody is believed
		{[]string{"10.0.0.0/8"}, "203.0.113.7:1", []string{"198.51.100.1"}, "203.0.113.7"},
		{[]string{"10.0.0.0/8"}, "10.1.1.1:1", []string{"198.51.100.1"}, "198.51.100.1"},
		{[]string{"10.0.0.0/8"}, "10.1.1.1:1", []string{"1.2.3.4, 198.51.100.1"}, "198.51.100.1"}, // the left is the client's own word
		{[]string{"10.0.0.0/8"}, "10.1.1.1:1", []string{"1.2.3.4", "198.51.100.1, 10.2.2.2"}, "198.51.100.1"},
		{[]string{"10.0.0.0/8"}, "10.1.1.1:1", []string{"10.2.2.2"}, "10.2.2.2"},
		{[]string{"10.0.0.0/8"}, "10.1.1.1:1", nil, "10.1.1.1"},
		{[]string{"10.0.0.0/8"}, "10.1.1.1:1", []string{"198.51.100.1, unknown"}, "10.1.1.1"},
		{[]string{"10.0.0.0/8"}, "10.1.1.1:1", []string{"198.51.100.1:4711"}, "198.51.100.1"},
		{[]string{"10.0.0.0/8"}, "[::ffff:10.1.1.1]:1", []string{"198.51.100.1"}, "198.51.100.1"},
		{[]string{"fd00::/8"}, "[fd00::1]:1", []string{"[2001:db8:1:2:3:4:5:6]:4711"}, "2001:db8:1:2::"},
		{nil, "[2001:db8:1:2:3:4:5:6]:1", nil, "2001:db8:1:2::"},
		{nil, "[2001:db8:1:2:ffff::1]:1", nil, "2001:db8:1:2::"},
		{nil, "[2001:db8:1:3::1]:1", nil, "2001:db8:1:3::"},
		{nil, "[fe80::1%eth0]:1", nil, "fe80::"},
		{nil, "@", nil, "invalid IP"},
	} {
		proxies, err := web.ParseProxies(one.trusted)
		require.NoError(t, err)
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.RemoteAddr = one.peer
		for _, hop := range one.forwarded {
			r.Header.Add("X-Forwarded-For", hop)
		}
		require.Equal(t, one.client, proxies.Client(r).String(), "%+v", one)
	}
	_, err := web.ParseProxies([]string{"10.0.0.1"})
	require.Error(t, err)
}
