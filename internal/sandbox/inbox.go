package sandbox

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxMessages bounds the inbox; the oldest go first.
const maxMessages = 10_000

// message is an SMS or e-mail as one recipient got it.
type message struct {
	Channel target    `json:"channel"`
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Text    string    `json:"text"`
	HTML    string    `json:"html"`
	At      time.Time `json:"at"`
}

// deliver puts a message into the inbox.
func (st *state) deliver(m message) {
	m.To, m.At = recipient(m.To), time.Now()
	st.Messages = append(st.Messages, m)
	if extra := len(st.Messages) - maxMessages; extra > 0 {
		st.Messages = slices.Delete(st.Messages, 0, extra)
	}
}

// countryCode is what may stand before an 11-digit mobile number; a "+" in a query arrives as a space.
var countryCode = regexp.MustCompile(`^(\+?86|0086)(1\d{10})$`)

// recipient writes an address as the inbox keeps it: a mobile number with 11 digits, a mailbox in lower case.
func recipient(to string) string {
	to = strings.ToLower(strings.TrimSpace(to))
	return countryCode.ReplaceAllString(to, "$2")
}

// showInbox lists messages, newest first: of one recipient with ?to=, no more than ?limit=.
func (s *Server) showInbox(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	to, limit := recipient(query.Get("to")), maxMessages
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			writeError(w, http.StatusUnprocessableEntity, "limit_invalid", "limit is a number from 1")
			return
		}
		limit = n
	}
	found := []message{}
	s.view(func(st *state) {
		for _, m := range slices.Backward(st.Messages) {
			if len(found) == limit {
				break
			}
			if to == "" || m.To == to {
				found = append(found, m)
			}
		}
	})
	writeJSON(w, http.StatusOK, found)
}
