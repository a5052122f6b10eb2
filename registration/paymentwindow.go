package registration

import "time"

// Notified starts the window: the first channel has taken the notice.
func (p *Payment) Notified(cal Calendar, now time.Time) {
	window := cal.WorkingDays(now, WindowDays)
	p.NotifiedAt, p.ExpectedBy, p.WindowClosesAt, p.WindowProvisional, p.Overdue = &now, &window.At, &window.At, window.Provisional, false
}

// Expected is by when, by a calendar, the money should have arrived or, as long as no channel has taken the notice, the notice
// have been taken.
func (p *Payment) Expected(cal Calendar) Deadline {
	if p.NotifiedAt != nil {
		return cal.WorkingDays(*p.NotifiedAt, WindowDays)
	}
	return cal.WorkingDays(p.RequestedAt, NoticeOverdueDays)
}

// SetExpected has the calendar say by when the money should have arrived. The window that was announced with it lasts as long.
func (p *Payment) SetExpected(cal Calendar) {
	due := Later(Deadline{At: *p.ExpectedBy}, p.Expected(cal))
	p.ExpectedBy, p.WindowProvisional = kept(p.ExpectedBy, due.At), due.Provisional
	if p.WindowClosesAt != nil && p.WindowClosesAt.Before(due.At) {
		p.WindowClosesAt = &due.At
	}
}

// Window is when, by a calendar, the time to enter the amount is over: at the later of three working days after the notice and
// one after the money's arrival. Since is when the applicant could first be told of the money: if nobody was there to say so in
// time, that is not their fault, and they have one working day from then.
func (p *Payment) Window(cal Calendar, since time.Time) (closes Deadline, late bool) {
	closes = cal.WorkingDays(*p.SettledAt, SettledDays)
	if p.NotifiedAt != nil {
		if whole := cal.WorkingDays(*p.NotifiedAt, WindowDays); whole.At.After(closes.At) {
			closes = whole
		}
	}
	if !closes.At.After(since) {
		return cal.WorkingDays(since, SettledDays), true
	}
	return closes, false
}

// SetWindow closes the window when the calendar says so, and never before what was announced.
func (p *Payment) SetWindow(cal Calendar, since time.Time) {
	closes, late := p.Window(cal, since)
	if p.WindowClosesAt != nil {
		closes = Later(Deadline{At: *p.WindowClosesAt}, closes)
	}
	p.WindowClosesAt, p.WindowProvisional = kept(p.WindowClosesAt, closes.At), closes.Provisional
	// Noon of the day before the last: "closes tomorrow".
	day := closes.At.Sub(cal.Days(closes.At, -1))
	remind := closes.At.Add(-day - day/2)
	switch {
	case late: // the announcement says it itself
		p.RemindAt = nil
	case remind.After(*p.SettledAt):
		p.RemindAt = kept(p.RemindAt, remind)
	}
}

// MoveWindow is [Payment.SetWindow] for a window that was announced. A reminder that was given is not given again.
func (p *Payment) MoveWindow(cal Calendar, since time.Time) {
	reminded := p.RemindAt == nil
	p.SetWindow(cal, since)
	if reminded {
		p.RemindAt = nil
	}
}

// WindowOver reports whether a moment is after the window.
func (p *Payment) WindowOver(at time.Time) bool { return !at.Before(*p.WindowClosesAt) }

// TakeReminder reports, once, that it is time to say that the window closes tomorrow.
func (p *Payment) TakeReminder(now time.Time) bool {
	if p.RemindAt == nil || now.Before(*p.RemindAt) {
		return false
	}
	p.RemindAt = nil
	return true
}

// Outlasted reports whether a payment waits for its money longer than was announced: its window stays open, and nobody knows
// yet until when.
func (p *Payment) Outlasted(now time.Time) bool {
	return p.Open() && p.SettledAt == nil && p.WindowClosesAt != nil && p.WindowOver(now)
}

// UnderWay reports whether a registration in a state waits for the payment's money.
func (p *Payment) UnderWay(state State) bool {
	return state == PayoutPending && (p.State == PayoutRequestedState || p.State == PayoutSent)
}

// BecomesLate flags a payment under way whose time has passed, and reports whether it is news. Its report may only have been lost
// on its way: a payment that was sent is flagged once the bank was asked, and has nothing else to say.
func (p *Payment) BecomesLate(now time.Time, asked bool) bool {
	if p.Overdue || now.Before(*p.ExpectedBy) || p.State == PayoutSent && !asked {
		return false
	}
	p.Overdue = true
	return true
}

// NextLook is when a registration in a state is looked at next for its payment: the money or its notice is late, the window closes
// tomorrow, or closes. ask: the bank is asked about it before.
func (p *Payment) NextLook(state State, now time.Time) (next *time.Time, ask bool) {
	switch {
	case state == PayoutPending && !p.Overdue && p.ExpectedBy != nil:
		at, ask := *p.ExpectedBy, p.State == PayoutSent
		if ask && at.Before(now) {
			at = now
		}
		return &at, ask
	case state == DepositRequired && p.RemindAt != nil:
		return p.RemindAt, false
	case state == DepositRequired && p.SettledAt != nil:
		return p.WindowClosesAt, false
	}
	return nil, false
}

// kept is the moment that stood, if it is the same still.
func kept(before *time.Time, at time.Time) *time.Time {
	if before != nil && before.Equal(at) {
		return before
	}
	return &at
}
