package main

import (
	"net"
	"strconv"

	"shiming/internal/codec"
	"shiming/internal/vault"
)

// serveCodec lets Temporal's web interface, and no other page, show the payloads that the product encrypts.
func (s *stack) serveCodec() (url string, err error) {
	keys, err := vault.LoadKeys(s.home.keysFile())
	if err != nil {
		return "", err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	port := strconv.Itoa(s.opts.UIPort)
	s.codecWeb = serveHTTP(listener, codec.Handler(keys, "http://127.0.0.1:"+port, "http://localhost:"+port), s.log)
	return urlOf(listener), nil
}
