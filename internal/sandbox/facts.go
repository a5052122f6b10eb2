package sandbox

import (
	"net/http"
	"time"
)

// How long ago things happened, in days of the calendar's scale.
const (
	ordinaryAge      = 400
	youngAge         = 10
	frozenAgo        = 10
	refundableAgo    = 3
	fundedBalanceFen = 1234
)

// facts are what the conditions for clearing are judged by (spec: process, "Clearing an identity").
type facts struct {
	Frozen               bool        `json:"frozen"`
	LastFrozenAt         *time.Time  `json:"last_frozen_at"`
	OpenedAt             time.Time   `json:"opened_at"`
	Activated            bool        `json:"activated"`
	CardsLast4           []string    `json:"cards_last4"`
	BalanceFen           int64       `json:"balance_fen"`
	Refundable           []time.Time `json:"refundable"`
	WithdrawalsInTransit int         `json:"withdrawals_in_transit"`
	TransfersInTransit   int         `json:"transfers_in_transit"`
}

func (s *Server) walletFacts(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	var today time.Time
	known := false
	s.view(func(st *state) {
		if a := st.Accounts[id]; a != nil && a.FirstLook != nil {
			today, known = *a.FirstLook, true
		}
	})
	if !known {
		s.update(func(st *state) {
			a := st.account(id)
			if a.FirstLook == nil {
				now := time.Now()
				a.FirstLook = &now
			}
			today = *a.FirstLook
		})
	}
	writeJSON(w, http.StatusOK, s.factsOf(traitsOf(id), today))
}

// factsOf follows the id's prefixes alone.
func (s *Server) factsOf(is traits, today time.Time) facts {
	ago := func(days int) time.Time { return s.cfg.Calendar.Days(today, -days) }
	f := facts{OpenedAt: ago(ordinaryAge), Activated: true, CardsLast4: []string{}, Refundable: []time.Time{}}
	if is.young {
		f.OpenedAt = ago(youngAge)
	}
	if is.frozen {
		at := ago(frozenAgo)
		f.LastFrozenAt = &at
	}
	if is.carded {
		f.CardsLast4 = append(f.CardsLast4, "8888")
	}
	if is.funded {
		f.BalanceFen = fundedBalanceFen
	}
	if is.refundable {
		f.Refundable = append(f.Refundable, ago(refundableAgo))
	}
	if is.intransit {
		f.WithdrawalsInTransit = 1
	}
	return f
}
