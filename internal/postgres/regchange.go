package postgres

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/notice"
	"shiming/registration"
)

// regChange is a registration being changed.
type regChange struct {
	*change
	rec     *record
	payment *payment // the newest, nil if none
	// anyReturned: money came back of a payment, this one or one before.
	anyReturned bool
	// spendGrant: the payment about to be opened is over the limit and allowed by ops.
	spendGrant bool
	// judgeLater: the window's end is not judged before an amount that was entered in time.
	judgeLater *time.Time
}

func (s *Store) beginRegistration(ctx context.Context, tx pgx.Tx, step registration.Step) (*regChange, error) {
	return s.beginWhere(ctx, tx, step, `id = $1`, step.Subject)
}

// beginOfPayment begins a change of the registration that a payment is of.
func (s *Store) beginOfPayment(ctx context.Context, tx pgx.Tx, paymentID string) (*regChange, error) {
	return s.beginWhere(ctx, tx, registration.Step{}, `id = (select registration_id from payments where id = $1)`, paymentID)
}

func (s *Store) beginWhere(ctx context.Context, tx pgx.Tx, step registration.Step, where string, args ...any) (*regChange, error) {
	rec, err := lockRegistration(ctx, tx, where, args...)
	if err != nil {
		return nil, err
	}
	step.Subject = rec.ID
	c := s.registrationChange(tx, step, rec, nil)
	if rec.Kind == registration.Enterprise {
		err = c.lockPayment(ctx)
	}
	return c, err
}

// lockPayment locks and reads the newest payment, if there is one, and learns whether money has come back of any.
func (c *regChange) lockPayment(ctx context.Context) error {
	type newest struct {
		payment
		AnyReturned bool
	}
	rows, err := c.tx.Query(ctx, `select `+paymentColumns+`, exists (select from payments o where o.registration_id = $1 and o.state = 'returned') as any_returned
		from payments where registration_id = $1 order by requested_at desc, id desc limit 1 for update`, c.rec.ID)
	if err != nil {
		return err
	}
	p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[newest])
	if err != nil {
		return unless(err, pgx.ErrNoRows)
	}
	p.stored = p.changeable()
	c.payment, c.anyReturned = &p.payment, p.AnyReturned
	return nil
}

// lockRegistration locks and reads a registration, and the key that its values are sealed with.
func lockRegistration(ctx context.Context, tx pgx.Tx, where string, args ...any) (*record, error) {
	type locked struct {
		record
		DataKey []byte
	}
	rows, err := tx.Query(ctx, `select `+recordColumns+`, (select wrapped from vault_keys where subject = registrations.id) as data_key
		from registrations where `+where+` for update`, args...)
	if err != nil {
		return nil, err
	}
	l, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[locked])
	if err != nil {
		return nil, notFound(err)
	}
	l.read = l.items()
	remember(tx, l.ID, l.DataKey)
	return &l.record, nil
}

func (s *Store) registrationChange(tx pgx.Tx, step registration.Step, rec *record, p *payment) *regChange {
	c := &regChange{change: s.changeOf(tx, step, &rec.row), rec: rec, payment: p}
	c.on = c
	return c
}

func (c *regChange) kind() registration.Kind { return c.rec.Kind }

func (c *regChange) named() string { return c.rec.AccountID }

func (c *regChange) facts() registration.Facts { return c.rec.facts() }

func (c *regChange) ended(ctx context.Context) error { return c.tellOpsOfUnheard(ctx) }

func (c *regChange) save(ctx context.Context, readSequence int64, others beside) error {
	return c.rec.save(ctx, c.tx, readSequence, others)
}

func (c *regChange) tellStaff(ctx context.Context, kind notice.Kind, eventKey string, data notice.Data) error {
	return c.tell(ctx, kind, eventKey, data)
}

// wait says until when the registration waits, and whether the review or the payment is late.
func (c *regChange) wait(ctx context.Context) error {
	r := c.rec
	r.DueAt, r.DueProvisional, r.Overdue = nil, false, false
	switch {
	case r.State.Final():
	case r.State == registration.UnderReview:
		round, err := c.round(ctx)
		if err != nil {
			return err
		}
		r.DueAt, r.DueProvisional, r.Overdue = &round.DueAt, round.DueProvisional, round.Overdue
	case r.State == registration.PayoutPending:
		r.DueAt, r.DueProvisional, r.Overdue = c.payment.ExpectedBy, c.payment.WindowProvisional, c.payment.Overdue
	case r.State == registration.DepositRequired:
		r.DueAt, r.DueProvisional = c.payment.WindowClosesAt, c.payment.WindowProvisional
	default:
		r.DueAt = new(r.activity().Expires(c.cal))
	}
	return nil
}

// stand says where the registration stands, and when to look at it again.
func (c *regChange) stand(ctx context.Context, r *registration.StepResult) error {
	r.Overdue = c.rec.Overdue
	if c.rec.DueAt != nil {
		r.Due = &registration.Deadline{At: *c.rec.DueAt, Provisional: c.rec.DueProvisional}
	}
	if c.rec.State == registration.UnderReview {
		round, err := c.round(ctx)
		r.Wake = round.NextLook(c.cal, c.at)
		return err
	}
	r.Wake, r.Late = c.nextLook()
	return nil
}

// nextLook is when time next brings the registration something outside of a review: to an applicant who stays away, or to its
// payment, about which the bank is asked before if it is named.
func (c *regChange) nextLook() (wake *time.Time, ask string) {
	var idle, paid *time.Time
	if c.rec.State.WaitingOn() == registration.Applicant {
		idle = new(c.rec.activity().NextLook(c.cal, c.at))
	}
	if c.payment != nil {
		next, late := c.payment.NextLook(c.rec.State, c.at)
		if paid = next; late {
			ask = c.payment.ID
		}
	}
	if c.judgeLater != nil {
		paid = c.judgeLater
	}
	return registration.Earliest(idle, paid), ask
}

// look follows what wallet and bank have said, then does what time brings. After the end ops hears of money that came back.
func (c *regChange) look(ctx context.Context) error {
	if !c.rec.State.Final() {
		c.step.Actor = registration.ByWalletHub
		if err := c.followSession(ctx); err != nil {
			return err
		}
		c.step.Actor = registration.ByBank
		if err := c.followBank(ctx); err != nil {
			return err
		}
		c.step.Actor = registration.ByClock
		if err := c.followTime(ctx); err != nil {
			return err
		}
	}
	c.step.Actor = registration.ByBank
	return c.tellOpsOfUnheard(ctx)
}

// followTime does what time brings: to a review, to a payment, to an applicant who has been away for too long.
func (c *regChange) followTime(ctx context.Context) error {
	switch {
	case c.rec.State == registration.UnderReview:
		return c.tickReview(ctx)
	case c.payment != nil && c.payment.UnderWay(c.rec.State):
		return c.tickUnsettled(ctx)
	case c.rec.State == registration.DepositRequired && c.payment.open():
		if err := c.tickWindow(ctx); err != nil {
			return err
		}
	}
	return c.tickIdle(ctx)
}

// tickIdle reminds an applicant who has been away 7 days before the end of 30, and lets the registration expire after them.
func (c *regChange) tickIdle(ctx context.Context) error {
	activity := c.rec.activity()
	expires := activity.Expires(c.cal)
	switch {
	case c.rec.State.WaitingOn() != registration.Applicant, c.at.Before(activity.Reminds(c.cal)):
		return nil
	case c.at.Before(expires):
		key := "expiry/" + c.rec.ID + "/" + strconv.FormatInt(expires.Unix(), 10)
		return c.tell(ctx, notice.ExpiryReminder, key, notice.Data{Deadline: &expires})
	}
	return c.end(ctx, registration.ExpiredByTime)
}

// end gives back what the registration holds and moves it to its end.
func (c *regChange) end(ctx context.Context, event registration.Event) error {
	for _, undo := range []func(context.Context) error{c.void, c.closeReview, c.releaseUnbound, c.dropBinding} {
		if err := undo(ctx); err != nil {
			return err
		}
	}
	return c.move(ctx, event)
}

// touch notes an act that needs no message to the workflow: it restarts the clock of inactivity.
func touch(ctx context.Context, s *Store, tx pgx.Tx, rec *record, at time.Time) error {
	rec.LastActAt = at
	if rec.State.WaitingOn() == registration.Applicant && rec.State != registration.DepositRequired {
		rec.DueAt = new(rec.activity().Expires(s.cal))
	}
	rec.UpdatedAt = at
	return rec.save(ctx, tx, rec.Sequence, nil)
}
