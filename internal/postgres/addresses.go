package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/registration"
)

// reached is a phone or a mailbox that an act sends something to, known by its keyed fingerprint.
type reached struct {
	fingerprint []byte
	what        string // phone or mailbox
}

// reaches lists whom an act sends something to. The bank's code goes to the phone on the card, what tells of a payment to the
// registration's own phone and mailbox; what other acts send is a review's or a clearing's, which people slow down.
func (s *Store) reaches(ctx context.Context, tx pgx.Tx, a Act, input any) ([]reached, error) {
	switch a.Act {
	case registration.ActCard:
		if card, known := input.(dossier.Card); known {
			return s.phone(card.Phone), nil
		}
	case registration.ActCardResend:
		return s.reachesByBinding(ctx, tx, a.RegistrationID)
	case registration.ActCompany, registration.ActPayout:
		rec, err := load(ctx, tx, a.RegistrationID, "")
		if err != nil {
			return nil, err
		}
		var applicant dossier.Applicant
		if err := s.get(ctx, tx, Own(rec.ID), rec.ApplicantRef, dossier.PurposeApplicant, &applicant); err != nil {
			return nil, err
		}
		return append(s.phone(applicant.Phone), reached{s.keys.Fingerprint("mailbox", applicant.Email), "mailbox"}), nil
	}
	return nil, nil
}

// reachesByBinding is the phone that the bank's next code of a binding goes to; none if there is no binding.
func (s *Store) reachesByBinding(ctx context.Context, tx pgx.Tx, registrationID string) ([]reached, error) {
	rec, err := load(ctx, tx, registrationID, "")
	if err != nil || rec.Binding == nil {
		return nil, err
	}
	var card dossier.Card
	if err := s.get(ctx, tx, Owner{Subject: rec.ID, Row: rec.Binding.Act}, rec.Binding.Card, dossier.PurposeCard, &card); err != nil {
		return nil, unless(err, ErrNotFound)
	}
	return s.phone(card.Phone), nil
}

func (s *Store) phone(number string) []reached {
	return []reached{{s.keys.Fingerprint("phone", number), "phone"}}
}

// reachTooOften refuses an act whose phone or mailbox has had its share of a day, whoever's acts they were, and names none of
// them. What sent nothing, for it was refused or never done, does not count. Each address is locked to the end of the
// transaction, phones before mailboxes, so that acts begun at once count each.
func (s *Store) reachTooOften(ctx context.Context, tx pgx.Tx, to []reached) (*registration.Refusal, error) {
	for _, r := range to {
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended(encode($1::bytea, 'hex'), 8))`, r.fingerprint); err != nil {
			return nil, err
		}
		nth, err := nthOf(ctx, tx, `select d.at from act_addresses d join acts a on a.id = d.act_id
			where d.address = $1 and d.at > $2 and a.closed_at is null and a.refusal is null order by d.at desc`,
			registration.ActsPerAddress, r.fingerprint, s.cal.Days(s.now(), -1))
		if err != nil {
			return nil, err
		}
		if nth != nil {
			return registration.Refuse(registration.CodeAccountLimitReached).Until(s.cal.Days(*nth, 1)).
				Saying("This " + r.what + " has been sent its share of a day: wait until retry_at, or use another."), nil
		}
	}
	return nil, nil
}

// noteReached counts an act by whom it reaches.
func (s *Store) noteReached(ctx context.Context, tx pgx.Tx, actID string, to []reached) error {
	var errs []error
	for _, r := range to {
		_, err := tx.Exec(ctx, `insert into act_addresses (act_id, address, at) values ($1, $2, $3)`, actID, r.fingerprint, s.now())
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
