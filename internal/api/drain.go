package api

import (
	"io"
	"net/http"
	"time"
)

// drainWithin is the time for the rest of a body whose answer is known.
const drainWithin = 30 * time.Second

// drained reads on, within limits, what a client is still sending when its answer is known: one that writes all before it
// reads would otherwise see a broken connection in place of its 401 or 413.
func (s *server) drained(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := r.Body
		next.ServeHTTP(w, r)
		if body == nil || body == http.NoBody || r.Header.Get("Expect") != "" { // who expects a 100 has sent nothing yet
			return
		}
		wire := http.NewResponseController(w)
		_ = wire.SetReadDeadline(time.Now().Add(drainWithin)) // see readBody
		_, _ = io.CopyN(io.Discard, body, drainLimit)         // the answer stands, whatever becomes of the rest
		_ = wire.SetReadDeadline(time.Time{})
	})
}
