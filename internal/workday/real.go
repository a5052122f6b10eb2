package workday

import (
	"log/slog"
	"time"
)

// Real is the calendar of mainland China. It is safe for use by many goroutines.
type Real struct {
	zone   *time.Location
	source *source
}

// Option sets up a Real.
type Option func(*options)

type options struct {
	override string
	logger   *slog.Logger
}

// WithOverride names an override file (see Override). It is looked at before every answer and read again when it has
// changed; a version that cannot be read leaves the last good one in force and shows in Err and the log.
// An empty path is no override.
func WithOverride(path string) Option { return func(o *options) { o.override = path } }

// WithLogger says where changes of the override file are logged; slog's default otherwise.
func WithLogger(l *slog.Logger) Option { return func(o *options) { o.logger = l } }

// New makes the real calendar. An override file that is named must exist and be right: only later it may fail.
func New(opts ...Option) (*Real, error) {
	o := options{logger: slog.Default()}
	for _, opt := range opts {
		opt(&o)
	}
	loc, err := zone()
	if err != nil {
		return nil, err
	}
	src, err := newSource(o.override, o.logger)
	if err != nil {
		return nil, err
	}
	return &Real{zone: loc, source: src}, nil
}

// Err is why the override file as it is now is not in force, or nil.
func (r *Real) Err() error {
	r.source.current() // looks at the file
	return r.source.lastError()
}

// WorkingDays implements Calendar.
func (r *Real) WorkingDays(from time.Time, n int) Deadline {
	calendar := r.source.current()
	day := dateOf(from.In(r.zone))
	provisional := false
	for left := n; left > 0; {
		day = day.next()
		working, unsure := calendar.day(day)
		provisional = provisional || unsure
		if working {
			left--
		}
	}
	return Deadline{At: day.next().midnight(r.zone), Provisional: provisional}
}

// Days implements Calendar.
func (r *Real) Days(from time.Time, n int) time.Time {
	return from.In(r.zone).Add(time.Duration(n) * 24 * time.Hour)
}

// Months implements Calendar.
func (r *Real) Months(from time.Time, n int) time.Time {
	from = from.In(r.zone)
	to := from.AddDate(0, n, 0)
	if to.Day() != from.Day() { // ran over the month's end: step back onto its last day
		to = to.AddDate(0, 0, -to.Day())
	}
	return to
}

// IsWorkingDay implements Calendar.
func (r *Real) IsWorkingDay(t time.Time) (working, provisional bool) {
	return r.source.current().day(dateOf(t.In(r.zone)))
}

// Edition implements Calendar.
func (r *Real) Edition() Edition { return r.source.current().once() }

// String is the setting that makes this calendar; where the override file lies is for each process to know.
func (*Real) String() string { return settingReal }
