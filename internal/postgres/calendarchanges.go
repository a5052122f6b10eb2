package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/notice"
	"shiming/internal/workday"
)

const (
	// workerLives is how long a worker counts as living after it was seen.
	workerLives = time.Minute
	// strayEvery is how often the open deadlines are looked at again while workers count by different calendars: the others
	// go on computing deadlines by theirs.
	strayEvery = 30 * time.Second
)

// SeeCalendar notes by which calendar a worker counts, and reports whether that is the one in force: the newest, in the order
// in which they were first seen, of those that a living worker has. In a rolling release two are there at once; the older
// one's workers then leave the deadlines alone, however often they start, and nothing goes back and forth. When the newer one
// has gone, because an amendment was taken back, say, the older one is in force again.
func (s *Store) SeeCalendar(ctx context.Context, holder string, e workday.Edition) (inForce bool, err error) {
	now := s.now()
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `insert into calendars (version, words) select $1, $2 where not exists (select from calendars where version = $1)
			on conflict do nothing`, e.Version, e.Words); err != nil { // a conflict alone would use up numbers
			return err
		}
		if _, err := tx.Exec(ctx, `insert into calendar_workers (holder, version, seen_at) values ($1, $2, $3)
			on conflict (holder) do update set version = excluded.version, seen_at = excluded.seen_at`, holder, e.Version, now); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `select $1 = (select version from calendars where version in
			(select version from calendar_workers where seen_at > $2) order by introduced desc limit 1)`, e.Version, now.Add(-workerLives)).Scan(&inForce)
	})
	return inForce, err
}

// LeaveCalendar forgets a worker that ends.
func (s *Store) LeaveCalendar(ctx context.Context, holder string) error {
	_, err := s.pool.Exec(ctx, `delete from calendar_workers where holder = $1 or seen_at < $2`, holder, s.now().Add(-24*time.Hour))
	return err
}

// CalendarChange is one calendar's coming into force that open deadlines are still to follow; 0: there is none. It begins one if
// the calendar is another than the last that came into force. It is to be asked by one process at a time.
func (s *Store) CalendarChange(ctx context.Context, e workday.Edition) (cause int64, err error) {
	now := s.now()
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtext('shiming calendar'))`); err != nil {
			return err
		}
		var last struct {
			id      int64
			version string
			swept   *time.Time
		}
		err := tx.QueryRow(ctx, `select id, version, swept_at from calendar_changes order by id desc limit 1`).Scan(&last.id, &last.version, &last.swept)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return tx.QueryRow(ctx, `insert into calendar_changes (version, begun_at) values ($1, $2) returning id`, e.Version, now).Scan(&cause)
		case err != nil:
			return err
		case last.version != e.Version:
			return tx.QueryRow(ctx, `insert into calendar_changes (version, previous, begun_at) values ($1, $2, $3) returning id`,
				e.Version, last.version, now).Scan(&cause)
		case last.swept == nil:
			cause = last.id
			return nil
		}
		strays, err := straysSince(ctx, tx, e, *last.swept)
		if strays && now.Sub(*last.swept) >= strayEvery {
			cause = last.id
		}
		return err
	})
	return cause, err
}

// straysSince reports whether a worker has counted by another calendar since: what it computed may still stand.
func straysSince(ctx context.Context, tx pgx.Tx, e workday.Edition, since time.Time) (yes bool, err error) {
	err = tx.QueryRow(ctx, `select exists (select from calendar_workers where version <> $1 and seen_at > $2)`, e.Version, since).Scan(&yes)
	return yes, err
}

// calendarInWords says which calendar it is, also of two with the same notices.
const calendarInWords = `case when c.version = c.words then c.words else c.words || ' [' || c.version || ']' end`

// CalendarFollowed notes that the open deadlines were looked at from begun on, and tells ops, once a change, what has moved.
// Of the first calendar that was ever noted ops hears only if it has moved something: then it is another than the one before.
func (s *Store) CalendarFollowed(ctx context.Context, cause int64, begun time.Time) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		var before *string
		var after string
		err := tx.QueryRow(ctx, `with done as (update calendar_changes set swept_at = $2 where id = $1 returning version, previous, told_at)
			select (select `+calendarInWords+` from calendars c where c.version = done.previous), (select `+calendarInWords+` from calendars c where c.version = done.version)
			from done where told_at is null`, cause, begun).Scan(&before, &after)
		if errors.Is(err, pgx.ErrNoRows) { // told before
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `update calendar_changes set told_at = $2 where id = $1`, cause, s.now()); err != nil {
			return err
		}
		moved, err := movedBy(ctx, tx, cause)
		if err != nil || before == nil && len(moved) == 0 {
			return err
		}
		data := notice.Data{RegistrationID: fmt.Sprintf("calendar-%d", cause), CalendarAfter: after, Moved: moved}
		if before != nil {
			data.CalendarBefore = *before
		}
		return s.notify(ctx, tx, nil, notice.CalendarChanged, fmt.Sprintf("calendar_changed/%d", cause), data, s.now())
	})
}

// movedBy counts what a change has moved so far, by what it is about.
func movedBy(ctx context.Context, tx pgx.Tx, cause int64) ([]notice.Moved, error) {
	rows, err := tx.Query(ctx, `select what, count(*), count(*) filter (where told) from deadline_moves where change_id = $1 group by what order by what`, cause)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[notice.Moved])
}

// Calendar is the calendar that the store counts by.
func (s *Store) Calendar() workday.Calendar { return s.cal }
