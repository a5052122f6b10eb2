package postgres

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/internal/notice"
	"shiming/registration"
)

// PaymentNotified starts a payment's window: the first channel has accepted the notice. The notices that are still
// unsent go to the relay. Doing it twice changes nothing; nor does a payment that nobody wants any more.
func (s *Store) PaymentNotified(ctx context.Context, paymentID string) error {
	return s.changePayment(ctx, paymentID, func(c *regChange, p *payment) error {
		if p.NotifiedAt != nil || !p.open() {
			return nil
		}
		p.Notified(s.cal, c.at)
		return s.releaseHeld(ctx, c.tx, p.ID)
	})
}

// announcing is how long a channel is left to the announcement that has begun by all of them, once another has been quicker. Most
// have ended by then, and leave nothing to be delivered; one may not even have begun when the quicker has ended.
const announcing = 5 * time.Second

// releaseHeld leaves the notices of a payment that are still to be sent to the relay.
func (s *Store) releaseHeld(ctx context.Context, tx pgx.Tx, paymentID string) error {
	rows, err := tx.Query(ctx, `update notices set held = false where event_key = $1 and held returning id, `+noticeIsWaiting+` as waiting`, paymentNoticeKey(paymentID))
	if err != nil {
		return err
	}
	type unsent struct {
		ID      string
		Waiting bool
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[unsent])
	if err != nil {
		return err
	}
	for _, n := range all {
		if !n.Waiting {
			continue
		}
		if err := leave(ctx, tx, s.now(), outgoing{kind: MessageNotice, ref: n.ID, after: announcing}); err != nil {
			return err
		}
	}
	return nil
}

// changePayment changes a payment and what its registration shows of it, both rows locked in the order every step locks them.
// The run hears of what it mirrors.
func (s *Store) changePayment(ctx context.Context, paymentID string, fn func(c *regChange, p *payment) error) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		c, err := s.beginOfPayment(ctx, tx, paymentID)
		if err != nil {
			return err
		}
		p := c.payment
		if p.ID != paymentID { // an older one: the registration shows another
			if p, err = onePayment(ctx, tx, `id = $1 for update`, paymentID); err != nil {
				return err
			}
		}
		before := p.Payment
		if err := fn(c, p); err != nil {
			return err
		}
		if err := p.save(ctx, tx); err != nil {
			return err
		}
		return c.mirrored(ctx, p, before)
	})
}

// mirrored shows what has become of a payment on its registration, and tells the run, if there is one that cares.
func (c *regChange) mirrored(ctx context.Context, p *payment, before registration.Payment) error {
	newest := p == c.payment
	switch {
	case c.rec.EndedAt != nil, newest && !p.ShownOtherwise(before), !newest && p.State == before.State:
		return nil
	case newest && (c.rec.State == registration.PayoutPending || c.rec.State == registration.DepositRequired):
		if err := c.wait(ctx); err != nil {
			return err
		}
	}
	switch {
	case p.Leads(before):
		return c.tellChanged(ctx, tellRun)
	case p.Moved(before): // the bank's answer follows
		return c.tellChanged(ctx, tellRunSoon)
	}
	c.rec.UpdatedAt = c.at
	return c.save(ctx, c.rec.Sequence, nil)
}

// Order is what the bank is asked to pay. Its amount and account exist in memory only.
type Order struct {
	Key       string
	AmountFen int64
	Company   dossier.Company
	// Asked says that the bank may have heard of the payment: look it up before sending it again.
	Asked bool
	// Void says that nobody wants the payment any more: learn what became of it, but do not send it.
	Void bool
	// Barred is why it must not be sent yet: [ErrPaused] or [ErrRestored]. Learn what became of it; nil: send it.
	Barred error
	// Lost are the transfers that a restore has lost and that may have been made for this company: show the bank each of them before
	// anything is sent, for only the bank can say whether it knows one as this order.
	Lost []Lost
	// Judge says that the bank was shown every one that there is, and that a person must say whether to pay all the same.
	Judge bool
}

// ErrHeld says that nothing is paid for a registration whose run knows more than this database: it may have been paid already.
var ErrHeld = errors.New("postgres: the registration's payments are held, for its run knows more than this database")

// TakeOrder opens a payment for ordering and notes that the bank is about to be called. It returns nil if there is
// nothing to order: the payment was voided before, or the bank has answered already. [ErrPaused] and [ErrRestored]: not now.
func (s *Store) TakeOrder(ctx context.Context, paymentID string) (*Order, error) {
	var order *Order
	err := s.changePayment(ctx, paymentID, func(c *regChange, p *payment) error {
		if p.Answered() || p.BankState == registration.BankDropped || (p.OrderedAt == nil && !p.open()) {
			return nil
		}
		if c.rec.HeldAt != nil {
			return ErrHeld
		}
		barred, err := c.payoutsHeld(ctx, c.tx)
		switch {
		case err != nil:
			return err
		case barred != nil && p.OrderedAt == nil:
			return barred
		}
		order = &Order{Key: p.Key, Asked: p.OrderedAt != nil, Void: !p.open(), Barred: barred}
		if order.Company, err = c.payee(ctx, p); err != nil {
			return err
		}
		if order.Lost, order.Judge, err = c.lostFor(ctx, p, order.Company); err != nil {
			return err
		}
		if !order.Judge {
			p.Adoption = nil
		}
		if p.OrderedAt == nil && order.Lost == nil && !order.Judge {
			p.OrderedAt = &c.at
		}
		var amount dossier.Amount
		err = s.unseal(ctx, c.tx, p.amountPlace(), p.Amount, &amount)
		order.AmountFen = amount.Fen
		return err
	})
	return order, err
}

// payee is the company that a payment goes to.
func (c *regChange) payee(ctx context.Context, p *payment) (company dossier.Company, err error) {
	err = c.get(ctx, c.tx, p.owner(), p.CompanyRef, dossier.PurposeCompany, &company)
	return company, err
}

// NoticeTaken reports whether a channel has accepted the payment's notice.
func (s *Store) NoticeTaken(ctx context.Context, paymentID string) (taken bool, err error) {
	err = s.pool.QueryRow(ctx, `select exists (select from notices where event_key = $1 and accepted_at is not null)`, paymentNoticeKey(paymentID)).Scan(&taken)
	return taken, err
}

// PaymentKey returns the key by which the bank knows a payment.
func (s *Store) PaymentKey(ctx context.Context, paymentID string) (key string, err error) {
	err = s.pool.QueryRow(ctx, `select key from payments where id = $1`, paymentID).Scan(&key)
	return key, notFound(err)
}

// OrderAnswered records what the bank answered to an order: transfer.sent, transfer.settled, transfer.failed or
// transfer.returned. The registration's run hears of it when the payment's ends, unless it is over itself.
func (s *Store) OrderAnswered(ctx context.Context, paymentID, kind, reason string) error {
	return s.changePayment(ctx, paymentID, func(c *regChange, p *payment) error {
		if p.OrderedAt == nil { // by a database that was put back to before: the bank knows better
			if err := c.orderedMeanwhile(ctx, p); err != nil {
				return err
			}
		}
		p.Report(said(kind), reason, c.at)
		if c.rec.EndedAt == nil {
			return nil
		}
		return c.endedReturn(ctx, p)
	})
}

// OrderDropped records that the bank never heard of a payment that nobody wants any more: it is not sent, and no longer
// counts as one that may have been.
func (s *Store) OrderDropped(ctx context.Context, paymentID string) error {
	return s.changePayment(ctx, paymentID, func(_ *regChange, p *payment) error {
		p.Drop()
		return nil
	})
}

// followBank goes where the bank's word on the newest payment leads, if it has not been followed yet.
func (c *regChange) followBank(ctx context.Context) error {
	if c.payment == nil {
		return nil
	}
	switch c.payment.State {
	case registration.PayoutSettled:
		return c.settled(ctx)
	case registration.PayoutFailed, registration.PayoutReturned:
		if told, err := c.returnTold(ctx, c.payment); told || err != nil {
			return err
		}
		return c.paymentLost(ctx)
	}
	return nil
}

// settled lets the applicant know that the money has arrived, and gives at least one working day from now to read it back.
func (c *regChange) settled(ctx context.Context) error {
	if c.rec.State != registration.PayoutPending {
		return nil
	}
	p := c.payment
	p.SetWindow(c.cal, c.at)
	if err := p.save(ctx, c.tx); err != nil {
		return err
	}
	if err := c.move(ctx, registration.PaymentSettled); err != nil {
		return err
	}
	return c.tell(ctx, notice.MoneyArrived, moneyArrivedKey(p.ID), c.paymentData())
}

func (c *regChange) paymentData() notice.Data {
	p := c.payment
	d := notice.Data{BankAccountLast4: p.BankLast4, Deadline: p.WindowClosesAt, DeadlineProvisional: p.WindowProvisional, AttemptsLeft: p.AttemptsLeft}
	if p.Failure != nil {
		d.Failure = *p.Failure
	}
	return d
}

// paymentLost leads back to the company information: the bank would not pay, or the money came back.
func (c *regChange) paymentLost(ctx context.Context) error {
	event, key := registration.PaymentReturned, "payment_returned/"
	if c.payment.State == registration.PayoutFailed {
		event, key = registration.PaymentRefused, "payment_failed/"
	}
	if !registration.Knows(c.rec.Kind, c.rec.State, event) {
		return c.tellOpsOfReturn(ctx, c.payment)
	}
	if err := c.releaseOrganization(ctx); err != nil {
		return err
	}
	if err := c.closeReview(ctx); err != nil {
		return err
	}
	if err := c.move(ctx, event); err != nil {
		return err
	}
	if err := c.askForCompany(ctx); err != nil {
		return err
	}
	return c.tellWayOn(ctx, notice.PaymentFailed, key+c.payment.ID)
}

// tellWayOn says what to do about a payment that came to nothing, once the registration waits for it: until when, and
// whether the account can have another at all.
func (c *regChange) tellWayOn(ctx context.Context, kind notice.Kind, eventKey string) error {
	refusal, err := c.payoutLimit(ctx, c.payment.BankFingerprint)
	if err != nil {
		return err
	}
	data := c.paymentData()
	data.Final, data.Deadline, data.DeadlineProvisional = refusal != nil, new(c.rec.activity().Expires(c.cal)), false
	return c.tell(ctx, kind, eventKey, data)
}

// askForCompany says which field the bank objects to. What was submitted stays locked, but for the company information.
func (c *regChange) askForCompany(ctx context.Context) error {
	wrong := c.payment.objection(c.rec.Locale)
	c.setError(registration.CodePaymentFailed, wrong)
	if c.rec.ReviewRound == 0 {
		return nil
	}
	again, err := c.sealReasons(ctx, c.tx, c.rec.ID, c.rec.ReviewRound, []registration.Reason{{Field: registration.FieldCompany, Code: wrong.Code, Message: wrong.Message}})
	whole := func(c registration.Correction) bool { return c.Field == registration.FieldCompany }
	c.rec.Corrections = append(slices.DeleteFunc(c.rec.Corrections, whole), again...)
	return err
}

// tickUnsettled flags a payment, and tells ops, whose money or notice is late.
func (c *regChange) tickUnsettled(ctx context.Context) error {
	p := c.payment
	p.SetExpected(c.cal)
	late := p.BecomesLate(c.at, c.step.Asked == p.ID)
	if err := p.save(ctx, c.tx); err != nil || !late {
		return err
	}
	key := "payout_overdue/" + p.ID
	if p.NotifiedAt == nil {
		key += "/unnoticed"
	}
	if err := c.emit(ctx, "payout.overdue"); err != nil {
		return err
	}
	return c.tell(ctx, notice.PayoutOverdue, key, c.paymentData())
}

// tickWindow announces the window's end, and closes it when it has come. Deadlines are computed again with today's calendar, and
// only ever move later.
func (c *regChange) tickWindow(ctx context.Context) error {
	p := c.payment
	p.MoveWindow(c.cal, c.rec.StateSince)
	if p.WindowOver(c.at) {
		if waits, err := c.entryWaits(ctx); waits || err != nil {
			c.judgeLater = new(c.at.Add(judgeLaterBy))
			return errors.Join(err, p.save(ctx, c.tx))
		}
		return c.closeWindow(ctx, registration.WindowClosed, registration.CodeWindowClosed, "window_closed")
	}
	if p.TakeReminder(c.at) {
		if err := c.tell(ctx, notice.WindowClosing, "window_closing/"+p.ID, c.paymentData()); err != nil {
			return err
		}
	}
	return p.save(ctx, c.tx)
}

// judgeLaterBy is how long the window's end waits for an amount that was entered before it and has not been judged yet.
const judgeLaterBy = 30 * time.Second

// entryWaits reports whether an amount that was entered in time has still to be judged.
func (c *regChange) entryWaits(ctx context.Context) (waits bool, err error) {
	err = c.tx.QueryRow(ctx, `select exists (select from acts where registration_id = $1 and act = $2 and started_at < $3 and expires_at > $4
		and finished_at is null and closed_at is null)`, c.rec.ID, registration.ActDeposit, *c.payment.WindowClosesAt, c.at).Scan(&waits)
	return waits, err
}

// closeWindow voids the payment and leads to deposit_failed: too late, or too many wrong amounts.
func (c *regChange) closeWindow(ctx context.Context, event registration.Event, code registration.Code, failure string) error {
	c.payment.Failure, c.payment.RemindAt = &failure, nil
	if err := c.void(ctx); err != nil {
		return err
	}
	if err := c.move(ctx, event); err != nil {
		return err
	}
	c.setError(code)
	return c.tellWayOn(ctx, notice.WindowClosed, "window_closed/"+c.payment.ID)
}

// PayoutCancelIgnored puts on the timeline that somebody asked for a payment's workflow to be cancelled: a payment that was
// announced is seen through.
func (s *Store) PayoutCancelIgnored(ctx context.Context, paymentID string) error {
	var registrationID string
	if err := s.pool.QueryRow(ctx, `select registration_id from payments where id = $1`, paymentID).Scan(&registrationID); err != nil {
		return notFound(err)
	}
	return addTimelineNote(ctx, s.pool, registrationID, "payout_"+cancelIgnored, string(registration.ByOps), nil, s.now())
}
