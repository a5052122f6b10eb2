package postgres

import (
	"context"
	"time"

	"shiming/internal/dossier"
	"shiming/registration"
)

// CardAccepted keeps a binding the bank has opened: the card's details match and a code is on its way.
func (s *Store) CardAccepted(ctx context.Context, step registration.Step, bindingID string) (registration.StepResult, error) {
	return s.takeAct(ctx, step, registration.ActCard, of(func(c *regChange, ctx context.Context) (*registration.Refusal, error) {
		if err := c.dropBinding(ctx); err != nil {
			return nil, err
		}
		c.rec.Binding = &binding{ID: bindingID, Card: step.InputRef, Act: step.ActID, SentAt: c.at, Sends: 1}
		return nil, c.move(ctx, registration.CardAccepted)
	}))
}

// dropBinding forgets the card of a binding that is over.
func (c *regChange) dropBinding(ctx context.Context) error {
	if c.rec.Binding == nil {
		return nil
	}
	ref := c.rec.Binding.Card
	c.rec.Binding = nil
	return drop(ctx, c.tx, ref)
}

// CodeIncorrect counts a wrong SMS code. The fifth sends the registration back to the identity step.
func (s *Store) CodeIncorrect(ctx context.Context, step registration.Step) (registration.StepResult, error) {
	return s.takeAct(ctx, step, registration.ActCardCode, of((*regChange).codeIncorrect))
}

func (c *regChange) codeIncorrect(ctx context.Context) (*registration.Refusal, error) {
	if err := c.dropInput(ctx); err != nil {
		return nil, err
	}
	c.rec.Binding.Wrong++
	if left := registration.CodeGuesses - c.rec.Binding.Wrong; left > 0 {
		return registration.Refuse(registration.CodeCodeIncorrect).WithAttempts(left), nil
	}
	if err := c.dropBinding(ctx); err != nil {
		return nil, err
	}
	return registration.Refuse(registration.CodeCodeAttemptsExceeded).WithAttempts(0), c.move(ctx, registration.CodesExhausted)
}

// CardProven claims the identity of the card's holder, whose SMS code was right.
func (s *Store) CardProven(ctx context.Context, step registration.Step) (registration.StepResult, error) {
	return s.takeAct(ctx, step, registration.ActCardCode, of((*regChange).cardProven))
}

func (c *regChange) cardProven(ctx context.Context) (*registration.Refusal, error) {
	var card dossier.Card
	if err := c.get(ctx, c.tx, Owner{Subject: c.rec.ID, Row: c.rec.Binding.Act}, c.rec.Binding.Card, dossier.PurposeCard, &card); err != nil {
		return nil, err
	}
	if err := drop(ctx, c.tx, c.step.InputRef, c.rec.Binding.Card); err != nil {
		return nil, err
	}
	c.rec.Binding = nil
	return c.provePerson(ctx, card.Person(), registration.ByDebitCard, "")
}

// provePerson claims a person's identity and moves on, or back with identity_in_use.
func (c *regChange) provePerson(ctx context.Context, p dossier.Person, method registration.Method, role registration.Role) (*registration.Refusal, error) {
	claimed, err := c.claimPerson(ctx, p)
	if err != nil {
		return nil, err
	}
	if !claimed {
		c.setError(registration.CodeIdentityInUse)
		return registration.Refuse(registration.CodeIdentityInUse), c.move(ctx, registration.IdentityRefused)
	}
	ref, err := c.put(ctx, c.tx, Own(c.rec.ID), dossier.PurposeIdentity, p)
	if err != nil {
		return nil, err
	}
	c.rec.IdentityRef, c.rec.Identity, c.rec.LastError = &ref, p.View(method, role), nil
	c.rec.Corrections.Mark(registration.FieldIdentity)
	if err := c.nameContact(ctx, p); err != nil {
		return nil, err
	}
	return nil, c.move(ctx, registration.IdentityVerified)
}

// nameContact puts the holder's name on contact information that was given before: an individual's contact is the
// verified person.
func (c *regChange) nameContact(ctx context.Context, p dossier.Person) error {
	if c.rec.Kind != registration.Individual || c.rec.ContactRef == nil {
		return nil
	}
	var contact dossier.Contact
	if err := c.get(ctx, c.tx, Own(c.rec.ID), *c.rec.ContactRef, dossier.PurposeContact, &contact); err != nil {
		return err
	}
	if contact.Name == p.Holder {
		return nil
	}
	contact.Name = p.Holder
	ref, err := c.put(ctx, c.tx, Own(c.rec.ID), dossier.PurposeContact, contact)
	c.rec.ContactRef, c.rec.Contact = &ref, contact.View()
	return err
}

// ResendAllowed checks, before the bank is asked for a new SMS code, that it is not too soon nor too often.
func (s *Store) ResendAllowed(ctx context.Context, registrationID string) (*registration.Refusal, error) {
	rec, err := load(ctx, s.pool, registrationID, "")
	if err != nil {
		return nil, err
	}
	if rec.Binding == nil {
		return registration.RefuseAct(rec.Kind, registration.IdentityRequired, registration.ActCardResend), nil
	}
	if rec.Binding.Sends > registration.CodeResends {
		return registration.Refuse(registration.CodeCodeAttemptsExceeded), nil
	}
	if next := rec.Binding.SentAt.Add(registration.CodeResendInterval); s.now().Before(next) {
		return registration.Refuse(registration.CodeCodeResendTooSoon).Until(next), nil
	}
	return nil, nil
}

// CodeResent counts a new SMS code that the bank has sent.
func (s *Store) CodeResent(ctx context.Context, step registration.Step) (registration.StepResult, error) {
	return s.takeAct(ctx, step, registration.ActCardResend, of(func(c *regChange, _ context.Context) (*registration.Refusal, error) {
		c.rec.Binding.Sends++
		c.rec.Binding.SentAt = c.at
		return nil, nil
	}))
}

// CardBinding returns what the bank needs to judge a code: its own id of the binding and when the code was sent.
func (s *Store) CardBinding(ctx context.Context, registrationID string) (bindingID string, sentAt time.Time, err error) {
	rec, err := load(ctx, s.pool, registrationID, "")
	if err != nil {
		return "", time.Time{}, err
	}
	if rec.Binding == nil {
		return "", time.Time{}, ErrNotFound
	}
	return rec.Binding.ID, rec.Binding.SentAt, nil
}
