package sandbox

import (
	"net/http"
	"time"
)

// account is what the wallet remembers of an account; everything else follows from its id.
type account struct {
	// FirstLook is when its facts were first asked for: the day its dates count back from.
	FirstLook *time.Time `json:"first_look"`
	// Cleared says that its verified identity was forgotten.
	Cleared bool `json:"cleared"`
	Held    bool `json:"held"`
	// Done are the acts done, by act and idempotency key.
	Done map[string]time.Time `json:"done"`
}

func (s *Server) walletAccount(w http.ResponseWriter, r *http.Request) {
	type answer struct {
		Verified   bool   `json:"verified"`
		HolderName string `json:"holder_name,omitempty"`
		IDNumber   string `json:"id_number,omitempty"`
		Held       bool   `json:"held"`
	}
	id := r.PathValue("id")
	var out answer
	var cleared bool
	s.view(func(st *state) {
		if a := st.Accounts[id]; a != nil {
			cleared, out.Held = a.Cleared, a.Held
		}
	})
	if traitsOf(id).verified && !cleared {
		holder, err := holderOf(id)
		if err != nil {
			s.cfg.Log.Error("no holder for a verified account", "error", err)
			writeError(w, http.StatusInternalServerError, "internal", "no holder can be derived")
			return
		}
		out.Verified, out.HolderName, out.IDNumber = true, holder.name, holder.idNumber
	}
	writeJSON(w, http.StatusOK, out)
}

func (s *Server) checkPassword(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Password string `json:"password"`
	}
	if !readJSON(w, r, &in) {
		return
	}
	if in.Password == wrongPassword || !sixDigits(in.Password) {
		writeError(w, http.StatusUnprocessableEntity, "payment_password_incorrect", "not the payment password")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func sixDigits(s string) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(s) == 6
}

func (s *Server) holdAccount(w http.ResponseWriter, r *http.Request) {
	s.actOnce(w, r, "hold", func(a *account) { a.Held = true })
}

func (s *Server) releaseAccount(w http.ResponseWriter, r *http.Request) {
	s.actOnce(w, r, "release", func(a *account) { a.Held = false })
}

func (s *Server) clearIdentity(w http.ResponseWriter, r *http.Request) {
	s.actOnce(w, r, "clear", func(a *account) { a.Cleared = true })
}

// actOnce does something to an account once per idempotency key and act.
func (s *Server) actOnce(w http.ResponseWriter, r *http.Request, act string, do func(*account)) {
	key, ok := idempotencyKey(w, r)
	if !ok {
		return
	}
	s.update(func(st *state) {
		a := st.account(r.PathValue("id"))
		if _, done := a.Done[act+" "+key]; !done {
			a.Done[act+" "+key] = time.Now()
			do(a)
		}
	})
	w.WriteHeader(http.StatusNoContent)
}
