package contract

import (
	"bytes"
	"net/http"
	"strings"
)

// Watch reports every answer of a handler that is not what the document says, whoever asked for it. Of a stream its head is
// judged.
func (c *Contract) Watch(next http.Handler, report func(error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := &witness{ResponseWriter: w}
		next.ServeHTTP(seen, r) // what panics has no answer
		seen.WriteHeader(http.StatusOK)
		if err := c.Answer(r, seen.status, seen.header, seen.body.Bytes()); err != nil {
			report(err)
		}
	})
}

// witness remembers an answer as it passes.
type witness struct {
	http.ResponseWriter
	status int // 0: not yet
	header http.Header
	stream bool
	body   bytes.Buffer
}

// Unwrap lets http.ResponseController reach the connection.
func (w *witness) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *witness) WriteHeader(status int) {
	if w.status != 0 {
		return
	}
	w.status, w.header = status, w.Header().Clone()
	w.stream = strings.HasPrefix(w.header.Get("Content-Type"), eventStream)
	w.ResponseWriter.WriteHeader(status)
}

func (w *witness) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if !w.stream {
		w.body.Write(b)
	}
	return w.ResponseWriter.Write(b)
}
