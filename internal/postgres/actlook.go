package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"shiming/registration"
)

// ActLook is how a case stands for an act that somebody asks for, and what is known of that act: all that is needed to judge the
// act and to begin it, read in one statement.
type ActLook struct {
	Standing
	Begun  bool      // the act was begun by an earlier call
	Record ActRecord // of the act, if it was begun

	row      *shownRecord // nil: the case is a clearing
	clearing *shownClearing
	dataKey  []byte     // the case's, wrapped
	reaches  sealedItem // what says whom the act sends something to, of what is on file
	binding  *string    // the card that the bank's next code goes to, of a resend; nil: another act
}

// actColumns are what is known of an act a.
const actColumns = `a.id is not null as act_begun, a.input_ref as act_input, coalesce(a.finished_at is not null, false) as act_finished,
	coalesce(a.closed_at is not null, false) as act_closed, a.refusal as act_refusal`

type shownAct struct {
	ActBegun    bool
	ActInput    *string
	ActFinished bool
	ActClosed   bool
	ActRefusal  *registration.Refusal
}

func (a *shownAct) act() ActRecord {
	return ActRecord{InputRef: a.ActInput, Finished: a.ActFinished, Closed: a.ActClosed, Refusal: a.ActRefusal}
}

// lookedRecord is a registration with an act and with what says whom the act reaches.
type lookedRecord struct {
	shownRecord
	shownAct
	ReachesRef *string
	ReachesOf  *string
	ReachesFor *string
	Reaches    []byte
}

const lookAtRegistration = `select ` + shownColumns + `, (select wrapped from vault_keys where subject = r.id) as data_key, ` + actColumns + `,
	i.ref as reaches_ref, i.subject as reaches_of, i.purpose as reaches_for, i.sealed as reaches
	from (select ` + recordColumns + ` from registrations where id = $1) r` + alongside + `
	left join acts a on a.id = $2
	left join vault_items i on i.ref = case $3 when 'applicant' then r.applicant_ref when 'binding' then r.binding ->> 'card_ref' end`

const lookAtClearing = `select ` + shownClearingColumns + `, ` + actColumns + `
	from (select ` + clearingColumns + ` from clearings where id = $1) r` + besideClearing + `
	left join acts a on a.id = $2`

// LookForAct reads how a registration or a clearing stands for an act. [ErrNotFound] if there is no such case.
func (s *Store) LookForAct(ctx context.Context, clearing bool, id, actID string, act registration.Act) (*ActLook, error) {
	if clearing {
		return s.lookForClearingAct(ctx, id, actID)
	}
	rows, err := s.pool.Query(ctx, lookAtRegistration, id, actID, reachesBy(act))
	if err != nil {
		return nil, err
	}
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[lookedRecord])
	if err != nil {
		return nil, notFound(err)
	}
	look := &ActLook{
		Standing: Standing{r.AccountID, r.Kind, r.State}, Begun: r.ActBegun, Record: r.act(), row: &r.shownRecord, dataKey: r.DataKey,
		reaches: sealedItem{subject: r.ReachesOf, purpose: r.ReachesFor, sealed: r.Reaches, wrapped: r.DataKey},
	}
	if r.ReachesRef != nil {
		look.reaches.ref = *r.ReachesRef
	}
	if reachesBy(act) == reachesBinding {
		look.binding = new(string)
		if r.Binding != nil {
			*look.binding = r.Binding.Card
		}
	}
	return look, nil
}

func (s *Store) lookForClearingAct(ctx context.Context, id, actID string) (*ActLook, error) {
	type looked struct {
		shownClearing
		shownAct
	}
	rows, err := s.pool.Query(ctx, lookAtClearing, id, actID)
	if err != nil {
		return nil, err
	}
	k, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[looked])
	if err != nil {
		return nil, notFound(err)
	}
	look := &ActLook{
		Standing: Standing{Kind: registration.IdentityClearing, State: k.State}, Begun: k.ActBegun, Record: k.act(), clearing: &k.shownClearing,
		dataKey: k.DataKey,
	}
	if !k.Contested { // of a contested claim it names no account
		look.AccountID = k.account()
	}
	return look, nil
}

// ViewOf is the registration that was looked at, as callers see it.
func (s *Store) ViewOf(look *ActLook) (*registration.View, error) { return s.view(look.row) }

// SubmissionRefused says what is missing before what was looked at can be submitted. Its step judges again.
func (s *Store) SubmissionRefused(look *ActLook) (*registration.Refusal, error) {
	if look.clearing != nil {
		return s.clearingSubmissionRefused(look.clearing)
	}
	r := look.row
	if err := s.openReasons(dataKeys{r.ID: r.DataKey}, r.ID, r.ReviewRound, r.Corrections); err != nil {
		return nil, err
	}
	return missing(requirements(&r.record, r.payment(), r.Documents)), nil
}

func (s *Store) clearingSubmissionRefused(k *shownClearing) (*registration.Refusal, error) {
	conditions, err := s.shownConditions(k)
	if err != nil {
		return nil, err
	}
	if err := s.openReasons(dataKeys{k.ID: k.DataKey}, k.ID, k.ReviewRound, k.Corrections); err != nil {
		return nil, err
	}
	return missing(k.materialsMissing(k.Documents, conditions)), nil
}

// AmountRefused says that no amount is awaited yet, or any more.
func (look *ActLook) AmountRefused() *registration.Refusal {
	return depositRefused(&look.row.record, look.row.payment())
}

// DecisionRefused says why a reviewer, whose own case it is not, may not decide the newest round of what was looked at: another
// reviewer must decide it, or has claimed it.
func (look *ActLook) DecisionRefused(v *Review, reviewer string) *registration.Refusal {
	k := look.clearing
	switch {
	case k != nil && !k.facts(k.Documents).Approvals.MayDecide(reviewer):
		return registration.Refuse(registration.CodeSecondReviewer)
	case v.Assignee != nil && *v.Assignee != reviewer:
		return registration.Refuse(registration.CodeClaimedByOther)
	}
	return nil
}
