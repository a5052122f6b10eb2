package registration

import "time"

// Calendar is the scale of days by which deadlines are counted.
type Calendar interface {
	// WorkingDays is the end of the nth working day after the day of from; with n below 1, the end of that day itself.
	WorkingDays(from time.Time, n int) Deadline
	// Days is n calendar days after from, or before it if n is negative.
	Days(from time.Time, n int) time.Time
}

// Later is the deadline that holds once one is computed again: it can move later, never earlier than what was announced. Whether
// it is still provisional is for the newer calendar to say.
func Later(announced, recomputed Deadline) Deadline {
	if recomputed.At.Before(announced.At) {
		recomputed.At = announced.At
	}
	return recomputed
}

// Earliest is the earliest of some moments, nil if there is none.
func Earliest(moments ...*time.Time) (first *time.Time) {
	for _, at := range moments {
		if at != nil && (first == nil || at.Before(*first)) {
			first = at
		}
	}
	return first
}
