package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// deadlines measures what becomes of many deadlines that are due at one instant: reviewers are reminded of every registration that was
// handed in on the same working day when the next one ends. The calendar is compressed, so that a working day takes minutes.
func deadlines(ctx context.Context, s *stack, o options, out io.Writer) error {
	c, err := newCounter(ctx, s)
	if err != nil {
		return err
	}
	defer c.close()
	p := c.platform()
	cases, err := prepareMany(ctx, p, o.deadlines()+o.deadlineActs())
	if err != nil {
		return err
	}
	handed, others := cases[:o.deadlines()], cases[o.deadlines():]
	epoch, day, err := calendarOf(s.roles.worker["CALENDAR"])
	if err != nil {
		return err
	}
	group, submitting := errgroup.WithContext(ctx)
	group.SetLimit(2 * atOnce)
	pause(ctx, day-time.Since(epoch)%day) // the day begins
	began := time.Now()
	for _, one := range handed {
		group.Go(func() error { return one.Submit(submitting) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	result := deadlinesResult{Deadlines: len(handed), Day: day.Seconds(), Submitting: time.Since(began).Seconds()}
	if time.Since(began) > day {
		return fmt.Errorf("%d submissions took longer than a day of %v: have longer days", len(handed), day)
	}
	today := time.Since(epoch).Truncate(day)
	due := epoch.Add(today + 2*day) // the end of the next day
	var acts []time.Duration
	for _, one := range others { // while the reminders are made
		if wait := time.Until(due); wait > 0 {
			pause(ctx, wait)
		}
		took, err := timed(func() error { return one.Withdraw(ctx) })
		if err != nil {
			return err
		}
		acts = append(acts, took)
	}
	result.Acts = quantilesOf(acts)
	if result.Reminded, err = c.reminded(ctx, due, len(handed)); err != nil {
		return err
	}
	return o.report(out, "deadlines", result)
}

// remindedWithin is how long the reminders are waited for.
const remindedWithin = 5 * time.Minute

// reminded says how long after the deadline the reminders were made, when all of them are.
func (c *counter) reminded(ctx context.Context, due time.Time, want int) (quantiles, error) {
	ctx, cancel := context.WithTimeout(ctx, remindedWithin)
	defer cancel()
	for {
		rows, err := c.product.Query(ctx, `select min(created_at) from notices where kind = 'review_reminder' and created_at >= $1 group by registration_id`, due.Add(-time.Second))
		if err != nil {
			return quantiles{}, err
		}
		var late []time.Duration
		for rows.Next() {
			var at time.Time
			if err := rows.Scan(&at); err != nil {
				return quantiles{}, err
			}
			late = append(late, at.Sub(due))
		}
		if err := rows.Err(); err != nil {
			return quantiles{}, fmt.Errorf("%d of %d reminders were made: %w", len(late), want, err)
		}
		if len(late) >= want {
			return quantilesOf(late), nil
		}
		pause(ctx, time.Second)
	}
}

// compressedCalendar has working days of so long that all submissions fit into one.
func compressedCalendar(day time.Duration) func(*roles) {
	calendar := fmt.Sprintf("compressed:%v@%s", day, time.Now().UTC().Format(time.RFC3339))
	return func(r *roles) {
		for _, set := range []settings{r.common, r.api, r.worker, r.sandbox} {
			set["CALENDAR"] = calendar
		}
	}
}

// calendarOf reads such a calendar's beginning and its day.
func calendarOf(calendar string) (epoch time.Time, day time.Duration, err error) {
	length, from, found := strings.Cut(strings.TrimPrefix(calendar, "compressed:"), "@")
	if !found {
		return epoch, day, fmt.Errorf("%q is no compressed calendar", calendar)
	}
	if day, err = time.ParseDuration(length); err != nil {
		return epoch, day, err
	}
	epoch, err = time.Parse(time.RFC3339, from)
	return epoch, day, err
}
