package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/workday"
	"shiming/registration"
)

// What an open deadline that is counted in working days is about.
const (
	DueNotice         = "payment_notice"  // until a channel should have taken a payment's notice; ops' alone
	DueWindow         = "deposit_window"  // until the money should have arrived, and then its amount be entered
	DueReview         = "review"          // of a registration
	DueClearingReview = "clearing_review" //
	DueObjection      = "objection"       // until the holder may object to a clearing
)

// OpenDeadline is a deadline counted in working days that somebody waits for.
type OpenDeadline struct {
	Subject   string // the registration or clearing
	What      string
	Due       workday.Deadline // as it stands
	Announced bool             // to the applicant, or to the account's holder

	payment string // of a payment's
	round   int    // of a review's
	reckon  func(workday.Calendar) workday.Deadline
}

// By is what a calendar says of the deadline, whatever was announced.
func (d *OpenDeadline) By(cal workday.Calendar) workday.Deadline { return d.reckon(cal) }

// Moved is the deadline as it would be if the calendar were in force.
func (d *OpenDeadline) Moved(cal workday.Calendar) workday.Deadline {
	return registration.Later(d.Due, d.reckon(cal))
}

// OpenDeadlines hands each open deadline on, as all of them stand at one moment. Those that are past and known to be late
// are history, and not among them.
func (s *Store) OpenDeadlines(ctx context.Context, each func(OpenDeadline) error) error {
	return s.inSnapshot(ctx, func(q querier) error { return openDeadlines(ctx, q, each) })
}

// deadlinesAtOnce is how many are read at a time.
const deadlinesAtOnce = 500

// openDeadlines goes through all of them, a page at a time.
func openDeadlines(ctx context.Context, q querier, each func(OpenDeadline) error) error {
	for _, page := range []func(context.Context, querier, string) ([]OpenDeadline, string, error){openPayments, openReviews, openObjections} {
		for after, first := "", true; first || after != ""; first = false {
			found, next, err := page(ctx, q, after)
			if err != nil {
				return err
			}
			for _, d := range found {
				if err := each(d); err != nil {
					return err
				}
			}
			after = next
		}
	}
	return nil
}

// next is where the next page begins, empty if this one was not full.
func next[T any](page []T, id func(T) string) string {
	if len(page) < deadlinesAtOnce {
		return ""
	}
	return id(page[len(page)-1])
}

// openPayments are the deadlines of newest payments that are under way or whose amount is awaited.
func openPayments(ctx context.Context, q querier, after string) (all []OpenDeadline, more string, err error) {
	type waiting struct {
		ID    string
		State registration.State
		Since time.Time
	}
	rows, err := q.Query(ctx, `select id, state, state_since from registrations where ended_at is null and state in ('payout_pending', 'deposit_required')
		and id > $1 order by id limit $2`, after, deadlinesAtOnce)
	if err != nil {
		return nil, "", err
	}
	regs, err := pgx.CollectRows(rows, pgx.RowToStructByPos[waiting])
	if err != nil {
		return nil, "", err
	}
	ids := make([]string, len(regs))
	for i, r := range regs {
		ids[i] = r.ID
	}
	payments, err := byKey(ctx, q, func(p *payment) string { return p.RegistrationID },
		`select distinct on (registration_id) `+paymentColumns+` from payments where registration_id = any($1) order by registration_id, requested_at desc, id desc`, ids)
	if err != nil {
		return nil, "", err
	}
	told, err := announced(ctx, q, payments)
	for _, r := range regs {
		if d, waits := payments[r.ID].deadline(r.State, r.Since); waits {
			d.Announced = told[d.payment]
			all = append(all, d)
		}
	}
	return all, next(regs, func(r waiting) string { return r.ID }), err
}

// announced tells of which payments a date was announced, or may have been.
func announced(ctx context.Context, q querier, payments map[string]*payment) (map[string]bool, error) {
	keys, of := []string{}, map[string]string{}
	for _, p := range payments {
		for _, key := range announcements(p.ID) {
			keys, of[key] = append(keys, key), p.ID
		}
	}
	rows, err := q.Query(ctx, `select distinct event_key from notices where event_key = any($1) and `+noticeMayHaveCome, keys)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	told := map[string]bool{}
	for _, key := range found {
		told[of[key]] = true
	}
	return told, err
}

// announcements are the keys of the notices that say until when a payment's amount is taken.
func announcements(paymentID string) []string {
	return []string{paymentNoticeKey(paymentID), moneyArrivedKey(paymentID)}
}

// noticeMayHaveCome is a notice that was taken by its provider, or that nobody knows of whether it was.
const noticeMayHaveCome = `(accepted_at is not null or sending_at is not null or unknown_tries > 0)`

// deadline is what a registration waits for of its newest payment, if it does.
func (p *payment) deadline(state registration.State, since time.Time) (OpenDeadline, bool) {
	if !p.open() || p.Overdue {
		return OpenDeadline{}, false
	}
	d := OpenDeadline{Subject: p.RegistrationID, What: DueWindow, payment: p.ID}
	switch {
	case state == registration.DepositRequired && p.SettledAt != nil && p.WindowClosesAt != nil:
		d.Due = workday.Deadline{At: *p.WindowClosesAt}
		d.reckon = func(cal workday.Calendar) workday.Deadline {
			closes, _ := p.Window(cal, since)
			return closes
		}
	case state == registration.PayoutPending && p.State != registration.PayoutSettled && p.ExpectedBy != nil:
		d.Due = workday.Deadline{At: *p.ExpectedBy}
		d.reckon = func(cal workday.Calendar) workday.Deadline { return p.Expected(cal) }
		if p.NotifiedAt == nil {
			d.What = DueNotice
		}
	default: // the bank has said more than was followed: its window is still to be computed
		return OpenDeadline{}, false
	}
	d.Due.Provisional = p.WindowProvisional
	return d, true
}

// openReviews are the deadlines of reviews, of registrations and clearings.
func openReviews(ctx context.Context, q querier, after string) (all []OpenDeadline, more string, err error) {
	type review struct {
		Subject     string
		Round       int
		Submitted   time.Time
		Due         time.Time
		Provisional bool
	}
	rows, err := q.Query(ctx, `select subject_id, round, submitted_at, due_at, due_provisional from reviews where closed_at is null and not overdue
		and subject_id > $1 order by subject_id limit $2`, after, deadlinesAtOnce)
	if err != nil {
		return nil, "", err
	}
	reviews, err := pgx.CollectRows(rows, pgx.RowToStructByPos[review])
	for _, r := range reviews {
		d := OpenDeadline{Subject: r.Subject, What: DueReview, Due: workday.Deadline{At: r.Due, Provisional: r.Provisional}, round: r.Round}
		if registration.IsClearingID(r.Subject) {
			d.What = DueClearingReview
		}
		d.reckon = func(cal workday.Calendar) workday.Deadline {
			return cal.WorkingDays(r.Submitted, registration.ReviewDays)
		}
		all = append(all, d)
	}
	return all, next(reviews, func(r review) string { return r.Subject }), err
}

// openObjections are the deadlines of holders who were asked whether they object to a clearing.
func openObjections(ctx context.Context, q querier, after string) (all []OpenDeadline, more string, err error) {
	rows, err := q.Query(ctx, `select `+clearingColumns+` from clearings where ended_at is null and state = 'objection_period' and objected_at is null
		and objection_until is not null and id > $1 order by id limit $2`, after, deadlinesAtOnce)
	if err != nil {
		return nil, "", err
	}
	asked, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[clearing])
	for _, k := range asked {
		if err != nil {
			break
		}
		var d OpenDeadline
		var waits bool
		if d, waits, err = k.objection(ctx, q); waits {
			all = append(all, d)
		}
	}
	return all, next(asked, func(k *clearing) string { return k.ID }), err
}

// objection is until when the holder may object. As long as no channel has taken the notice the days have not begun, and
// what stands is counted from when they were to be asked: what becomes of it is computed again as the notice is sent.
func (k *clearing) objection(ctx context.Context, q querier) (d OpenDeadline, waits bool, err error) {
	key := k.objectionKey()
	was, err := told(ctx, q, key, k.StateSince)
	if err != nil || was.never {
		return d, false, err
	}
	d = OpenDeadline{Subject: k.ID, What: DueObjection, Due: workday.Deadline{At: *k.ObjectionUntil, Provisional: k.ObjectionProvisional}}
	d.reckon = func(cal workday.Calendar) workday.Deadline {
		return cal.WorkingDays(was.at, registration.ObjectionDays)
	}
	err = q.QueryRow(ctx, `select exists (select from notices where event_key = $1 and `+noticeMayHaveCome+`)`, key).Scan(&d.Announced)
	return d, true, err
}
