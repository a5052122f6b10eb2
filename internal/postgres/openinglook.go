package postgres

import (
	"context"
	"time"

	"shiming/registration"
)

// OpeningLook is what is known before a registration is opened.
type OpeningLook struct {
	Stands  bool                  // it was opened by an earlier call
	Held    bool                  // nothing is opened: the database is held
	Refusal *registration.Refusal // why it may not be opened: it is held, or its account is not free, or has opened its share
}

// LookForOpening looks whether a registration may be opened for an account, in one statement. [Store.Open] judges again.
func (s *Store) LookForOpening(ctx context.Context, accountID, registrationID string) (o OpeningLook, err error) {
	was := s.seen.furthest() // before the database is asked: its answer is of later
	var a Anchor
	repaired, columns := a.scan()
	var taken, clearing bool
	var nth *time.Time
	err = s.pool.QueryRow(ctx, `select `+anchorColumns+`, exists (select from registrations where id = $2), `+accountTaken+`, `+accountClears+`,
			(select created_at from registrations where account_id = $1 and id <> $2 and created_at > $3 order by created_at desc offset $4 limit 1)
		from anchor`, accountID, registrationID, s.cal.Days(s.now(), -1), registration.OpeningsADay-1).
		Scan(append(columns, &o.Stands, &taken, &clearing, &nth)...)
	if err != nil {
		return o, err
	}
	s.seenSince(&a, *repaired, was)
	o.Held = a.held()
	switch {
	case o.Held:
		o.Refusal = registration.Refuse(registration.CodeHeldAfterRestore)
	case clearing:
		o.Refusal = registration.Refuse(registration.CodeClearingExists)
	case taken:
		o.Refusal = registration.Refuse(registration.CodeRegistrationExists)
	case nth != nil:
		o.Refusal = registration.Refuse(registration.CodeAccountLimitReached).Until(s.cal.Days(*nth, 1))
	}
	return o, nil
}

// HandedIn is something that is sealed with an opening, under a reference that is the same in a repeated call.
type HandedIn struct {
	Ref, Purpose string
	Value        any
}

// KeepOpening makes the data key of a case that is about to be opened, notes who opens it, and seals what was handed in, in one
// statement. A repeated call hands in what the first one did.
func (s *Store) KeepOpening(ctx context.Context, id, caller string, all ...HandedIn) error {
	wrapped, err := s.keys.NewDataKey(id)
	if err != nil {
		return err
	}
	refs, purposes, sealed := make([]string, len(all)), make([]string, len(all)), make([][]byte, len(all))
	for i, in := range all {
		refs[i], purposes[i] = in.Ref, in.Purpose
		if sealed[i], err = s.sealWith(wrapped, Own(id).place(in.Purpose, in.Ref), in.Value); err != nil {
			return err
		}
	}
	tag, err := s.pool.Exec(ctx, `with made as (insert into vault_keys (subject, wrapped) values ($1, $2) on conflict do nothing returning subject),
		opened as (insert into case_callers (subject_id, caller, since) select subject, $3, $4 from made)
		insert into vault_items (ref, subject, purpose, sealed) select i.ref, made.subject, i.purpose, i.sealed
			from made, unnest($5::text[], $6::text[], $7::bytea[]) i (ref, purpose, sealed)`, id, wrapped, caller, s.now(), refs, purposes, sealed)
	if err != nil || tag.RowsAffected() == int64(len(all)) {
		return err
	}
	return s.keepAgain(ctx, id, caller, all) // an earlier call has made the key
}

func (s *Store) keepAgain(ctx context.Context, id, caller string, all []HandedIn) error {
	if err := s.ActsFor(ctx, id, caller); err != nil {
		return err
	}
	for _, in := range all {
		if err := s.PutAs(ctx, in.Ref, Own(id), in.Purpose, in.Value); err != nil {
			return err
		}
	}
	return nil
}
