package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/registration"
)

// Transition is one step of a registration, as whoever watches it is told.
type Transition struct {
	Sequence int64
	At       time.Time
	Event    registration.Event
	From, To registration.State
}

// TransitionsAfter lists up to limit steps of a registration after a sequence number, oldest first, with the state the
// registration is in now.
func (s *Store) TransitionsAfter(ctx context.Context, id string, after int64, limit int) ([]Transition, registration.State, error) {
	var state registration.State
	// The state first: if it is final, the steps read after it are complete.
	if err := s.pool.QueryRow(ctx, `select state from registrations where id = $1`, id).Scan(&state); err != nil {
		return nil, "", notFound(err)
	}
	rows, err := s.pool.Query(ctx, `select sequence, at, event, from_state, to_state from timeline where registration_id = $1 and sequence > $2
		order by sequence limit $3`, id, after, limit)
	if err != nil {
		return nil, "", err
	}
	steps, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Transition])
	return steps, state, err
}

// quietFor is how long a connection may tell nothing before it is asked whether it is still there.
const quietFor = 20 * time.Second

// ListenTransitions calls ready once it hears, and told with a registration's id whenever a step of it is committed by
// any process, until ctx ends or the connection breaks. It takes one connection for itself.
func (s *Store) ListenTransitions(ctx context.Context, ready func(), told func(registrationID string)) error {
	return s.listen(ctx, "shiming_events", ready, told)
}

// listen hears on a channel, on a connection for itself, which is asked now and then whether it is still there.
func (s *Store) listen(ctx context.Context, channel string, ready func(), told func(payload string)) error {
	lent, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	conn := lent.Hijack() // so that nobody else gets a connection that listens
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(closing) // nothing was written through it
	}()
	if err := begin(ctx, conn, channel); err != nil {
		return err
	}
	ready()
	for {
		waiting, cancel := context.WithTimeout(ctx, quietFor)
		n, err := conn.WaitForNotification(waiting)
		cancel()
		switch {
		case err == nil:
			told(n.Payload)
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.Is(err, context.DeadlineExceeded):
			return err
		default:
			if err := ask(ctx, conn); err != nil {
				return err
			}
		}
	}
}

// askedWithin is how long a connection that listens may take to answer.
const askedWithin = 5 * time.Second

func begin(ctx context.Context, conn *pgx.Conn, channel string) error {
	ctx, cancel := context.WithTimeout(ctx, askedWithin)
	defer cancel()
	_, err := conn.Exec(ctx, "listen "+channel)
	return err
}

// ask finds out whether the other side is still there.
func ask(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, askedWithin)
	defer cancel()
	return conn.Ping(ctx)
}
