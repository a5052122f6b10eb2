package notice

import (
	"fmt"
	"time"
	_ "time/tzdata" // the zone must not depend on the host's files
)

var beijing = loadBeijing()

func loadBeijing() *time.Location {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		panic(fmt.Sprintf("notice: the embedded time zones lack Asia/Shanghai: %v", err))
	}
	return zone
}

// moment writes a deadline in Asia/Shanghai without naming the zone. Working-day deadlines fall on 00:00;
// "24:00" of the day before says the same, and nobody misses it by a day. Seconds are cut, so what is
// announced is never later than what holds.
func moment(locale string, t time.Time) string {
	local := t.In(beijing)
	clock := local.Format("15:04")
	if clock == "00:00" {
		local, clock = local.AddDate(0, 0, -1), "24:00"
	}
	if locale == en {
		return clock + " on " + local.Format("2 Jan 2006")
	}
	return local.Format("2006年1月2日 ") + clock
}

// deadlineWords are a deadline's two forms: bare, for a subject or an SMS, and full, for the body.
type deadlineWords struct{ bare, full string }

func spellDeadline(w *words, kind Kind, d Data) deadlineWords {
	if d.Deadline == nil {
		if kind == PaymentRequested { // the window starts with this very notice
			return deadlineWords{w.thirdWorkingDay, w.thirdWorkingDay}
		}
		return deadlineWords{w.deadlineOnPage, w.deadlineOnPage}
	}
	bare := moment(w.locale, *d.Deadline)
	zone := w.beijingTime
	if d.DeadlineProvisional {
		zone = w.beijingTimeProvisional
	}
	return deadlineWords{bare: bare, full: bare + zone}
}
