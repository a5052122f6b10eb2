package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/registration"
)

// Open creates the registration of an application: as its first step, the row, the claim of an identity that the
// wallet has verified already, and the first timeline entry. It refuses an account that has a registration, and an
// identity bound elsewhere; then there is no row.
func (s *Steps) Open(ctx context.Context, app registration.Application) (registration.StepResult, error) {
	return s.store.open(ctx, func(ctx context.Context, tx pgx.Tx) (*change, *registration.Refusal, error) {
		if err := lockAccount(ctx, tx, app.AccountID); err != nil {
			return nil, nil, err
		}
		step := registration.Step{Subject: app.RegistrationID, Actor: registration.ByApplicant, RunID: app.RunID}
		c, err := s.store.beginRegistration(ctx, tx, step)
		switch {
		case err == nil: // a retried first step
			return c.change, nil, nil
		case !errors.Is(err, ErrNotFound):
			return nil, nil, err
		}
		if refusal, err := s.store.mayOpen(ctx, tx, app); refusal != nil || err != nil {
			return nil, refusal, err
		}
		c, err = s.store.create(ctx, tx, app, step)
		switch {
		case errors.Is(err, ErrNotFound): // the caller was answered that it did not come to be, and what was handed in is gone
			return nil, registration.Refuse(registration.CodeNotFound), nil
		case err != nil:
			return nil, nil, err
		}
		refusal, err := c.openIn(ctx, app)
		return c.change, refusal, err
	})
}

// lockAccount serialises what happens to one account.
func lockAccount(ctx context.Context, tx pgx.Tx, accountID string) error {
	_, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended($1, 2))`, accountID)
	return err
}

// What stands in the way of a registration $2 for an account $1.
const (
	accountTaken = `(exists (select from registrations where account_id = $1 and id <> $2 and ended_at is null)
		or exists (select from accounts where account_id = $1 and standing = 'active' and registration_id <> $2))`
	accountClears = `exists (select from clearings where account_id = $1 and not contested and ended_at is null)`
)

func accountFree(ctx context.Context, tx querier, app registration.Application) (*registration.Refusal, error) {
	var taken, clearing bool
	err := tx.QueryRow(ctx, `select `+accountTaken+`, `+accountClears, app.AccountID, app.RegistrationID).Scan(&taken, &clearing)
	switch {
	case err != nil:
		return nil, err
	case clearing:
		return registration.Refuse(registration.CodeClearingExists), nil
	case taken:
		return registration.Refuse(registration.CodeRegistrationExists), nil
	}
	return nil, nil
}

// mayOpen refuses whatever account while the database is held, and one that is not free, or that has opened its share of registrations within a day.
func (s *Store) mayOpen(ctx context.Context, q querier, app registration.Application) (*registration.Refusal, error) {
	if refusal, err := s.refuseHeld(ctx, q); refusal != nil || err != nil {
		return refusal, err
	}
	if refusal, err := accountFree(ctx, q, app); refusal != nil || err != nil {
		return refusal, err
	}
	return s.openingsExceeded(ctx, q, app)
}

// MayRegister refuses an account that has a registration already, or had too many today, before anything is kept of a new
// one; [Store.Open] judges again. A registration that the id names itself is no obstacle.
func (s *Store) MayRegister(ctx context.Context, accountID, registrationID string) (*registration.Refusal, error) {
	o, err := s.LookForOpening(ctx, accountID, registrationID)
	if err != nil {
		return nil, err
	}
	return o.Refusal, nil
}

// late reports whether something can no longer be opened: its caller was answered that it was not.
func late(s *Store, openBy time.Time) bool { return !openBy.IsZero() && s.now().After(openBy) }

// create inserts the row at its first state, or finds the one that an earlier try of the same step has committed.
func (s *Store) create(ctx context.Context, tx pgx.Tx, app registration.Application, step registration.Step) (*regChange, error) {
	if late(s, app.OpenBy) {
		return nil, ErrNotFound
	}
	var applicant dossier.Applicant
	if err := s.get(ctx, tx, Own(app.RegistrationID), app.ApplicantRef, dossier.PurposeApplicant, &applicant); err != nil {
		return nil, err
	}
	event := registration.Opened
	if app.IdentityRef != "" && app.Kind == registration.Individual {
		event = registration.OpenedVerified
	}
	state, err := registration.Next(app.Kind, registration.None, event, registration.Facts{})
	if err != nil {
		return nil, err
	}
	c := s.registrationChange(tx, step, &record{
		row:       newRow(app.RegistrationID, app.Locale, state, s.now()),
		AccountID: app.AccountID, Kind: app.Kind, Name: applicant.Name, ApplicantRef: app.ApplicantRef,
	}, nil)
	c.created = true
	if err := c.rec.insert(ctx, tx); err != nil {
		return nil, err
	}
	err = c.write(ctx, registration.None, event)
	return c, err
}

// openIn does what belongs to the opening beside the row itself.
func (c *regChange) openIn(ctx context.Context, app registration.Application) (*registration.Refusal, error) {
	if err := c.offerAgain(ctx); err != nil {
		return nil, err
	}
	if app.IdentityRef == "" || app.Kind != registration.Individual {
		return nil, nil
	}
	var person dossier.Person
	if err := c.get(ctx, c.tx, Own(c.rec.ID), app.IdentityRef, dossier.PurposeIdentity, &person); err != nil {
		return nil, err
	}
	claimed, err := c.claimPerson(ctx, person)
	if err != nil {
		return nil, err
	}
	if !claimed {
		return registration.Refuse(registration.CodeIdentityInUse), nil
	}
	c.rec.IdentityRef, c.rec.Identity = &app.IdentityRef, person.View(registration.ByWallet, "")
	return nil, nil
}
