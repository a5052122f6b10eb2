package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

const (
	restLimit    = 256 << 10 // bytes that are still read before an answer, if they come at once; net/http's own limit after it
	restWithin   = 200 * time.Millisecond
	mostBytes    = 32 << 20 // that any handler is given, and that are still read after an answer
	lingerWithin = 5 * time.Second
)

// exchange is a request and its answer, each held to its pace. It is the handler's ResponseWriter.
type exchange struct {
	http.ResponseWriter
	wire     *http.ResponseController
	request  *http.Request
	body     io.ReadCloser
	place    *connection
	in, out  *pace
	stopping <-chan struct{}

	known  bool  // who asks
	whole  bool  // the body was read to its end
	broken error // or could not be
	begun  bool  // the answer
	timed  bool  // by the handler: it writes for long, and says how long each time
}

type exchangeKey struct{}

// Known says that whoever sends this request has shown who they are. Until it is answered their connection makes no room for
// others; while the rest of the request is still to come, only if nobody else can.
func Known(ctx context.Context) {
	e, ok := ctx.Value(exchangeKey{}).(*exchange)
	switch {
	case !ok:
	case e.whole:
		e.known = e.place.work()
	default:
		e.known = e.place.send()
	}
}

func serve(h http.Handler, c Config, w http.ResponseWriter, r *http.Request) {
	e := &exchange{
		ResponseWriter: w, wire: http.NewResponseController(w), request: r, body: r.Body, place: connectionOf(r.Context()),
		in: newPace(c.Within), out: newPace(c.Within), stopping: c.Stopping, whole: r.Body == nil || r.Body == http.NoBody,
	}
	if e.whole && !e.place.work() {
		panic(http.ErrAbortHandler) // it has made room for another
	}
	defer e.hangUp()
	r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, e))
	if !e.whole {
		r.Body = http.MaxBytesReader(e, incoming{e}, mostBytes)
	}
	h.ServeHTTP(e, r)
	e.finish()
}

// incoming is the body as the handler reads it.
type incoming struct{ *exchange }

func (b incoming) Read(p []byte) (int, error) { return b.take(p, b.in) }

// Close leaves the rest of the body to [exchange.finish].
func (incoming) Close() error { return nil }

// errMadeRoom says that the client was waited for too long while others wanted to connect.
var errMadeRoom = errors.New("web: the connection was closed to make room")

// take reads of the body. Whatever is wrong with it is wrong for good.
func (e *exchange) take(p []byte, pace *pace) (int, error) {
	switch {
	case e.whole:
		return 0, io.EOF
	case e.broken != nil:
		return 0, e.broken
	}
	began := time.Now()
	_ = e.wire.SetReadDeadline(began.Add(pace.patience())) // not every writer has a connection below it: tests' recorders have none
	n, err := e.body.Read(p)
	pace.waited(time.Since(began), n)
	switch {
	case errors.Is(err, io.EOF):
		if e.whole = true; !e.begun && !e.place.work() {
			e.whole, e.broken, err = false, errMadeRoom, errMadeRoom
		}
	case err != nil:
		e.broken = err
	case e.known && !e.begun:
		e.place.send()
	}
	return n, err
}

// begin comes before the answer's first byte. If the body has not come by now the connection ends with this answer, which
// then waits for nothing.
func (e *exchange) begin() {
	if e.begun {
		return
	}
	e.begun = true
	if !e.rest() || e.last() {
		e.Header().Set("Connection", "close")
	}
	if !e.known { // its answer is all it can lose
		e.place.wait()
	}
	e.patiently()
}

// last reports whether the server is about to stop. net/http has a switch for that, which also closes at once what waits for its
// next request: a proxy that sends one at that moment would lose it.
func (e *exchange) last() bool {
	select {
	case <-e.stopping:
		return true
	default:
		return false
	}
}

// rest reads what is left of the body if that is little and there already, so that the connection can be used again.
func (e *exchange) rest() bool {
	if e.whole || e.broken != nil {
		return e.whole
	}
	if e.request.ContentLength < 0 || e.request.Header.Get("Expect") != "" { // a broken chunk cannot be read on; who expects a 100 has sent nothing yet
		return false
	}
	_, _ = io.CopyN(io.Discard, paced{e, newPace(restWithin)}, restLimit)
	if !e.whole {
		e.broken = nil // not in time, but perhaps later
	}
	return e.whole
}

// paced reads of the body at another pace than the handler's.
type paced struct {
	*exchange
	pace *pace
}

func (p paced) Read(b []byte) (int, error) { return p.take(b, p.pace) }

// finish comes after the handler. A client that writes all before it reads sees its answer: what it still sends is read
// on for a while.
func (e *exchange) finish() {
	e.begin()
	e.patiently() // for what net/http still holds back
	if e.whole || e.broken != nil {
		return
	}
	e.place.wait()
	if left := e.request.ContentLength; left >= 0 && left <= restLimit {
		return // hangUp leaves that much to net/http, which has the answer's end sent first
	}
	if e.wire.Flush() == nil {
		_, _ = io.CopyN(io.Discard, paced{e, newPace(e.linger())}, mostBytes)
	}
	e.patiently() // an answer without a length still has its end to come
}

// linger is how long is waited for the rest of a body that was answered.
func (e *exchange) linger() time.Duration { return min(lingerWithin, e.in.within) }

// hangUp lets net/http wait no longer for a body than we would.
func (e *exchange) hangUp() {
	if e.whole {
		return
	}
	until := time.Now()
	if left := e.request.ContentLength; left >= 0 && left <= restLimit && e.broken == nil {
		until = until.Add(e.linger())
	}
	_ = e.wire.SetReadDeadline(until) // see take
}

// patiently gives the client time to take what is written next.
func (e *exchange) patiently() {
	if !e.timed {
		_ = e.wire.SetWriteDeadline(time.Now().Add(max(e.out.patience(), restWithin))) // see take
	}
}

// WriteHeader implements http.ResponseWriter.
func (e *exchange) WriteHeader(status int) {
	if status >= http.StatusOK || status == http.StatusSwitchingProtocols {
		e.begin()
	}
	e.ResponseWriter.WriteHeader(status)
}

func (e *exchange) Write(b []byte) (int, error) {
	e.begin()
	e.patiently()
	began := time.Now()
	n, err := e.ResponseWriter.Write(b)
	e.out.waited(time.Since(began), n)
	return n, err
}

// FlushError is for http.ResponseController.
func (e *exchange) FlushError() error {
	e.begin()
	return e.wire.Flush()
}

// SetWriteDeadline is for http.ResponseController. Who sets one times the whole answer.
func (e *exchange) SetWriteDeadline(at time.Time) error {
	e.timed = true
	return e.wire.SetWriteDeadline(at)
}

// SetReadDeadline is for http.ResponseController. Bodies are timed here and nowhere else.
func (e *exchange) SetReadDeadline(time.Time) error { return nil }

// Unwrap is for http.ResponseController.
func (e *exchange) Unwrap() http.ResponseWriter { return e.ResponseWriter }
