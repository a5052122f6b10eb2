package postgres

import (
	"bytes"
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"shiming/internal/chinaid"
	judging "shiming/internal/clearing"
	"shiming/internal/dossier"
	"shiming/internal/wallet"
	"shiming/registration"
)

// bound is the identity an account is bound to.
type bound struct {
	Fingerprint    []byte
	RegistrationID string
	IdentityRef    string
	Locale         registration.Locale
	Kind           registration.Kind
}

// boundTo reads the person an account is bound to, [ErrNotFound] if there is none.
func boundTo(ctx context.Context, q querier, accountID string) (*bound, error) {
	rows, err := q.Query(ctx, `select c.fingerprint, r.id as registration_id, r.identity_ref, r.locale, r.kind from identity_claims c
		join registrations r on r.id = c.registration_id where c.account_id = $1 and c.subject = 'person' and c.bound`, accountID)
	if err != nil {
		return nil, err
	}
	b, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[bound])
	return b, notFound(err)
}

// matches reports whether a claim is of the very person: ID number and name.
func (s *Store) matches(ctx context.Context, q querier, b *bound, claim dossier.Claim) (bool, error) {
	var person dossier.Person
	if err := s.get(ctx, q, Own(b.RegistrationID), b.IdentityRef, dossier.PurposeIdentity, &person); err != nil {
		return false, err
	}
	sameNumber := bytes.Equal(b.Fingerprint, s.keys.Fingerprint("resident_id", claim.IDNumber))
	sameName := chinaid.SameName(person.Holder, claim.Holder)
	return sameNumber && sameName, nil
}

// Preflight judges the conditions for an account as they stand. Nobody is compared, and the answer is the same whether or
// not the account has an identity.
func (s *Store) Preflight(ctx context.Context, accountID string, facts wallet.Facts) (registration.Conditions, error) {
	locale, err := s.languageOf(ctx, accountID)
	return judging.Judge(facts, s.cal, judging.Asked{At: s.now(), Locale: locale}), err
}

// languageOf is the language of an account's newest registration, however it stands.
func (s *Store) languageOf(ctx context.Context, accountID string) (registration.Locale, error) {
	locale := registration.Chinese
	err := s.pool.QueryRow(ctx, `select locale from registrations where account_id = $1 order by created_at desc limit 1`, accountID).Scan(&locale)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return locale, err
}

// ClearingAccount names the account that a clearing concerns, for the wallet.
func (s *Store) ClearingAccount(ctx context.Context, clearingID string) (string, error) {
	k, err := loadClearing(ctx, s.pool, clearingID, "")
	if err != nil {
		return "", err
	}
	if k.AccountID == nil {
		return "", ErrNotFound
	}
	return *k.AccountID, nil
}

// KeepConditions judges a clearing's conditions by what the wallet says now and keeps them with their evidence, sealed. Once the
// wallet was asked to forget the identity they bar nothing: it may have, and a card that was bound since brings nothing back.
func (s *Store) KeepConditions(ctx context.Context, clearingID string, facts wallet.Facts) (registration.ClearingVerdict, error) {
	var verdict registration.ClearingVerdict
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		c, err := s.beginClearing(ctx, tx, registration.Step{Subject: clearingID})
		if err != nil {
			return err
		}
		conditions, err := c.judge(ctx, facts)
		if err != nil {
			return err
		}
		verdict.Met = c.rec.Forgetting || c.rec.facts(c.docs).Needed(conditions).Eligible() && (c.rec.Contested || c.rec.ComparedAt != nil)
		return c.keep(ctx, conditions)
	})
	return verdict, err
}

// Forgetting notes that the wallet is about to be asked to forget the identity.
func (s *Store) Forgetting(ctx context.Context, clearingID string) error {
	_, err := s.pool.Exec(ctx, `update clearings set forgetting = true where id = $1 and state = $2`, clearingID, registration.Clearing)
	return err
}

func (c *clearingChange) judge(ctx context.Context, facts wallet.Facts) (registration.Conditions, error) {
	asked := judging.Asked{Company: c.rec.forCompany(), At: c.at, Locale: c.rec.Locale}
	others := judging.Judge(facts, c.cal, asked).ButHolder()
	var err error
	asked.Holder, err = c.compared(ctx, others.Eligible())
	return judging.Judge(facts, c.cal, asked), err
}

// compared says whether who asks is the holder of what is bound; nil if they are not to be compared yet: while another
// condition is unmet, or for as long as there were too many wrong claims. Once they were compared their claim, which does
// not change, may be again.
func (c *clearingChange) compared(ctx context.Context, others bool) (*bool, error) {
	b, err := c.binding(ctx)
	switch {
	case err != nil:
		return nil, err
	case b == nil: // the identity is gone: nobody's request
		return new(false), nil
	case c.rec.Contested: // whether the name is theirs is the reviewer's to judge
		return new(true), nil
	case c.rec.ComparedAt == nil && !others:
		return nil, nil
	}
	a, err := c.asking(ctx)
	if err != nil {
		return nil, err
	}
	var same bool
	if c.rec.ComparedAt != nil {
		same, err = c.matches(ctx, c.tx, b, a.Claim)
		return &same, err
	}
	same, refusal, err := c.compare(ctx, c.tx, a, b)
	if refusal != nil || err != nil {
		return nil, err
	}
	c.rec.ComparedAt = &c.at
	return &same, nil
}

// asking is the clearing's claim, as it was sealed.
func (c *clearingChange) asking(ctx context.Context) (Asking, error) {
	a := Asking{ClearingID: c.rec.ID, AccountID: c.rec.account(), By: string(registration.ByApplicant)}
	return a, c.get(ctx, c.tx, Own(c.rec.ID), c.rec.ClaimRef, dossier.PurposeClaim, &a.Claim)
}

// uncompared refuses to go on while who asks cannot be compared, although nothing else stands in the way.
func (c *clearingChange) uncompared(ctx context.Context, conditions registration.Conditions) (*registration.Refusal, error) {
	if c.rec.Contested || c.rec.ComparedAt != nil || !conditions.ButHolder().Eligible() {
		return nil, nil
	}
	a, err := c.asking(ctx)
	if err != nil {
		return nil, err
	}
	refusal, err := c.claimsExceeded(ctx, c.tx, a)
	if refusal == nil && err == nil { // room has come meanwhile: at the next try they are
		refusal = registration.Refuse(registration.CodeProviderUnavailable)
	}
	return refusal, err
}

// binding is what the clearing is about, under the account's lock; nil if it is bound no more: another clearing was quicker.
func (c *clearingChange) binding(ctx context.Context) (*bound, error) {
	if c.rec.AccountID == nil {
		return nil, nil
	}
	if err := lockAccount(ctx, c.tx, *c.rec.AccountID); err != nil {
		return nil, err
	}
	b, err := boundTo(ctx, c.tx, *c.rec.AccountID)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case b.RegistrationID != *c.rec.RegistrationID, c.rec.Contested && !bytes.Equal(b.Fingerprint, c.rec.ClaimFingerprint): // by a later registration
		return nil, nil
	}
	return b, nil
}

// gone reports whether the account that the clearing concerns has no longer what is to be cleared.
func (c *clearingChange) gone(ctx context.Context) (bool, error) {
	b, err := c.binding(ctx)
	return b == nil && c.rec.AccountID != nil, err
}

// keep replaces the conditions on file.
func (c *clearingChange) keep(ctx context.Context, conditions registration.Conditions) error {
	ref, err := c.put(ctx, c.tx, Own(c.rec.ID), dossier.PurposeConditions, dossier.Conditions{Conditions: conditions})
	if err != nil {
		return err
	}
	before := c.rec.ConditionsRef
	c.rec.ConditionsRef, c.rec.EligibleAt = &ref, nil
	if at, timeCures := c.rec.neededToOpen(conditions).EligibleAt(); timeCures && !at.IsZero() {
		c.rec.EligibleAt = &at
	}
	if err := c.rec.save(ctx, c.tx, c.rec.Sequence, nil); err != nil || before == nil {
		return err
	}
	return drop(ctx, c.tx, *before)
}
