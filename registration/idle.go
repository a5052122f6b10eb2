package registration

import "time"

// Activity is when somebody last did something about a registration or a clearing, and since when it is in its state.
type Activity struct{ LastAct, StateSince time.Time }

// Expires is when it ends if its applicant does nothing more.
func (a Activity) Expires(cal Calendar) time.Time {
	since := a.LastAct
	if a.StateSince.After(since) {
		since = a.StateSince
	}
	return cal.Days(since, IdleDays)
}

// Reminds is when a registration's applicant is reminded that it will expire.
func (a Activity) Reminds(cal Calendar) time.Time {
	return cal.Days(a.Expires(cal), -IdleReminderDays)
}

// NextLook is when a registration that waits for its applicant is looked at next for being idle: when the reminder is due, and
// after that when it expires.
func (a Activity) NextLook(cal Calendar, now time.Time) time.Time {
	if remind := a.Reminds(cal); now.Before(remind) {
		return remind
	}
	return a.Expires(cal)
}
