package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// entry is a line of the account holder's statement.
type entry struct {
	Key string `json:"key"`
	// Amount is in CNY with two decimals.
	Amount string        `json:"amount"`
	State  transferState `json:"state"`
	// At is when the bank accepted the transfer.
	At        time.Time `json:"at"`
	Presented int       `json:"presented"`
}

// showLedger lists accepted transfers, oldest first; of one account with ?account_number=.
func (s *Server) showLedger(w http.ResponseWriter, r *http.Request) {
	account := digitsOf(r.URL.Query().Get("account_number"))
	found := []entry{}
	s.view(func(st *state) {
		for _, key := range st.Ledger {
			t := st.Transfers[key]
			if account == "" || t.Order.AccountNumber == account {
				found = append(found, t.entry(key))
			}
		}
	})
	writeJSON(w, http.StatusOK, found)
}

func (t *transfer) entry(key string) entry {
	fen := t.Order.AmountFen
	return entry{
		Key: key, Amount: fmt.Sprintf("%d.%02d", fen/100, fen%100), State: t.State, At: t.At, Presented: t.Presented,
	}
}

// returnTransfer gives an accepted transfer back now. A repeat changes nothing.
func (s *Server) returnTransfer(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Reason string `json:"reason"`
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err == nil && len(strings.TrimSpace(string(raw))) > 0 {
		err = json.Unmarshal(raw, &in)
	}
	if err != nil {
		writeError(w, http.StatusBadRequest, "malformed_request", `the body is {"reason": "…"} or empty`)
		return
	}
	if in.Reason == "" {
		in.Reason = "other"
	}
	key := r.PathValue("key")
	var line *entry
	s.update(func(st *state) {
		if t := st.Transfers[key]; t != nil && t.accepted() {
			s.giveBack(st, key, in.Reason)
			e := t.entry(key)
			line = &e
		}
	})
	if line == nil {
		writeError(w, http.StatusNotFound, "transfer_not_found", "the ledger has no such key")
		return
	}
	writeJSON(w, http.StatusOK, line)
}
