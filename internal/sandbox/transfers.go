package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// order is a transfer as the caller gave it.
type order struct {
	AccountName   string `json:"account_name"`
	AccountNumber string `json:"account_number"`
	BankName      string `json:"bank_name"`
	CNAPS         string `json:"cnaps"`
	AmountFen     int64  `json:"amount_fen"`
	Remark        string `json:"remark"`
}

// transferState is how far a transfer is; empty while the bank was too busy to take it.
type transferState string

const (
	stateSent     transferState = "sent"
	stateSettled  transferState = "settled"
	stateFailed   transferState = "failed"
	stateReturned transferState = "returned"
)

// transfer is everything the bank knows under one idempotency key.
type transfer struct {
	Order  order         `json:"order"`
	State  transferState `json:"state"`
	Reason string        `json:"reason"`
	// At is when the bank accepted it.
	At time.Time `json:"at"`
	// Presented is how often the key came.
	Presented int `json:"presented"`
	// Mentioned says that "sent" was reported.
	Mentioned bool `json:"mentioned"`
	// Misstated is what the statement says of it instead of the truth; nil: the truth.
	Misstated *misstatement `json:"misstated,omitempty"`
}

type transferAnswer struct {
	Key    string        `json:"key"`
	State  transferState `json:"state"`
	Reason string        `json:"reason,omitempty"`
	// Reference is there once the bank has accepted the transfer.
	Reference string `json:"reference,omitempty"`
}

// answer is what the bank says of the transfer now.
func (t *transfer) answer(key string) transferAnswer {
	answer := transferAnswer{Key: key, State: t.State, Reason: t.Reason}
	if t.accepted() {
		answer.Reference = reference(key)
	}
	return answer
}

// accepted says that the transfer stands on the statement, whatever became of it.
func (t *transfer) accepted() bool { return !t.At.IsZero() }

// reference is the bank's own name for a transfer. It follows from the key, so a state file of before there were any has
// them too.
func reference(key string) string {
	sum := sha256.Sum256([]byte("reference of " + key))
	return "SB" + strings.ToUpper(hex.EncodeToString(sum[:8]))
}

// orderTransfer takes an order, once per key.
func (s *Server) orderTransfer(w http.ResponseWriter, r *http.Request) {
	key, ok := idempotencyKey(w, r)
	var in order
	if !ok || !readJSON(w, r, &in) {
		return
	}
	in.AccountNumber = digitsOf(in.AccountNumber)
	if in.AmountFen <= 0 || in.AccountNumber == "" || in.AccountName == "" {
		writeError(w, http.StatusUnprocessableEntity, "transfer_incomplete", "amount_fen, account_number and account_name are required")
		return
	}
	var answer transferAnswer
	var no refusal
	s.update(func(st *state) { answer, no = s.take(st, key, in) })
	if no.write(w) {
		return
	}
	if accountEnding(in.AccountNumber) == accountMute {
		s.wait(r, neverAnswer)
		s.mentionSent(key)
		hangUp()
	}
	writeJSON(w, http.StatusOK, answer)
}

// digitsOf removes the spaces people write an account number with.
func digitsOf(number string) string { return strings.Join(strings.Fields(number), "") }

// take records that the key came and, the first time the bank is not too busy, decides.
func (s *Server) take(st *state, key string, in order) (transferAnswer, refusal) {
	t := st.Transfers[key]
	if t == nil {
		t = &transfer{Order: in}
		st.Transfers[key] = t
	}
	t.Presented++
	if t.Order != in {
		return transferAnswer{}, keyReused
	}
	if t.State == "" {
		switch ending := accountEnding(in.AccountNumber); {
		case ending == accountRefused:
			t.State, t.Reason = stateFailed, "account_not_found"
		case ending == accountBusy && t.Presented <= accountBusyTimes:
			return transferAnswer{}, tooBusy
		default:
			s.accept(st, key, t)
		}
	}
	if t.State == stateFailed {
		return transferAnswer{}, refuse(t.Reason, "not paid")
	}
	return t.answer(key), refusal{}
}

// accept puts the transfer on the account holder's statement and lets it settle in its time.
func (s *Server) accept(st *state, key string, t *transfer) {
	t.State, t.At = stateSent, time.Now()
	st.Ledger = append(st.Ledger, key)
	if accountEnding(t.Order.AccountNumber) != accountStuck {
		s.schedule(st, task{Kind: taskSettle, Key: key, Due: t.At.Add(s.cfg.SettleDelay)})
	}
	s.cfg.Log.Info("bank accepted a transfer", "key", key)
}

// settle lets the money arrive, unless it was returned already.
func (s *Server) settle(st *state, key string) {
	t := st.Transfers[key]
	if t == nil || t.State != stateSent {
		return
	}
	t.State = stateSettled
	id := newID("msg")
	s.reportTransfer(st, id, key, 0)
	switch accountEnding(t.Order.AccountNumber) {
	case accountReturned:
		s.schedule(st, task{Kind: taskReturn, Key: key, Reason: "account_name_mismatch", Due: time.Now().Add(s.cfg.SettleDelay)})
	case accountRepeats:
		s.reportTransfer(st, id, key, 0)
		s.reportTransfer(st, id, key, max(5*s.cfg.SettleDelay, 2*time.Second))
	}
}

// giveBack returns the money, whatever happened since; once.
func (s *Server) giveBack(st *state, key, reason string) {
	t := st.Transfers[key]
	if t == nil || t.State == stateReturned {
		return
	}
	t.State, t.Reason = stateReturned, reason
	s.reportTransfer(st, newID("msg"), key, 0)
}

// mentionSent reports that a transfer was sent whose answer nobody took.
func (s *Server) mentionSent(key string) {
	s.update(func(st *state) {
		t := st.Transfers[key]
		if t == nil || t.Mentioned {
			return
		}
		t.Mentioned = true
		s.report(st, bankParty, newID("msg"), transferReport{Type: "transfer.sent", Key: key}, 0)
	})
}

// transferReport is the body of the bank's webhook (api: "Webhooks in").
type transferReport struct {
	Type   string `json:"type"`
	Key    string `json:"key"`
	Reason string `json:"reason,omitempty"`
}

// reportTransfer reports the state the transfer is in now, after a pause.
func (s *Server) reportTransfer(st *state, messageID, key string, pause time.Duration) {
	t := st.Transfers[key]
	body := transferReport{Type: "transfer." + string(t.State), Key: key, Reason: t.Reason}
	s.report(st, bankParty, messageID, body, pause)
}

// findTransfer looks a key up: what was accepted, or refused for good.
func (s *Server) findTransfer(w http.ResponseWriter, r *http.Request) {
	key := r.PathValue("key")
	var answer transferAnswer
	s.view(func(st *state) {
		if t := st.Transfers[key]; t != nil {
			answer = t.answer(key)
		}
	})
	if answer.State == "" {
		writeError(w, http.StatusNotFound, "transfer_not_found", "no transfer with this key")
		return
	}
	writeJSON(w, http.StatusOK, answer)
}
