package devstack

import (
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whoever reaches the engine may end and withdraw: on a developer's machine that is nobody from outside.
func TestTemporalListensOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	server := temporalWith(t, TemporalOptions{UI: true})
	addresses := listening(t, server.PID())
	require.GreaterOrEqual(t, len(addresses), 2, "its own port and the web interface's")
	for _, a := range addresses {
		assert.True(t, a.IsLoopback(), "it listens on %s", a)
	}
}

// listening are the addresses on which a process takes TCP connections, as the kernel lists them.
func listening(t *testing.T, pid int) (addresses []net.IP) {
	t.Helper()
	var sockets []string
	open, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	require.NoError(t, err)
	for _, fd := range open {
		if to, err := os.Readlink(fd); err == nil {
			sockets = append(sockets, strings.TrimSuffix(strings.TrimPrefix(to, "socket:["), "]"))
		}
	}
	const listen = "0A"
	for _, table := range []string{"tcp", "tcp6"} {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		require.NoError(t, err)
		for line := range strings.Lines(string(raw)) {
			f := strings.Fields(line)
			if len(f) < 10 || f[3] != listen || !slices.Contains(sockets, f[9]) {
				continue
			}
			address, _, _ := strings.Cut(f[1], ":")
			ip, err := hex.DecodeString(address)
			require.NoError(t, err)
			for word := range slices.Chunk(ip, 4) { // of the machine's byte order, which is little-endian where we run
				slices.Reverse(word)
			}
			addresses = append(addresses, ip)
		}
	}
	return addresses
}
