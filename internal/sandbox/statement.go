package sandbox

import (
	"cmp"
	"net/http"
	"strconv"
	"time"
)

// statementPageSize is how many entries one page of the statement has.
const statementPageSize = 100

// chinaTime is the zone of the bank's days; no clock has been turned there since 1991.
var chinaTime = time.FixedZone("Asia/Shanghai", 8*60*60)

// statementEntry is one transfer on the statement of the product's account, in its state of now.
type statementEntry struct {
	Key          string        `json:"key"`
	AmountFen    int64         `json:"amount_fen"`
	AccountLast4 string        `json:"account_last4"`
	State        transferState `json:"state"`
	Reference    string        `json:"reference"`
	// At is when the bank accepted it.
	At time.Time `json:"at"`
}

// statementEntries are what the statement has of an accepted transfer: one entry, unless it is misstated.
func (t *transfer) statementEntries(key string) []statementEntry {
	number := t.Order.AccountNumber
	entry := statementEntry{
		Key: key, AmountFen: t.Order.AmountFen, AccountLast4: number[max(0, len(number)-4):], State: t.State,
		Reference: reference(key), At: t.At,
	}
	if t.Misstated == nil {
		return []statementEntry{entry}
	}
	return t.Misstated.of(entry)
}

// misstatement is what the statement says of a transfer that is not so, to rehearse what the product and its people do then.
// What is empty is stated as it is.
type misstatement struct {
	AmountFen    int64         `json:"amount_fen,omitempty"`
	AccountLast4 string        `json:"account_last4,omitempty"`
	State        transferState `json:"state,omitempty"`
	// Missing leaves it out, Twice has it a second time, under another reference.
	Missing bool `json:"missing,omitempty"`
	Twice   bool `json:"twice,omitempty"`
}

func (m misstatement) of(entry statementEntry) []statementEntry {
	if m.Missing {
		return nil
	}
	entry.AmountFen = cmp.Or(m.AmountFen, entry.AmountFen)
	entry.AccountLast4 = cmp.Or(m.AccountLast4, entry.AccountLast4)
	entry.State = cmp.Or(m.State, entry.State)
	if !m.Twice {
		return []statementEntry{entry}
	}
	again := entry
	again.Reference = reference("the second of " + entry.Key)
	return []statementEntry{entry, again}
}

// misstate has the statement say something else of an accepted transfer from now on; an empty object: the truth.
func (s *Server) misstate(w http.ResponseWriter, r *http.Request) {
	var in misstatement
	if !readJSON(w, r, &in) {
		return
	}
	key := r.PathValue("key")
	var entries []statementEntry
	found := false
	s.update(func(st *state) {
		t := st.Transfers[key]
		if found = t != nil && t.accepted(); !found {
			return
		}
		t.Misstated = nil
		if in != (misstatement{}) {
			t.Misstated = &in
		}
		entries = t.statementEntries(key)
	})
	if !found {
		writeError(w, http.StatusNotFound, "transfer_not_found", "the ledger has no such key")
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"entries": append([]statementEntry{}, entries...)})
}

// showStatement lists what the bank accepted on ?day= of Asia/Shanghai, oldest first, a page at a time: next_cursor is
// what to send as ?cursor= for the next, empty on the last. Nothing is ever put in before what a cursor stands for.
func (s *Server) showStatement(w http.ResponseWriter, r *http.Request) {
	day, err := time.ParseInLocation(time.DateOnly, r.URL.Query().Get("day"), chinaTime)
	if err != nil {
		writeError(w, http.StatusUnprocessableEntity, "day_invalid", "day is a date such as 2026-11-27")
		return
	}
	from := 0
	if cursor := r.URL.Query().Get("cursor"); cursor != "" {
		if from, err = strconv.Atoi(cursor); err != nil || from < 0 {
			writeError(w, http.StatusUnprocessableEntity, "cursor_invalid", "cursor is what next_cursor said")
			return
		}
	}
	all := s.statementOf(day)
	page := all[min(from, len(all)):min(from+statementPageSize, len(all))]
	next := ""
	if end := from + len(page); end < len(all) {
		next = strconv.Itoa(end)
	}
	writeJSON(w, http.StatusOK, map[string]any{"entries": page, "next_cursor": next})
}

// statementOf collects the entries of the day that begins at day.
func (s *Server) statementOf(day time.Time) []statementEntry {
	entries := []statementEntry{}
	s.view(func(st *state) {
		for _, key := range st.Ledger {
			t := st.Transfers[key]
			if !t.At.Before(day) && t.At.Before(day.AddDate(0, 0, 1)) {
				entries = append(entries, t.statementEntries(key)...)
			}
		}
	})
	return entries
}
