package devstack

import (
	"errors"
	"fmt"
	"net"
	"strconv"
)

// loopback is the only address that anything here listens on.
const loopback = "127.0.0.1"

// PortInUseError says that somebody else listens on a port that was asked for.
type PortInUseError struct {
	Port int
	What string // who wanted it: "PostgreSQL", "Temporal", "Temporal UI"
}

func (e *PortInUseError) Error() string {
	return fmt.Sprintf("port %d, wanted for %s, is in use", e.Port, e.What)
}

// choosePort returns port if it is free, or some free port for 0. Another process may still be quicker to take it.
func choosePort(port int, what string) (int, error) {
	l, err := net.Listen("tcp", hostPort(port))
	if err != nil {
		if port == 0 {
			return 0, fmt.Errorf("find a free port for %s: %w", what, err)
		}
		if isAddressInUse(err) {
			return 0, &PortInUseError{Port: port, What: what}
		}
		return 0, fmt.Errorf("port %d for %s: %w", port, what, err)
	}
	addr, ok := l.Addr().(*net.TCPAddr)
	if err := l.Close(); err != nil {
		return 0, fmt.Errorf("release port for %s: %w", what, err)
	}
	if !ok {
		return 0, errors.New("a TCP listener without a TCP address")
	}
	return addr.Port, nil
}

func hostPort(port int) string { return net.JoinHostPort(loopback, strconv.Itoa(port)) }
