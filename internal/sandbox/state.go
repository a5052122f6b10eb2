package sandbox

import "time"

// state is everything the outside world remembers. It is guarded by Server.mu and written as JSON to the state file.
type state struct {
	// Messages is the inbox, oldest first, at most maxMessages.
	Messages []message `json:"messages"`

	// Bindings are card bindings by id; BindingKeys leads from an idempotency key to one.
	Bindings    map[string]*binding `json:"bindings"`
	BindingKeys map[string]string   `json:"binding_keys"`
	// BusyCards counts the 503s given to a card since its last binding.
	BusyCards map[string]int `json:"busy_cards"`

	// Transfers are by key, whether accepted or not; Ledger lists the keys of the accepted ones in their order.
	Transfers map[string]*transfer `json:"transfers"`
	Ledger    []string             `json:"ledger"`

	// Accounts are what the wallet remembers of an account beyond its id.
	Accounts map[string]*account `json:"accounts"`
	// Sessions are QR sessions by id; SessionKeys leads from account and idempotency key to one.
	Sessions    map[string]*session          `json:"sessions"`
	SessionKeys map[string]map[string]string `json:"session_keys"`

	// Tasks are what is still to happen, by id.
	Tasks map[string]*task `json:"tasks"`
}

// fill makes every map usable, in a new state and in one read from a file.
func (st *state) fill() *state {
	makeMap(&st.Bindings)
	makeMap(&st.BindingKeys)
	makeMap(&st.BusyCards)
	makeMap(&st.Transfers)
	makeMap(&st.Accounts)
	makeMap(&st.Sessions)
	makeMap(&st.SessionKeys)
	makeMap(&st.Tasks)
	return st
}

func makeMap[K comparable, V any](m *map[K]V) {
	if *m == nil {
		*m = map[K]V{}
	}
}

// account returns what the wallet remembers of an account, from now on if nothing yet.
func (st *state) account(id string) *account {
	a := st.Accounts[id]
	if a == nil {
		a = &account{Done: map[string]time.Time{}}
		st.Accounts[id] = a
	}
	return a
}
