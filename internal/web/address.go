package web

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// ipv6Network is the least that a subscriber of IPv6 is given: whoever has one address there has the others.
const ipv6Network = 64

// Group is what limits go by: an IPv4 address, or the /64 of an IPv6 address.
func Group(ip netip.Addr) netip.Addr {
	ip = ip.Unmap().WithZone("")
	if !ip.Is6() {
		return ip
	}
	return netip.PrefixFrom(ip, ipv6Network).Masked().Addr()
}

// Proxies are the networks whose word on where a request comes from is believed.
type Proxies []netip.Prefix

// ParseProxies reads networks in CIDR notation.
func ParseProxies(networks []string) (Proxies, error) {
	var p Proxies
	for _, text := range networks {
		network, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("web: a trusted proxy is no network: %w", err)
		}
		p = append(p, network)
	}
	return p, nil
}

func (p Proxies) trust(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(ip) })
}

// Client is where a request comes from: whoever connected, or if that is a trusted proxy, whom it names in X-Forwarded-For.
// Each proxy adds whom it was called by at the right, and the client may have written anything to the left of that: so the
// rightmost that is no trusted proxy counts.
func (p Proxies) Client(r *http.Request) netip.Addr {
	at, _ := netip.ParseAddrPort(r.RemoteAddr) // what has no address counts as one
	from := at.Addr()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !p.trust(from) {
			break
		}
		ip, err := parseHop(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		from = ip
	}
	return Group(from)
}

// parseHop reads an address that may have a port, as some proxies write it.
func parseHop(text string) (netip.Addr, error) {
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at.Addr(), nil
	}
	return netip.ParseAddr(strings.Trim(text, "[]"))
}
