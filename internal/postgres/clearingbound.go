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

// Preflight judges the conditions for an account as they stand. Without a claim nobody is compared, and the answer is
// the same whether or not the account has an identity. With one, an account without a bound identity is [ErrNotFound].
func (s *Store) Preflight(ctx context.Context, accountID string, claim *dossier.Claim, facts wallet.Facts) (registration.Conditions, error) {
	asked := judging.Asked{At: s.now()}
	if claim == nil {
		var err error
		asked.Locale, err = s.languageOf(ctx, accountID)
		return judging.Judge(facts, s.cal, asked), err
	}
	b, err := boundTo(ctx, s.pool, accountID)
	if err != nil {
		return nil, err
	}
	same, err := s.matches(ctx, s.pool, b, *claim)
	if err != nil {
		return nil, err
	}
	asked.Holder, asked.Company, asked.Locale = &same, b.Kind == registration.Enterprise, b.Locale
	return judging.Judge(facts, s.cal, asked), nil
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

// KeepConditions judges a clearing's conditions by what the wallet says now and keeps them with their evidence, sealed.
func (s *Store) KeepConditions(ctx context.Context, clearingID string, facts wallet.Facts) (registration.ClearingVerdict, error) {
	var verdict registration.ClearingVerdict
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		c, err := s.beginClearing(ctx, tx, Step{RegistrationID: clearingID})
		if err != nil {
			return err
		}
		conditions, err := c.judge(ctx, facts)
		if err != nil {
			return err
		}
		verdict.Met = c.rec.needed(conditions, c.docs).Eligible()
		return c.keep(ctx, conditions)
	})
	return verdict, err
}

func (c *clearingChange) judge(ctx context.Context, facts wallet.Facts) (registration.Conditions, error) {
	asked := judging.Asked{Holder: new(false), Company: c.rec.forCompany(), At: c.at, Locale: c.rec.Locale}
	var claim dossier.Claim
	if err := c.get(ctx, c.tx, Own(c.rec.ID), c.rec.ClaimRef, dossier.PurposeClaim, &claim); err != nil {
		return nil, err
	}
	b, err := boundTo(ctx, c.tx, c.rec.account())
	switch {
	case errors.Is(err, ErrNotFound): // the identity is gone: nobody's request
	case err != nil:
		return nil, err
	case c.rec.Contested: // whether the name is theirs was the reviewer's to judge
		*asked.Holder = bytes.Equal(b.Fingerprint, c.rec.ClaimFingerprint)
	default:
		if *asked.Holder, err = c.matches(ctx, c.tx, b, claim); err != nil {
			return nil, err
		}
	}
	return judging.Judge(facts, c.cal, asked), nil
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
	if err := c.rec.save(ctx, c.tx, c.rec.Sequence); err != nil || before == nil {
		return err
	}
	return drop(ctx, c.tx, *before)
}
