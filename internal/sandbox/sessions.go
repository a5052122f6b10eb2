package sandbox

import (
	"net/http"
	"time"
)

// sessionLife is how long a QR session takes scans.
const sessionLife = 5 * time.Minute

// session is a QR session. One that was replaced still takes a scan: the phone does not know.
type session struct {
	AccountID string    `json:"account_id"`
	ExpiresAt time.Time `json:"expires_at"`
	// ReplacedBy is the id of the account's next session, empty while this is its newest.
	ReplacedBy string `json:"replaced_by"`
}

func (s *Server) openSession(w http.ResponseWriter, r *http.Request) {
	key, ok := idempotencyKey(w, r)
	if !ok {
		return
	}
	var id string
	var until time.Time
	s.update(func(st *state) {
		id = st.session(r.PathValue("id"), key)
		until = st.Sessions[id].ExpiresAt
	})
	writeJSON(w, http.StatusCreated, map[string]any{
		"session_id": id, "qr_payload": "wallet://real-name?session=" + id, "expires_at": until,
	})
}

// session returns the id of the session opened with the key, which it opens if there is none.
func (st *state) session(accountID, key string) (id string) {
	keys := st.SessionKeys[accountID]
	if keys == nil {
		keys = map[string]string{}
		st.SessionKeys[accountID] = keys
	}
	if id, ok := keys[key]; ok {
		return id
	}
	id = newID("ses")
	for _, former := range keys {
		if old := st.Sessions[former]; old.ReplacedBy == "" {
			old.ReplacedBy = id
		}
	}
	keys[key] = id
	st.Sessions[id] = &session{AccountID: accountID, ExpiresAt: time.Now().Add(sessionLife)}
	return id
}

// sessionReport is the body of the wallet's webhook (api: "Webhooks in").
type sessionReport struct {
	Type       string `json:"type"`
	SessionID  string `json:"session_id"`
	HolderName string `json:"holder_name"`
	IDNumber   string `json:"id_number"`
}

// scanSession is somebody scanning the code with a phone.
func (s *Server) scanSession(w http.ResponseWriter, r *http.Request) {
	var in struct {
		HolderName string `json:"holder_name"`
		IDNumber   string `json:"id_number"`
		Outcome    string `json:"outcome"`
	}
	if !readJSON(w, r, &in) {
		return
	}
	switch {
	case in.Outcome != "verified" && in.Outcome != "failed":
		writeError(w, http.StatusUnprocessableEntity, "outcome_unknown", "outcome is verified or failed")
		return
	case in.Outcome == "verified" && (in.HolderName == "" || in.IDNumber == ""):
		writeError(w, http.StatusUnprocessableEntity, "holder_missing", "holder_name and id_number are required with verified")
		return
	}
	id := r.PathValue("id")
	body := sessionReport{Type: "session." + in.Outcome, SessionID: id, HolderName: in.HolderName, IDNumber: in.IDNumber}
	var no refusal
	var replaced bool
	s.update(func(st *state) { replaced, no = s.scan(st, id, body) })
	if !no.write(w) {
		writeJSON(w, http.StatusOK, map[string]any{"session_id": id, "outcome": in.Outcome, "replaced": replaced})
	}
}

func (s *Server) scan(st *state, id string, body sessionReport) (replaced bool, no refusal) {
	found := st.Sessions[id]
	switch {
	case found == nil:
		return false, refusal{http.StatusNotFound, "session_not_found", "no such session"}
	case !time.Now().Before(found.ExpiresAt):
		return false, refusal{http.StatusGone, "session_expired", "the session takes no more scans"}
	}
	s.report(st, walletParty, newID("msg"), body, 0)
	return found.ReplacedBy != "", refusal{}
}
