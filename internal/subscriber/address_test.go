package subscriber_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/subscriber"
)

func guard(t testing.TB, allowed ...string) *subscriber.Guard {
	t.Helper()
	g, err := subscriber.NewGuard(allowed)
	require.NoError(t, err)
	return g
}

func TestOnlyPublicAddressesAreConnectedTo(t *testing.T) {
	t.Parallel()
	g := guard(t)
	for address, public := range map[string]bool{
		"8.8.8.8": true, "114.114.114.114": true, "172.15.255.255": true, "172.32.0.0": true, "100.63.255.255": true, "100.128.0.0": true,
		"2400:3200::1": true, "2606:4700:4700::1111": true, "::ffff:8.8.8.8": true,

		"127.0.0.1": false, "127.255.255.254": false, "0.0.0.0": false, "0.1.2.3": false, "10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false,
		"192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false, "100.100.100.200": false, "192.0.0.170": false, "192.0.2.1": false,
		"198.18.0.1": false, "198.51.100.1": false, "203.0.113.1": false, "224.0.0.1": false, "239.255.255.255": false, "240.0.0.1": false, "255.255.255.255": false,

		"::": false, "::1": false, "fe80::1": false, "fe80::1%eth0": false, "fc00::1": false, "fd12:3456::1": false, "ff02::1": false,
		"::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:169.254.169.254": false, "::127.0.0.1": false,
		"64:ff9b::7f00:1": false, "64:ff9b::808:808": false, "64:ff9b:1::1": false, "2002:7f00:1::": false, "2001::1": false, "2001:db8::1": false,
		"3fff::1": false, "fec0::1": false, "5f00::1": false, "100::1": false,
	} {
		assert.Equal(t, public, g.Allows(netip.MustParseAddr(address)), address)
	}
}

func TestNetworksCanBeAllowed(t *testing.T) {
	t.Parallel()
	g := guard(t, "127.0.0.0/8", " 10.1.2.3/16", "fd00::/8")
	for address, allowed := range map[string]bool{
		"127.0.0.1": true, "::ffff:127.0.0.1": true, "10.1.9.9": true, "10.2.0.1": false, "fd00::1": true, "fc00::1": false, "::1": false, "192.168.0.1": false,
	} {
		assert.Equal(t, allowed, g.Allows(netip.MustParseAddr(address)), address)
	}
	_, err := subscriber.NewGuard([]string{"10.0.0.1"})
	assert.ErrorContains(t, err, "CIDR")
}

func TestHostileURLsCannotBeSubscribed(t *testing.T) {
	t.Parallel()
	g := guard(t)
	for _, url := range []string{
		"", "example.com", "/hook", "//example.com/hook", "ftp://example.com", "file:///etc/passwd", "gopher://example.com", "javascript:alert(1)", "http:example.com",
		"http://", "http:///path", "http://:80/", "http://user@example.com", "http://user:password@example.com/", "http://@example.com",
		"http://127.0.0.1/", "http://[::1]/", "http://10.0.0.1:8080", "https://192.168.0.1", "http://169.254.169.254/latest/meta-data/", "http://[fe80::1%25eth0]/",
		"http://[::ffff:127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://0/", "http://0.0.0.0/", "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/", "http://127.1/",
		"http://0177.0.0.1/", "http://127.0.0.1./", "http://localhost/", "http://LOCALHOST:80/", "http://a.localhost", "http://localhost./",
		"http://１２７.０.０.１/", "http://例子.中国/", "http://exa mple.com/", "http://example..com/", "http://-example.com/", "http://example.com:0/", "http://example.com:65536/",
		"http://example.com:/", "http://example.com:http/", "http://example.com/#fragment", "http://example.com/#", "http://example.com\r\nHost: x/", "http://exa\x00mple.com",
		"http://example.com/" + string(make([]byte, 2048)), "http://[example.com]/", "http://%31%32%37.0.0.1/", "http://a@b@c/",
	} {
		assert.NotEmpty(t, g.CheckURL(url), "%q", url)
	}
}

func TestOrdinaryURLsCanBeSubscribed(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"https://example.com", "http://example.com:8080/hooks?tenant=a%20b", "https://8.8.8.8/x", "https://[2400:3200::1]:8443/", "https://xn--fsqu00a.xn--0zwm56d/", "https://my_host.example.com./",
	} {
		assert.Empty(t, guard(t).CheckURL(url), url)
	}
	assert.Empty(t, guard(t, "127.0.0.0/8").CheckURL("http://127.0.0.1:9/"))
	assert.Empty(t, guard(t, "127.0.0.0/8").CheckURL("http://localhost:9/"))
}

// What passes the check is judged again where it leads, so the check may not crash or loop on anything.
func FuzzCheckURL(f *testing.F) {
	for _, seed := range []string{"https://example.com", "http://[::1%25a]/", "http://0x7f.1:80", "http://\xff/", "HTTP://EXAMPLE.com:443/?#"} {
		f.Add(seed)
	}
	g := guard(f)
	f.Fuzz(func(_ *testing.T, url string) { g.CheckURL(url) })
}
