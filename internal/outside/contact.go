package outside

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http/httptrace"
	"sync/atomic"
)

// Contact watches one HTTP exchange for the moment from which the other side may have heard us.
type Contact struct{ made atomic.Bool }

// Watch returns a context to make one HTTP request with, and the watch over it.
func Watch(ctx context.Context) (context.Context, *Contact) {
	c := &Contact{}
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { c.made.Store(true) }}
	return httptrace.WithClientTrace(ctx, trace), c
}

// Failure classifies the error of an exchange that brought no status: before a connection was there nothing can have
// happened, afterwards anything may. The text says how it failed and never with what.
func (c *Contact) Failure(err error) error {
	kind := ErrUnavailable
	if c.made.Load() {
		kind = ErrUnknown
	}
	return fmt.Errorf("%w: %s", kind, manner(err))
}

// manner names a transport failure without repeating the error's text, which holds the URL.
func manner(err error) string {
	var timeout net.Error
	var op *net.OpError
	switch {
	case errors.Is(err, context.Canceled):
		return "call cancelled"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timed out"
	case errors.As(err, &op) && op.Err != nil:
		return op.Op + ": " + op.Err.Error()
	default:
		return "connection failed"
	}
}

// DialFailed reports whether err is a failure to connect; for clients that cannot be watched.
func DialFailed(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return (errors.As(err, &op) && op.Op == "dial") || errors.As(err, &dns)
}
