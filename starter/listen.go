package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"

	"shiming/internal/devstack"
)

// wanted is a port that a part of the development set-up listens on, and the flag that moves it.
type wanted struct{ what, flag string }

// The ports, by what devstack calls those who want them.
var (
	wantedAPI        = wanted{"the API", "--api-addr 127.0.0.1:0"}
	wantedMetrics    = wanted{"the API's metrics", "--metrics-addr 127.0.0.1:0"}
	wantedSandbox    = wanted{"the sandbox", "--sandbox-addr 127.0.0.1:0"}
	wantedTemporal   = wanted{"Temporal", "--temporal-port 0"}
	wantedTemporalUI = wanted{"Temporal UI", "--ui-port 0"}
)

func (w wanted) inUse(port string) error {
	return fmt.Errorf("port %s is in use, and %s wants it: stop what listens there, or choose another port with %s (any free one)", port, w.what, w.flag)
}

// listen takes an address.
func (w wanted) listen(addr string) (net.Listener, error) {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("the address for %s is not host:port: %w", w.what, err)
	}
	l, err := net.Listen("tcp", addr)
	if addressInUse(err) {
		return nil, w.inUse(port)
	}
	if err != nil {
		return nil, fmt.Errorf("listen for %s: %w", w.what, err)
	}
	return l, nil
}

// free makes sure that nobody listens on a port yet; 0 is always fine.
func (w wanted) free(port int) error {
	l, err := w.listen(net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return l.Close()
}

// explainPort puts devstack's word on a taken port into ours.
func explainPort(err error) error {
	var taken *devstack.PortInUseError
	if !errors.As(err, &taken) {
		return err
	}
	for _, w := range []wanted{wantedTemporal, wantedTemporalUI} {
		if w.what == taken.What {
			return w.inUse(strconv.Itoa(taken.Port))
		}
	}
	return err
}

// urlOf is how this machine reaches a listener.
func urlOf(l net.Listener) string { return "http://" + reachable(l.Addr().String()) }

// reachable replaces an address that stands for every interface.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// freePort finds a port that nobody uses now.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	addr, ok := l.Addr().(*net.TCPAddr)
	if err := l.Close(); err != nil || !ok {
		return 0, errors.Join(errors.New("find a free port"), err)
	}
	return addr.Port, nil
}
