package sandbox

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"net/http"
	"time"

	"shiming/internal/chinaid"
)

// codeLife is how long the bank takes an SMS code.
const codeLife = 5 * time.Minute

// card is the four elements as the caller gave them.
type card struct {
	Number   string `json:"number"`
	Holder   string `json:"holder"`
	IDNumber string `json:"id_number"`
	Phone    string `json:"phone"`
}

// binding is a card on its way to being bound.
type binding struct {
	Card      card      `json:"card"`
	Code      string    `json:"code"`
	CodeUntil time.Time `json:"code_until"`
	Confirmed bool      `json:"confirmed"`
	// Resends are the idempotency keys that a new code was sent for.
	Resends map[string]bool `json:"resends"`
}

// refusal is an error answer of the bank's or the wallet's; its zero value is none.
type refusal struct {
	status        int
	code, message string
}

func refuse(code, message string) refusal {
	return refusal{http.StatusUnprocessableEntity, code, message}
}

var (
	keyReused = refusal{http.StatusConflict, "idempotency_key_reused", "this key came before with other details"}
	tooBusy   = refusal{http.StatusServiceUnavailable, "busy", "try again later"}
	noBinding = refusal{http.StatusNotFound, "binding_not_found", "no such binding"}
)

// write answers with the refusal, if it is one.
func (no refusal) write(w http.ResponseWriter) bool {
	if no.status == 0 {
		return false
	}
	writeError(w, no.status, no.code, no.message)
	return true
}

// bindCard checks the card and sends a code to its phone.
func (s *Server) bindCard(w http.ResponseWriter, r *http.Request) {
	key, ok := idempotencyKey(w, r)
	var in card
	if !ok || !readJSON(w, r, &in) {
		return
	}
	var id string
	var no refusal
	s.update(func(st *state) { id, no = st.bind(key, in) })
	if !no.write(w) {
		writeJSON(w, http.StatusCreated, map[string]string{"binding_id": id})
	}
}

func (st *state) bind(key string, in card) (id string, no refusal) {
	if id, ok := st.BindingKeys[key]; ok {
		if st.Bindings[id].Card != in {
			return "", keyReused
		}
		return id, refusal{}
	}
	if no := st.judge(in); no.status != 0 {
		return "", no
	}
	id = newID("bnd")
	b := &binding{Card: in, Resends: map[string]bool{}}
	st.Bindings[id], st.BindingKeys[key] = b, id
	st.sendCode(b)
	return id, refusal{}
}

// judge decides by the card's prefix (spec: "Values with a meaning").
func (st *state) judge(in card) refusal {
	if _, err := chinaid.ParseCard(in.Number); err != nil {
		return refuse("card_elements_mismatch", "no such card")
	}
	switch cardPrefix(in.Number) {
	case cardGood:
		return refusal{}
	case cardCredit:
		return refuse("card_not_debit", "a credit card")
	case cardCorporate:
		return refuse("card_is_corporate", "a corporate account")
	case cardLost:
		return refuse("card_unusable", "reported lost or frozen")
	case cardBusy:
		if st.BusyCards[in.Number] < cardBusyTimes {
			st.BusyCards[in.Number]++
			return tooBusy
		}
		delete(st.BusyCards, in.Number)
		return refusal{}
	default:
		return refuse("card_elements_mismatch", "details do not match")
	}
}

// sendCode makes a code, which voids the former one, and sends it. The code is the only number in the text.
func (st *state) sendCode(b *binding) {
	b.Code, b.CodeUntil = newCode(), time.Now().Add(codeLife)
	text := fmt.Sprintf("【沙盒银行】您正在绑定银行卡,验证码 %s,五分钟内有效,请勿告诉他人。", b.Code)
	st.deliver(message{Channel: smsParty, To: b.Card.Phone, Text: text})
}

// newCode returns six digits, each code as likely as any other.
func newCode() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic(err) // the system's source of randomness does not fail
	}
	return fmt.Sprintf("%06d", n)
}

func (s *Server) resendCode(w http.ResponseWriter, r *http.Request) {
	key, ok := idempotencyKey(w, r)
	if !ok {
		return
	}
	var no refusal
	s.update(func(st *state) { no = st.resend(key, r.PathValue("id")) })
	if !no.write(w) {
		w.WriteHeader(http.StatusNoContent)
	}
}

func (st *state) resend(key, id string) refusal {
	b := st.Bindings[id]
	switch {
	case b == nil:
		return noBinding
	case b.Resends[key]:
		return refusal{}
	case b.Confirmed:
		return refuse("binding_confirmed", "the card is bound already")
	}
	b.Resends[key] = true
	st.sendCode(b)
	return refusal{}
}

func (s *Server) confirmCode(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Code string `json:"code"`
	}
	if !readJSON(w, r, &in) {
		return
	}
	var no refusal
	s.update(func(st *state) { no = st.confirm(r.PathValue("id"), in.Code) })
	if !no.write(w) {
		w.WriteHeader(http.StatusNoContent)
	}
}

func (st *state) confirm(id, code string) refusal {
	b := st.Bindings[id]
	switch {
	case b == nil:
		return noBinding
	case b.Confirmed && code == b.Code:
		return refusal{}
	case !b.Confirmed && !time.Now().Before(b.CodeUntil):
		return refuse("code_expired", "the code is no longer valid")
	case code != b.Code:
		return refuse("code_incorrect", "not the code that was sent last")
	}
	b.Confirmed = true
	return refusal{}
}
