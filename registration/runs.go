package registration

import "slices"

// ActsOfRun lists the acts on a subject of a kind that go through its run; the others need only the database.
func ActsOfRun(kind Kind) []Act {
	all := Acts()
	if kind == IdentityClearing {
		all = ClearingActs()
	}
	return slices.DeleteFunc(slices.Clone(all), func(act Act) bool {
		switch act {
		case ActName, ActContact, ActDocument, ActResolvePayout, ActObject:
			return true
		}
		return false
	})
}

// Refusing is a step that ends an act with a refusal and changes nothing.
type Refusing struct {
	Step
	Refusal Refusal `json:"refusal"`
}

// Hold is a hold on a wallet account: the clearing it is for and which of its attempts. A key that has held once does not hold
// again after its release, so every attempt has a key of its own.
type Hold struct {
	ClearingID string `json:"clearing_id"`
	Key        string `json:"key"`
	Version    int64  `json:"version,omitempty"` // that the run stands at
}

// HasDeadline reports whether somebody's time in s is bounded by a moment that was announced: the bank's, a reviewer's, the
// holder's, or the applicant's to enter an amount. Elsewhere only inactivity ends the wait, with every act later.
func (s State) HasDeadline() bool {
	switch s {
	case PayoutPending, DepositRequired, UnderReview, WaitingEligibility, ObjectionPeriod:
		return true
	}
	return false
}
