package registration

import "time"

// Review is a round of review as far as time goes: reviewers are reminded after each working day before the last, and ops hears
// once it is overdue. Time never decides.
type Review struct {
	SubmittedAt    time.Time
	DueAt          time.Time
	DueProvisional bool
	Overdue        bool
}

// NewReview is the round that a submission begins.
func NewReview(cal Calendar, submitted time.Time) Review {
	due := cal.WorkingDays(submitted, ReviewDays)
	return Review{SubmittedAt: submitted, DueAt: due.At, DueProvisional: due.Provisional}
}

// Due is when a decision is due.
func (r Review) Due() Deadline { return Deadline{At: r.DueAt, Provisional: r.DueProvisional} }

// At is the round at a moment, by a calendar: its deadline has moved if it must, later only, and it is overdue once that has
// passed. One that is overdue stays as it is.
func (r Review) At(cal Calendar, now time.Time) Review {
	if r.Overdue {
		return r
	}
	due := Later(r.Due(), cal.WorkingDays(r.SubmittedAt, ReviewDays))
	r.DueAt, r.DueProvisional, r.Overdue = due.At, due.Provisional, !now.Before(due.At)
	return r
}

// DaysPassed is how many working days of the round have passed, without the last.
func (r Review) DaysPassed(cal Calendar, now time.Time) int {
	passed := 0
	for passed+1 < ReviewDays && !now.Before(cal.WorkingDays(r.SubmittedAt, passed+1).At) {
		passed++
	}
	return passed
}

// NextLook is when the round is looked at next: at the end of the working day that runs now, the last one's moved with the
// deadline; nil once it is overdue.
func (r Review) NextLook(cal Calendar, now time.Time) *time.Time {
	if r.Overdue {
		return nil
	}
	if passed := r.DaysPassed(cal, now); passed+1 < ReviewDays {
		return new(cal.WorkingDays(r.SubmittedAt, passed+1).At)
	}
	return &r.DueAt
}
