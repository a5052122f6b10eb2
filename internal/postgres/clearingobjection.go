package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/internal/notice"
	"shiming/registration"
)

// invite asks the account's holder, by a link that works once, whether they object.
func (c *clearingChange) invite(ctx context.Context) error {
	token := strings.ToLower(rand.Text()) // 128 random bits and more
	ref, err := c.put(ctx, c.tx, Own(c.rec.ID), dossier.PurposeObjection, dossier.Token{Token: token})
	if err != nil {
		return err
	}
	if _, err := c.tx.Exec(ctx, `insert into objections (clearing_id, token, token_ref, created_at) values ($1, $2, $3, $4)`,
		c.rec.ID, c.tokenFingerprint(token), ref, c.at); err != nil {
		return err
	}
	until := c.cal.WorkingDays(c.at, registration.ObjectionDays)
	c.rec.ObjectionUntil, c.rec.ObjectionProvisional = &until.At, until.Provisional
	return c.tellHolder(ctx, notice.ClearingObjection, c.rec.objectionKey(), notice.Data{ByLetter: c.rec.forCompany()})
}

// objectionKey is the key of the notice that asks the holder now, not after an earlier submission.
func (k *clearing) objectionKey() string { return k.roundKey("clearing_objection") }

// announceObjection completes the notice to the holder as it is being sent: until when they may object, if this is the
// moment from which the days count, and by which token. What is announced is what holds: it never gets earlier. It
// reports false if there is nothing to object to any more.
func (s *Store) announceObjection(ctx context.Context, eventKey string, n *Notice) (wanted bool, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		c, err := s.beginClearing(ctx, tx, registration.Step{Subject: n.Data.RegistrationID})
		if err != nil || c.rec.State != registration.ObjectionPeriod || c.rec.ObjectedAt != nil || eventKey != c.rec.objectionKey() {
			return err
		}
		var ref string
		if err := tx.QueryRow(ctx, `select token_ref from objections where clearing_id = $1`, c.rec.ID).Scan(&ref); err != nil {
			return err
		}
		var t dossier.Token
		if err := s.get(ctx, tx, Own(c.rec.ID), ref, dossier.PurposeObjection, &t); err != nil {
			return err
		}
		before := *c.rec.ObjectionUntil
		if err := c.computeObjectionUntil(ctx); err != nil {
			return err
		}
		wanted, n.Token, n.Data.Deadline, n.Data.DeadlineProvisional = true, t.Token, c.rec.ObjectionUntil, c.rec.ObjectionProvisional
		if c.rec.ObjectionUntil.Equal(before) {
			return nil
		}
		return c.tellChanged(ctx, tellRun)
	})
	return wanted, err
}

// objectionAnswered moves the end of the time for objecting to where a provider's answer to the notice puts it, and
// tells the run.
func (s *Store) objectionAnswered(ctx context.Context, tx pgx.Tx, clearingID string) error {
	c, err := s.beginClearing(ctx, tx, registration.Step{Subject: clearingID})
	if err != nil || c.rec.State != registration.ObjectionPeriod {
		return err
	}
	if err := c.computeObjectionUntil(ctx); err != nil {
		return err
	}
	return c.tellChanged(ctx, tellRun)
}

func (s *Store) tokenFingerprint(token string) []byte {
	return s.keys.Fingerprint("objection_token", token)
}

// KnowsObjection reports whether a token is some holder's, whether or not it was used or its time is over.
func (s *Store) KnowsObjection(ctx context.Context, token string) (known bool, err error) {
	err = s.pool.QueryRow(ctx, `select exists (select from objections where token = $1)`, s.tokenFingerprint(token)).Scan(&known)
	return known, err
}

// Object takes the objection of whoever has the notice's token, in one transaction with the word to the run: what is
// answered holds, whatever becomes of the run, and at whatever time it hears. [ErrNotFound] says that there is no such
// token, that it was used, or that the time is over.
func (s *Store) Object(ctx context.Context, token string) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		var id string
		err := tx.QueryRow(ctx, `select clearing_id from objections where token = $1`, s.tokenFingerprint(token)).Scan(&id)
		if err != nil {
			return notFound(err)
		}
		c, err := s.beginClearing(ctx, tx, registration.Step{Subject: id, Actor: registration.ByHolder})
		if err != nil {
			return err
		}
		switch open, err := c.mayObject(ctx, token); {
		case err != nil:
			return err
		case !open:
			return ErrNotFound
		}
		return c.takeObjection(ctx)
	})
}

// mayObject reports whether a token is worth something now.
func (c *clearingChange) mayObject(ctx context.Context, token string) (bool, error) {
	if registration.RefuseAct(registration.IdentityClearing, c.rec.State, registration.ActObject) != nil {
		return false, nil
	}
	if err := c.computeObjectionUntil(ctx); err != nil || !c.at.Before(*c.rec.ObjectionUntil) {
		return false, err
	}
	var unused bool
	err := c.tx.QueryRow(ctx, `select exists (select from objections where token = $1 and closed_at is null)`, c.tokenFingerprint(token)).Scan(&unused)
	return unused, err
}

func (c *clearingChange) takeObjection(ctx context.Context) error {
	c.rec.ObjectedAt = &c.at
	if err := c.closeObjection(ctx, true); err != nil {
		return err
	}
	return c.tellChanged(ctx, tellRun)
}

// raise leads on from an objection that was taken. It ends a clearing that an authorised person of the company asked
// for; over a contested claim a reviewer decides, who now knows of it.
func (c *clearingChange) raise(ctx context.Context) error {
	c.step.Actor = registration.ByHolder
	c.rec.ApprovedEarlier = len(c.rec.ApprovedBy) // what was approved was another case: somebody else decides on this one
	if err := c.move(ctx, registration.ObjectionRaised); err != nil {
		return err
	}
	if c.rec.State == registration.UnderReview {
		if err := c.openNext(ctx); err != nil {
			return err
		}
	} else if err := c.tellDecided(ctx, c.roundKey("clearing_objected"), notice.Data{Outcome: notice.OutcomeObjected}); err != nil {
		return err
	}
	return c.tellStaff(ctx, notice.ClearingObjected, c.roundKey("clearing_objected"), notice.Data{Final: c.rec.State.Final()})
}

// followObjection goes where an objection leads that was taken, whenever it comes to that; else it ends the time for objecting when
// it is over: three working days after the holder was told, by the calendar of that day, and never before what was announced. A
// holder who cannot be told is a reviewer's to think about.
func (c *clearingChange) followObjection(ctx context.Context) error {
	if c.rec.ObjectedAt != nil {
		return c.raise(ctx)
	}
	told, err := c.told(ctx)
	if err != nil {
		return err
	}
	if told.never {
		return c.reviewUnasked(ctx)
	}
	if c.count(told); c.at.Before(*c.rec.ObjectionUntil) {
		return nil
	}
	if err := c.closeObjection(ctx, false); err != nil {
		return err
	}
	return c.move(ctx, registration.ObjectionOver)
}

// followBinding ends a clearing whose identity another has cleared. A contested claim under review stays there: to its
// claimant it looks like one to an identity that was never bound. One that has the account held ends it first.
func (c *clearingChange) followBinding(ctx context.Context) (ended bool, err error) {
	k := c.rec
	if k.State.Final() || k.Contested && k.State == registration.UnderReview || k.HoldOpen {
		return false, nil
	}
	return c.endIfGone(ctx)
}

// reviewUnasked leads back to the reviewers: nobody could be asked, and that is no consent.
func (c *clearingChange) reviewUnasked(ctx context.Context) error {
	if err := c.closeObjection(ctx, false); err != nil {
		return err
	}
	c.rec.ObjectionUntil, c.rec.ObjectionProvisional, c.rec.UnreachableAt, c.rec.ApprovedEarlier = nil, false, &c.at, len(c.rec.ApprovedBy)
	if err := c.move(ctx, registration.HolderUnreachable); err != nil {
		return err
	}
	return c.openNext(ctx)
}

// computeObjectionUntil moves the end of the time for objecting to where it is by what is known now.
func (c *clearingChange) computeObjectionUntil(ctx context.Context) error {
	told, err := c.told(ctx)
	if err == nil {
		c.count(told)
	}
	return err
}

// count counts the days from when the holder was told; from now, if that is still to come.
func (c *clearingChange) count(told telling) {
	if told.never {
		return
	}
	until := registration.Later(registration.Deadline{At: *c.rec.ObjectionUntil, Provisional: c.rec.ObjectionProvisional},
		c.cal.WorkingDays(told.at, registration.ObjectionDays))
	c.rec.ObjectionUntil, c.rec.ObjectionProvisional = &until.At, until.Provisional
}

// telling is when the holder was told that they may object: now, at the latest, if that is still to come.
type telling struct {
	at       time.Time
	accepted bool // it is not still to come
	never    bool // every channel has refused the notice for good
}

// told looks at what became of the notice. The holder's phone counts; the mail alone does only if the phone takes none.
func (c *clearingChange) told(ctx context.Context) (telling, error) {
	return told(ctx, c.tx, c.rec.objectionKey(), c.at)
}

func told(ctx context.Context, q querier, objectionKey string, now time.Time) (telling, error) {
	rows, err := q.Query(ctx, `select accepted_at, refused_at is not null from notices where event_key = $1 order by channel = $2 desc`,
		objectionKey, notice.SMS)
	if err != nil {
		return telling{}, err
	}
	came := telling{never: true}
	var accepted *time.Time
	var refused bool
	tag, err := pgx.ForEachRow(rows, []any{&accepted, &refused}, func() error {
		switch {
		case !came.never: // by the channel before
		case accepted != nil:
			came = telling{at: *accepted, accepted: true}
		case !refused:
			came = telling{at: now}
		}
		return nil
	})
	if tag.RowsAffected() == 0 { // nobody has tried yet
		came = telling{at: now}
	}
	return came, err
}

// letGo is for a submission that came to nothing. A contested claim concerns no account until the next: nothing that was
// handed in proves it.
func (c *clearingChange) letGo(ctx context.Context) error {
	if c.rec.Contested {
		c.rec.AccountID, c.rec.RegistrationID, c.rec.DeveloperKind = nil, nil, nil
	}
	return c.forgetAsking(ctx)
}

// forgetAsking undoes that the holder was asked: it was about a submission that came to nothing, and the next one asks
// again.
func (c *clearingChange) forgetAsking(ctx context.Context) error {
	c.rec.ObjectionUntil, c.rec.ObjectionProvisional, c.rec.ObjectedAt, c.rec.UnreachableAt = nil, false, nil, nil
	if err := c.closeObjection(ctx, false); err != nil {
		return err
	}
	_, err := c.tx.Exec(ctx, `delete from objections where clearing_id = $1`, c.rec.ID)
	return err
}

// closeObjection makes the link worthless, if there is one, and forgets its token.
func (c *clearingChange) closeObjection(ctx context.Context, used bool) error {
	var ref string
	err := c.tx.QueryRow(ctx, `select token_ref from objections where clearing_id = $1 and closed_at is null for update`, c.rec.ID).Scan(&ref)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := c.tx.Exec(ctx, `update objections set closed_at = $2, used = $3, token_ref = null where clearing_id = $1`, c.rec.ID, c.at, used); err != nil {
		return err
	}
	return drop(ctx, c.tx, ref)
}
