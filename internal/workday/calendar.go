package workday

import (
	"fmt"
	"time"
	_ "time/tzdata" // Asia/Shanghai on machines without zone files

	"shiming/registration"
)

// Deadline is the end of the last day counted, in Asia/Shanghai. It is provisional while a notice which may yet change a day
// counted is not published.
type Deadline = registration.Deadline

// Calendar is the scale of days that the whole product counts by.
type Calendar interface {
	// WorkingDays is 24:00 of the nth working day after from's local date; with n below 1, of that date itself.
	WorkingDays(from time.Time, n int) Deadline
	// Days is n calendar days of 24 hours after from, or before it if n is negative.
	Days(from time.Time, n int) time.Time
	// Months is n calendar months after from, or before it if n is negative: the same time of the same day of the
	// month, or of the month's last day if that is earlier.
	Months(from time.Time, n int) time.Time
	// IsWorkingDay tells of t's local date whether it is a working day, and whether that is provisional.
	IsWorkingDay(t time.Time) (working, provisional bool)
	// Edition tells this calendar from another that counts differently. It changes while the program runs, when notices do.
	Edition() Edition
	// String is the setting that Parse makes this calendar of.
	fmt.Stringer
}

// zone loads Asia/Shanghai, which the import above makes certain to exist.
func zone() (*time.Location, error) {
	loc, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		return nil, fmt.Errorf("workday: load the zone of mainland China: %w", err)
	}
	return loc, nil
}
