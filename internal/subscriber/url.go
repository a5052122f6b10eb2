package subscriber

import (
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// longestURL in bytes.
const longestURL = 2048

// label is a part of a host name (RFC 1123, section 2.1; underscores occur). Other scripts come as punycode.
var label = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$`)

// CheckURL says what is wrong with an address that somebody wants events sent to; empty if nothing is. A name is only
// judged for its form: where it leads shows when a connection is made.
func (g *Guard) CheckURL(text string) (wrong string) {
	u, err := url.Parse(text)
	switch {
	case len(text) > longestURL:
		return "The address is too long."
	case err != nil || u.Opaque != "" || u.Host == "":
		return "Send an absolute address, such as https://example.com/webhooks."
	case u.Scheme != "http" && u.Scheme != "https":
		return "Only http and https are spoken."
	case u.User != nil:
		return "Send no user or password in the address; the signature says who we are."
	case u.Fragment != "" || strings.HasSuffix(text, "#"):
		return "Send no fragment."
	case !goodPort(u):
		return "The port is not valid."
	}
	return g.checkHost(u.Hostname())
}

func goodPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && n > 0
}

func (g *Guard) checkHost(host string) (wrong string) {
	const notPublic = "The address is not a public one."
	if addr, err := netip.ParseAddr(host); err == nil {
		if addr.Zone() != "" || !g.Allows(addr) {
			return notPublic
		}
		return ""
	}
	host = strings.TrimSuffix(host, ".")
	labels := strings.Split(host, ".")
	for _, l := range labels {
		if !label.MatchString(l) {
			return "The host name is not valid."
		}
	}
	last := strings.ToLower(labels[len(labels)-1])
	switch {
	case len(host) > 253:
		return "The host name is not valid."
	case numeric(last): // some resolvers take 127.1 or 0x7f000001 for an address
		return "The host name is not valid."
	case last == "localhost" && !g.Allows(netip.AddrFrom4([4]byte{127, 0, 0, 1})):
		return notPublic
	}
	return ""
}

// numeric reports whether a name's last label makes it an address (WHATWG URL, "ends in a number").
func numeric(last string) bool {
	if hex, found := strings.CutPrefix(last, "0x"); found {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(last, "0123456789") == ""
}
