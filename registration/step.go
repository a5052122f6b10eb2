package registration

import (
	"log/slog"
	"time"
)

// Step is one step of a run on its row. A step that finishes an act is recognised by it when it is repeated after its commit;
// a step that time or a report brings looks at what is stored, and may be taken any number of times.
type Step struct {
	Subject string `json:"subject"` // id of the registration or clearing
	// AccountID is given where a provider is asked about the account.
	AccountID string `json:"account_id,omitempty"`

	Actor    Actor  `json:"actor"`
	ActID    string `json:"act_id,omitempty"`    // the act this step finishes; empty: none
	InputRef string `json:"input_ref,omitempty"` // vault reference to what was handed in with the act
	Role     Role   `json:"role,omitempty"`      // chosen with the act
	Known    int64  `json:"known,omitempty"`     // the version that the run stands at; 0: nothing yet
	RunID    string `json:"run_id,omitempty"`    // the engine's
	// Asked is the payment about which the bank was asked just now, because its report is late.
	Asked string `json:"asked,omitempty"`
}

// Case is what a run mirrors of its row.
type Case struct {
	State    State     `json:"state"`
	Sequence int64     `json:"sequence"` // of the newest transition
	Version  int64     `json:"version"`  // never falls
	Due      *Deadline `json:"due,omitempty"`
	Overdue  bool      `json:"overdue,omitempty"`
	// Wake is when the row is looked at next, unless something happens before; nil: never.
	Wake *time.Time `json:"wake,omitempty"`
	// Late is the payment whose report is late at Wake: the bank is asked about it before the row is looked at. Empty: none.
	Late    string `json:"late,omitempty"`
	Attempt int    `json:"attempt,omitempty"` // the newest attempt to clear an identity; each has a hold of its own
}

// StepResult is what one step came to, as the database committed it: all that the run mirrors, so that any step brings it up to
// date. A step that is repeated after its commit is answered with the act's first answer and with where the row stands by now.
type StepResult struct {
	Case
	Refusal *Refusal `json:"refusal,omitempty"` // the act was refused; everything else still holds
	// Stale is an attempt to clear, before the newest, whose hold may still be there; 0: none.
	Stale int `json:"stale,omitempty"`
	// Waits: no attempt to clear was begun, for another clearing of the account is being carried out.
	Waits bool `json:"waits,omitempty"`
	// ActID is the act that a provider was asked for. An activity's answer to another act is not taken for it.
	ActID string `json:"act_id,omitempty"`
	// Behind: the database knows less than the run; nothing was done.
	Behind bool `json:"behind,omitempty"`
}

// Same reports whether two deadlines, or none, are one.
func (d *Deadline) Same(e *Deadline) bool {
	if d == nil || e == nil {
		return d == e
	}
	return d.At.Equal(e.At) && d.Provisional == e.Provisional
}

// LogValue is what logs may say of a step.
func (s Step) LogValue() slog.Value {
	return slog.GroupValue(slog.String("subject", s.Subject), slog.String("act_id", s.ActID))
}
