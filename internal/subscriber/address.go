package subscriber

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"syscall"
)

// ErrForbidden says that an address is not to be connected to.
var ErrForbidden = errors.New("subscriber: the address is not public")

// Guard judges the addresses that a subscriber's name may lead to.
type Guard struct{ allowed []netip.Prefix }

// NewGuard makes a guard that lets public addresses pass, and those in the networks allowed.
func NewGuard(allowed []string) (*Guard, error) {
	g := &Guard{}
	for _, text := range allowed {
		p, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("subscriber: network %q: want CIDR notation, such as 10.1.0.0/16", text)
		}
		g.allowed = append(g.allowed, p.Masked())
	}
	return g, nil
}

// public6 is all of IPv6 that is assigned to hosts (RFC 4291, section 2.4). What translates or wraps IPv4 lies outside
// of it, or is in special.
var public6 = netip.MustParsePrefix("2000::/3")

// special are networks that no public host has, though netip does not tell (IANA's registries of special-purpose
// addresses: RFC 6890, 6598, 5737, 7526, 2544, 3849, 9637, 4380, 3056).
var special = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

func prefixes(all ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(all))
	for i, text := range all {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

// Allows reports whether an address may be connected to.
func (g *Guard) Allows(addr netip.Addr) bool {
	addr = addr.WithZone("").Unmap()
	for _, p := range g.allowed {
		if p.Contains(addr) {
			return true
		}
	}
	if !addr.IsGlobalUnicast() || addr.IsPrivate() || addr.Is6() && !public6.Contains(addr) {
		return false
	}
	for _, p := range special {
		if p.Contains(addr) {
			return false
		}
	}
	return true
}

// control is for net.Dialer: it sees each address that is about to be connected to, after the name was resolved.
func (g *Guard) control(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !g.Allows(to.Addr()) {
		return ErrForbidden
	}
	return nil
}
