package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/registration"
)

// BeginAct notes an act and seals what was handed in (nil: nothing) before the workflow is told, and judges the limits of
// acts. An act begun twice (a repeated request) is begun once, with the first one's input.
func (s *Store) BeginAct(ctx context.Context, a Act, purpose string, input any) (ActRecord, *registration.Refusal, error) {
	look, err := s.LookForAct(ctx, registration.IsClearingID(a.RegistrationID), a.RegistrationID, a.ID, a.Act)
	if err != nil {
		return ActRecord{}, nil, err
	}
	return s.BeginLookedAt(ctx, look, a, purpose, input)
}

// looksAgain is how often a case is looked at again because what an act reaches has changed since.
const looksAgain = 3

// BeginLookedAt is [Store.BeginAct] of a case that was looked at for the act.
func (s *Store) BeginLookedAt(ctx context.Context, look *ActLook, a Act, purpose string, input any) (ActRecord, *registration.Refusal, error) {
	for range looksAgain {
		b, err := s.beginning(look, a, purpose, input)
		if err != nil {
			return ActRecord{}, nil, err
		}
		share, err := b.write(ctx)
		if err != nil {
			return ActRecord{}, nil, err
		}
		switch refusal := share.refusal(b); {
		case share.Known:
			return share.record(), nil, nil
		case share.Begun:
			return ActRecord{InputRef: b.inputRef()}, nil, nil
		case refusal != nil:
			return ActRecord{}, refusal, nil
		case look.Begun: // and was forgotten since: nothing of it was looked at
			return ActRecord{}, registration.Refuse(registration.CodeProviderUnavailable), nil
		}
		if look, err = s.LookForAct(ctx, look.clearing != nil, a.RegistrationID, a.ID, a.Act); err != nil { // another card is bound
			return ActRecord{}, nil, err
		}
	}
	return ActRecord{}, nil, fmt.Errorf("postgres: what the act %s reaches does not stay as it is", a.ID)
}

// beginning is an act about to be begun.
type beginning struct {
	*Store
	act     Act
	look    *ActLook
	at      time.Time
	purpose string
	ref     string // of what was handed in; empty: nothing was
	sealed  []byte
	to      []reached
}

func (s *Store) beginning(look *ActLook, a Act, purpose string, input any) (*beginning, error) {
	b := &beginning{Store: s, act: a, look: look, at: s.now(), purpose: purpose}
	if look.Begun { // as it was begun by then
		return b, nil
	}
	var err error
	if b.to, err = s.reaches(look, a, input); err != nil {
		return nil, err
	}
	switch {
	case input == nil:
		return b, nil
	case look.dataKey == nil:
		return nil, ErrErased
	}
	b.ref = registration.NewID("vlt")
	b.sealed, err = s.sealWith(look.dataKey, Owner{Subject: a.RegistrationID, Row: a.ID}.place(purpose, b.ref), input)
	return b, err
}

func (b *beginning) inputRef() *string {
	if b.ref == "" {
		return nil
	}
	return &b.ref
}

// lockForAct locks what an act is about, then, for an act that verifies something, what its account does, and then each phone and
// mailbox that it reaches, phones before mailboxes: acts begun at once count each. %s is the table.
const lockForAct = `select case when $2 then pg_advisory_xact_lock(hashtextextended(r.account_id, 7))::text end,
	(select count(pg_advisory_xact_lock(hashtextextended(encode(f, 'hex'), 8))::text) from unnest($3::bytea[]) f where r.id is not null)
	from (select id, account_id from %s where id = $1 for update) r`

// beginAct begins an act that is new and within its limits, and gives one that was begun as much time as a new one: somebody waits
// for it again. One that had been begun ($21) is begun no other time. It is asked when everything is locked. %[1]s is the table, %[2]s a condition on its row r.
const beginAct = `with known as (select input_ref, finished_at, closed_at, refusal from acts where id = $1),
	again as (update acts set expires_at = greatest(expires_at, $2) where id = $1 and finished_at is null and closed_at is null),
	share as (select
		case when $6 > 0 then (select started_at from acts where registration_id = $3 and act = $4 and closed_at is null and started_at > $7
			order by started_at desc offset greatest($6 - 1, 0) limit 1) end as hour,
		case when $5 then (select started_at from acts where registration_id = $3 and verification and started_at > $8
			order by started_at desc offset $9 limit 1) end as day,
		case when $5 then (select started_at from acts where registration_id in
				(select o.id from registrations o join registrations r on r.account_id = o.account_id where r.id = $3)
			and verification and started_at > $8 order by started_at desc offset $9 limit 1) end as account,
		(select array_agg((select d.at from act_addresses d join acts a on a.id = d.act_id where d.address = f.address and d.at > $8
				and a.closed_at is null and a.refusal is null order by d.at desc offset $10 limit 1) order by f.n)
			from unnest($11::bytea[]) with ordinality f (address, n)) as reached),
	new as (select from share where not exists (select from known) and not $21 and hour is null and day is null and account is null
		and not exists (select from unnest(reached) at where at is not null) and exists (select from %[1]s r where r.id = $3 and %[2]s)),
	item as (insert into vault_items (ref, subject, purpose, sealed) select $12, $3, $13, $14::bytea from new where $12::text is not null),
	begun as (insert into acts (id, registration_id, act, verification, started_at, input_ref, actor, role, expires_at)
		select $1, $3, $4, $5, $15::timestamptz, $12, $16, $17, $2 from new),
	reaches as (insert into act_addresses (act_id, address, at) select $1, address, $15::timestamptz from new, unnest($11::bytea[]) address),
	caller as (insert into case_callers (subject_id, caller, since) select subject, $18, $15::timestamptz from vault_keys where subject = $3 and $18 <> '' on conflict do nothing),
	try as (delete from attempts where scope = 'password' and act_id = $1 and $19)
	select exists (select from known) as known, exists (select from new) as begun, k.input_ref as act_input, coalesce(k.finished_at is not null, false) as act_finished,
		coalesce(k.closed_at is not null, false) as act_closed, k.refusal as act_refusal, hour, day, account, reached
	from share left join known k on true`

var (
	lockRegistrationRow = fmt.Sprintf(lockForAct, "registrations")
	lockClearingRow     = fmt.Sprintf(lockForAct, "clearings")
	beginRegistration   = fmt.Sprintf(beginAct, "registrations", `coalesce(r.binding ->> 'card_ref', '') = coalesce($20, r.binding ->> 'card_ref', '')`)
	beginClearing       = fmt.Sprintf(beginAct, "clearings", `$20::text is null`)
)

// write begins the act, if its limits allow it: locks and all in one round trip and one transaction.
func (b *beginning) write(ctx context.Context) (*actShare, error) {
	a, lock, begin := b.act, lockRegistrationRow, beginRegistration
	if b.look.clearing != nil {
		lock, begin = lockClearingRow, beginClearing
	}
	addresses := make([][]byte, len(b.to))
	for i, r := range b.to {
		addresses[i] = r.fingerprint
	}
	var batch pgx.Batch
	batch.Queue(lock, a.RegistrationID, a.Act.Verification(), addresses)
	batch.Queue(begin, a.ID, a.answerBy(b.at), a.RegistrationID, a.Act, a.Act.Verification(), a.Budget, b.at.Add(-time.Hour), b.cal.Days(b.at, -1),
		registration.VerificationActs-1, registration.ActsPerAddress-1, addresses, b.inputRef(), b.purpose, b.sealed, b.at, a.Actor, a.Role, a.By,
		a.Password, b.look.binding, b.look.Begun)
	var share *actShare
	err := b.pool.batch(ctx, &batch, func(results pgx.BatchResults) error {
		tag, err := results.Exec()
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return ErrNotFound
		}
		rows, err := results.Query()
		if err != nil {
			return err
		}
		share, err = pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[actShare])
		return err
	})
	return share, err
}

// actShare is what the shares of an act have come to, and what has become of it.
type actShare struct {
	Known, Begun bool
	ActInput     *string
	ActFinished  bool
	ActClosed    bool
	ActRefusal   *registration.Refusal
	// When the first of a full share was begun; nil: the share is not used up.
	Hour, Day, Account *time.Time
	Reached            []*time.Time // of each phone and mailbox
}

func (s *actShare) record() ActRecord {
	return ActRecord{InputRef: s.ActInput, Finished: s.ActFinished, Closed: s.ActClosed, Refusal: s.ActRefusal}
}

// refusal is of an act when the subject has had its share of that kind within an hour, and of a verification act when it, or its
// account, has had its share of those within a day, over all its registrations; and of one whose phone or mailbox has had its share
// of a day, whoever's acts they were, naming none of them.
func (s *actShare) refusal(b *beginning) *registration.Refusal {
	switch {
	case s.Hour != nil:
		return registration.Refuse(registration.CodeActsExceeded).Until(s.Hour.Add(time.Hour))
	case s.Day != nil:
		return registration.Refuse(registration.CodeActsExceeded).Until(b.cal.Days(*s.Day, 1))
	case s.Account != nil:
		return registration.Refuse(registration.CodeAccountLimitReached).Until(b.cal.Days(*s.Account, 1))
	}
	for i, at := range s.Reached {
		if at != nil {
			return registration.Refuse(registration.CodeAccountLimitReached).Until(b.cal.Days(*at, 1)).
				Saying("This " + b.to[i].what + " has been sent its share of a day: wait until retry_at, or use another.")
		}
	}
	return nil
}

// batch sends statements in one round trip and, without begin and commit, in one transaction.
func (c *connections) batch(ctx context.Context, b *pgx.Batch, read func(pgx.BatchResults) error) error {
	ctx, w := waiting(ctx)
	results := c.SendBatch(ctx, b)
	err := read(results)
	if closing := results.Close(); err == nil {
		err = closing
	}
	return w.explain(err)
}
