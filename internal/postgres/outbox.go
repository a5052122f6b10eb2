package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// The kinds of messages. One that a release does not know waits for a release that does.
const (
	MessageNotices  = "notices"  // deliver those of an event; ref is their group's id, the payload lists them
	MessageNotice   = "notice"   // deliver one by itself; ref is the notice's id
	MessageEvent    = "event"    // tell every subscriber; ref is the event's id
	MessageDelivery = "delivery" // tell one subscriber; ref is the delivery's id
	MessagePayout   = "payout"   // announce and order a payment; ref is its id
	MessageSignal   = "signal"   // something was stored that a run must follow; ref is the registration's or clearing's id
	MessageLook     = "look"     // a step may have been lost by its run, which must read its row again; ref as above
	MessageAct      = "act"      // an act that was answered 202 is offered to its run again; ref is its id
)

// MessageKinds lists every kind that this release carries.
func MessageKinds() []string {
	return []string{MessageNotices, MessageNotice, MessageEvent, MessageDelivery, MessagePayout, MessageSignal, MessageLook, MessageAct}
}

// Message is something that a transaction left to be done by another process.
type Message struct {
	ID        int64
	Kind      string
	Ref       string
	Payload   json.RawMessage
	Version   int64 // signal and look: what the run must have taken over
	Revision  int   // of the message, when it was taken
	Attempts  int   // with this one
	CreatedAt time.Time
}

// again is the payload of a message that asks anew for what has been tried: the run that has failed at it may not have ended yet.
var again = []byte(`"again"`)

// Again reports whether what is asked for has been tried before, and failed.
func (m Message) Again() bool { return bytes.Equal(m.Payload, again) }

// ManyAttempts is after how many tries a message that cannot be carried is a finding, and is tried more seldom.
const ManyAttempts = 240 // about an hour

// TakeMessages takes up to limit messages of a kind whose time has come, oldest first. What is taken is hidden from others
// for as long as the lease; then it comes again, unless [Store.MessageDone] or [Store.MessageFailed] has said otherwise.
func (s *Store) TakeMessages(ctx context.Context, kind string, limit int, lease time.Duration) ([]Message, error) {
	now := s.now()
	rows, err := s.pool.Query(ctx, `update outbox set next_at = $4, attempts = attempts + 1 where id in
		(select id from outbox where kind = $1 and next_at <= $2 order by next_at, id limit $3 for update skip locked)
		returning id, kind, ref, payload, version, revision, attempts, created_at`, kind, now, limit, now.Add(lease))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Message])
}

// MessageDone forgets a message. One that was asked for again meanwhile stays, and its time is now.
func (s *Store) MessageDone(ctx context.Context, m Message) error {
	tag, err := s.pool.Exec(ctx, `delete from outbox where id = $1 and revision = $2`, m.ID, m.Revision)
	if err != nil || tag.RowsAffected() == 1 {
		return err
	}
	_, err = s.pool.Exec(ctx, `update outbox set next_at = $2 where id = $1`, m.ID, s.now())
	return err
}

// MessageFailed puts a message off. It delays itself alone.
func (s *Store) MessageFailed(ctx context.Context, m Message, why string, pause time.Duration) error {
	_, err := s.pool.Exec(ctx, `update outbox set last_error = $3, next_at = case when revision = $2 then $4::timestamptz else $5 end where id = $1`,
		m.ID, m.Revision, why, s.now().Add(pause), s.now())
	return err
}

// hastenedAtOnce is how many messages are hastened in one transaction.
const hastenedAtOnce = 1000

// HastenMessages lets messages that wait for a reason go on at once, and has them carried: some at a time, each time from where the
// last ended, and past those that another process is just writing.
func (s *Store) HastenMessages(ctx context.Context, why string) error {
	return hasten(ctx, s.pool, s.now(), why)
}

func hasten(ctx context.Context, q querier, at time.Time, why string) error {
	for after, n := int64(0), hastenedAtOnce; n == hastenedAtOnce; {
		err := q.QueryRow(ctx, `with hastened as (update outbox set next_at = $2 where id in
				(select id from outbox where id > $3 and last_error = $1 and next_at > $2 order by id limit $4 for update skip locked) returning id)
			select count(*), coalesce(max(id), 0) from hastened`, why, at, after, hastenedAtOnce).Scan(&n, &after)
		if err != nil || n == 0 {
			return err
		}
		if _, err := q.Exec(ctx, `select pg_notify('shiming_outbox', '')`); err != nil {
			return err
		}
	}
	return nil
}

// Listen calls wake whenever a transaction has left a message, with its kind, until ctx ends or the connection breaks; with none
// once it hears, for what was left before. A release before this one names none either.
func (s *Store) Listen(ctx context.Context, wake func(kind string)) error {
	return s.listen(ctx, "shiming_outbox", func() { wake("") }, wake)
}

// outgoing is a message about to be written.
type outgoing struct {
	kind    string
	ref     string
	payload []byte
	version int64
	after   time.Duration // from now on; 0: at once
}

// enqueue leaves a message to be carried at once.
func enqueue(ctx context.Context, q querier, at time.Time, kind, ref string, payload []byte) error {
	return leave(ctx, q, at, outgoing{kind: kind, ref: ref, payload: payload})
}

// leave writes a message, or asks again for what one that still waits asks for. Whoever carries it is told as the transaction ends,
// unless it has time.
func leave(ctx context.Context, q querier, at time.Time, m outgoing) error {
	sql := fmt.Sprintf(leaveMessage, "$1", "$2", "$3", "$4", "$5", "$6")
	if m.after == 0 {
		sql = `with message as (` + sql + ` returning kind) select pg_notify('shiming_outbox', kind) from message`
	}
	_, err := q.Exec(ctx, sql, m.kind, m.ref, m.payload, m.version, at, at.Add(m.after))
	return err
}

// leaveMessage takes kind, ref, payload, version, when it is written and when it is due.
const leaveMessage = `insert into outbox (kind, ref, payload, version, created_at, next_at) values (%s, %s, %s, %s, %s, %s)
	on conflict (kind, ref) do update set payload = excluded.payload, version = greatest(outbox.version, excluded.version),
		next_at = least(outbox.next_at, excluded.next_at), revision = outbox.revision + 1`
