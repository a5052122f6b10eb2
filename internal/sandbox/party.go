package sandbox

import (
	"bytes"
	"crypto/rand"
	"maps"
	"net/http"
	"strings"
	"time"
)

// target is a party that can be broken.
type target string

const (
	bankParty   target = "bank"
	walletParty target = "wallet"
	smsParty    target = "sms"
	emailParty  target = "email"
)

const (
	// slowAnswer is how long a slow party takes; longer than the 10 s after which the product answers 202.
	slowAnswer = 12 * time.Second
	// neverAnswer is when a party that does not answer hangs up.
	neverAnswer = 60 * time.Second
)

// party wraps a call of the product's with what all calls to a party share: credentials, and the fault set for it.
func (s *Server) party(to target, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !hasCredentials(to, r) {
			refuseCredentials(to, w)
			return
		}
		switch fault := s.faults.of(to); fault.Mode {
		case modeDown:
			answerBusy(to, w)
		case modeErrorRate:
			if fault.strikes() {
				answerBusy(to, w)
				return
			}
			next(w, r)
		case modeSlow:
			done := &heldAnswer{header: http.Header{}}
			next(done, r)
			if s.wait(r, slowAnswer) {
				done.release(w)
			}
		case modeTimeout:
			next(&heldAnswer{header: http.Header{}}, r)
			s.wait(r, neverAnswer)
			hangUp()
		default:
			next(w, r)
		}
	}
}

// wait returns true after d, false as soon as the caller hangs up or the sandbox closes.
func (s *Server) wait(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-s.stopping.Done():
	}
	return false
}

// hangUp ends the connection without an answer.
func hangUp() { panic(http.ErrAbortHandler) }

// hasCredentials checks that the call carries credentials of the party's kind, not whose.
func hasCredentials(to target, r *http.Request) bool {
	scheme := "Bearer "
	if to == smsParty {
		scheme = "ACS3-HMAC-SHA256 "
	}
	return strings.HasPrefix(r.Header.Get("Authorization"), scheme)
}

func refuseCredentials(to target, w http.ResponseWriter) {
	switch to {
	case smsParty:
		answerAliyun(w, http.StatusBadRequest, "MissingAuthorization", "")
	case emailParty:
		answerSendGrid(w, http.StatusUnauthorized, "The provided authorization grant is invalid, expired, or revoked", "")
	default:
		writeError(w, http.StatusUnauthorized, "unauthorized", "send a bearer token")
	}
}

// answerBusy answers 503 as the party would.
func answerBusy(to target, w http.ResponseWriter) {
	switch to {
	case smsParty:
		answerAliyun(w, http.StatusServiceUnavailable, "ServiceUnavailable", "")
	case emailParty:
		answerSendGrid(w, http.StatusServiceUnavailable, "service unavailable", "")
	default:
		writeError(w, http.StatusServiceUnavailable, "busy", "try again later")
	}
}

// heldAnswer keeps what a handler answered until it is released.
type heldAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *heldAnswer) Header() http.Header { return h.header }

func (h *heldAnswer) WriteHeader(status int) { h.status = status }

func (h *heldAnswer) Write(p []byte) (int, error) { return h.body.Write(p) }

func (h *heldAnswer) release(w http.ResponseWriter) {
	maps.Copy(w.Header(), h.header)
	if h.status != 0 {
		w.WriteHeader(h.status)
	}
	_, _ = h.body.WriteTo(w) // the caller has hung up; there is nobody to tell
}

// newID returns an id nobody can guess.
func newID(prefix string) string { return prefix + "_" + strings.ToLower(rand.Text()) }
