package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/notice"
	"shiming/registration"
)

// UnknownTries is after how many tries whose outcome nobody knows a notice is not tried again: each may have reached its
// reader, and the providers know no key by which to tell a message from its repetition.
const UnknownTries = 2

var (
	// ErrNoticeFailed says that a notice is not tried again but at ops' word: it was refused for good, or may have been sent.
	ErrNoticeFailed = errors.New("postgres: the notice was refused, or may have been sent")
	// ErrBeingSent says that another attempt may still be under way.
	ErrBeingSent = errors.New("postgres: the notice is being sent by another attempt")
)

// The states of a notice.
const (
	NoticeWaiting = "waiting" // to be sent
	NoticeSent    = "sent"    // a provider took it, or ops said that it came
	NoticeFailed  = "failed"  // refused for good, or it may have been sent
	NoticeSkipped = "skipped" // nobody wants it any more, or its mailbox has a copy of its own
)

// What each state is in the table, in the words of its indexes. noticeRow.state says the same.
const (
	noticeIsSent    = `accepted_at is not null`
	noticeIsSkipped = `accepted_at is null and skipped_at is not null`
	noticeIsFailed  = `accepted_at is null and skipped_at is null and (refused_at is not null or unsure_at is not null)`
	noticeIsWaiting = `accepted_at is null and skipped_at is null and refused_at is null and unsure_at is null`
)

// noticeRow is a notice as it is stored.
type noticeRow struct {
	ID             string
	RegistrationID *string
	EventKey       string
	Kind           notice.Kind
	Channel        notice.Channel
	Recipient      string
	Locale         registration.Locale
	About          *string // what it tells of: a registration, a clearing, or of a finding whatever it is about
	AccountID      *string
	Sealed         []byte // what it tells
	SealedFor      *string
	Data           *notice.Data // in clear, of an older release until it is sealed
	Held           bool
	CreatedAt      time.Time
	SendingAt      *time.Time // when the attempt began that has left no record yet
	AcceptedAt     *time.Time
	RefusedAt      *time.Time
	SkippedAt      *time.Time
	UnsureAt       *time.Time
	UnknownTries   int
}

const noticeColumns = `id, registration_id, event_key, kind, channel, recipient, locale, about, account_id, sealed, sealed_for, data, held, created_at, sending_at, accepted_at,
	refused_at, skipped_at, unsure_at, unknown_tries`

func oneNotice(ctx context.Context, q querier, id, lock string) (*noticeRow, error) {
	rows, err := q.Query(ctx, `select `+noticeColumns+` from notices where id = $1 `+lock, id)
	if err != nil {
		return nil, err
	}
	n, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[noticeRow])
	return n, notFound(err)
}

func (n *noticeRow) about() string {
	if n.About == nil {
		return n.Data.RegistrationID
	}
	return *n.About
}

func (n *noticeRow) account() string {
	if n.AccountID == nil {
		return n.Data.AccountID
	}
	return *n.AccountID
}

func (n *noticeRow) state() string {
	switch {
	case n.AcceptedAt != nil:
		return NoticeSent
	case n.SkippedAt != nil:
		return NoticeSkipped
	case n.RefusedAt != nil || n.UnsureAt != nil:
		return NoticeFailed
	}
	return NoticeWaiting
}

// mayBegin reports whether another attempt may begin now; an error says why not. An attempt that has left no record lives for
// as long as patience says, and is dead after that.
func (n *noticeRow) mayBegin(now time.Time, patience time.Duration) (bool, error) {
	switch {
	case n.state() == NoticeFailed:
		return false, ErrNoticeFailed
	case n.state() != NoticeWaiting:
		return false, nil
	case n.SendingAt != nil && now.Before(n.SendingAt.Add(patience)):
		return false, ErrBeingSent
	}
	return true, nil
}

// keyedNotice is a notice and the data key that it is sealed with.
type keyedNotice struct {
	noticeRow
	DataKey []byte // nil: erased, or it is not sealed
}

func noticeWithKey(ctx context.Context, q querier, id string) (*keyedNotice, error) {
	rows, err := q.Query(ctx, `select `+noticeColumns+`, (select wrapped from vault_keys where subject = sealed_for) as data_key from notices where id = $1`, id)
	if err != nil {
		return nil, err
	}
	n, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[keyedNotice])
	return n, notFound(err)
}

// seize begins an attempt, and notes since when: until its record is written nobody else begins one. A dead attempt is found
// by the note that it left, and counts as one whose outcome nobody knows.
func (s *Store) seize(ctx context.Context, id string, patience time.Duration) (since time.Time, mine bool, err error) {
	since = s.now().Truncate(time.Microsecond) // as it is stored
	var why error
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		n, err := seizeUntried(ctx, tx, id, since)
		if n == nil && err == nil {
			n, why, err = s.seizeTried(ctx, tx, id, since, patience)
		}
		if n == nil || err != nil {
			return err
		}
		if why, err = s.maySend(ctx, tx, n, since); why == nil {
			mine = err == nil
			return err
		}
		_, err = tx.Exec(ctx, `update notices set sending_at = null where id = $1`, id)
		return err
	})
	return since, mine, errors.Join(err, why)
}

// seizeUntried begins an attempt at a notice that waits and has no other's note on it, as most do. Nil: it is no such notice.
func seizeUntried(ctx context.Context, tx pgx.Tx, id string, since time.Time) (*noticeRow, error) {
	rows, err := tx.Query(ctx, `update notices set sending_at = $2 where id = $1 and sending_at is null and `+noticeIsWaiting+` returning `+noticeColumns, id, since)
	if err != nil {
		return nil, err
	}
	n, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[noticeRow])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return n, err
}

// seizeTried begins an attempt after one that is dead, which it counts. Nil: there is none to begin, and why.
func (s *Store) seizeTried(ctx context.Context, tx pgx.Tx, id string, since time.Time, patience time.Duration) (n *noticeRow, why, err error) {
	if n, err = oneNotice(ctx, tx, id, "for update"); err != nil {
		return nil, nil, err
	}
	if may, why := n.mayBegin(since, patience); !may {
		return nil, why, nil
	}
	if n.SendingAt != nil {
		if more, err := s.countUnknown(ctx, tx, n); !more || err != nil {
			return nil, ErrNoticeFailed, err
		}
	}
	_, err = tx.Exec(ctx, `update notices set sending_at = $2 where id = $1`, id, since)
	return n, nil, err
}

// maySend says why a notice has to wait, if it has: the notice of a payment while none may be ordered, unless the payment was
// announced by another channel, and every notice to people outside when the day's ceiling is met. It takes what sending costs.
func (s *Store) maySend(ctx context.Context, tx pgx.Tx, n *noticeRow, at time.Time) (why, err error) {
	if n.Kind == notice.PaymentRequested && n.Held {
		barred, err := s.payoutsHeld(ctx, tx)
		switch {
		case err != nil:
			return nil, err
		case barred != nil:
			return barred, nil
		}
	}
	kind, costly := costs(n.Channel, n.Recipient)
	if !costly {
		return nil, nil
	}
	err = s.spend(ctx, tx, kind, at)
	if met, ok := errors.AsType[*CeilingError](err); ok {
		return met, nil
	}
	return nil, err
}

// countUnknown counts a try whose outcome nobody knows, and reports whether there may be another. If not, ops decides.
func (s *Store) countUnknown(ctx context.Context, tx pgx.Tx, n *noticeRow) (more bool, err error) {
	n.UnknownTries++
	more = n.UnknownTries < UnknownTries
	var unsure *time.Time
	if !more {
		unsure = new(s.now())
	}
	_, err = tx.Exec(ctx, `update notices set sending_at = null, unknown_tries = $2, unsure_at = $3 where id = $1`, n.ID, n.UnknownTries, unsure)
	if more || err != nil {
		return more, err
	}
	tried := fmt.Sprintf("%s by %s: tried %d times, and nobody knows whether it was sent; it is not tried again by itself", n.Kind, n.Channel, n.UnknownTries)
	return false, s.find(ctx, tx, registration.FindingMessageUnsure, n.ID, n.account(), tried)
}

// NoticeUnknown notes that nobody knows what came of an attempt, and reports whether the notice has failed by that. An attempt
// that was given up for dead has been counted already.
func (s *Store) NoticeUnknown(ctx context.Context, taken *Notice) (failed bool, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		n, err := oneNotice(ctx, tx, taken.ID, "for update")
		if err != nil {
			return err
		}
		if n.state() != NoticeWaiting || n.SendingAt == nil || !n.SendingAt.Equal(taken.Since) {
			failed = n.state() == NoticeFailed
			return nil
		}
		more, err := s.countUnknown(ctx, tx, n)
		failed = !more
		return err
	})
	return failed, err
}

// NoticeUntouched notes that an attempt did nothing at all, and counts nothing.
func (s *Store) NoticeUntouched(ctx context.Context, taken *Notice) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `update notices set sending_at = null where id = $1 and sending_at = $2`, taken.ID, taken.Since)
		kind, costly := costs(taken.Channel, taken.Audience)
		if err != nil || tag.RowsAffected() == 0 || !costly {
			return err
		}
		return s.giveBack(ctx, tx, kind, taken.Since)
	})
}

// NoticeAccepted notes that the provider took the notice. Whichever attempt says so, and whatever was thought before, it is sent.
func (s *Store) NoticeAccepted(ctx context.Context, id, providerID string) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		return s.noticeAnswered(ctx, tx, id, `accepted_at = $2, provider_id = $3, refused_at = null, unsure_at = null, sending_at = null`, `true`, s.now(), providerID)
	})
}

// NoticeRefused notes that the provider will never take it (an address that does not exist, say).
func (s *Store) NoticeRefused(ctx context.Context, id string) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		return s.noticeAnswered(ctx, tx, id, `refused_at = $2, unsure_at = null, sending_at = null`, `n.refused_at is null`, s.now())
	})
}

// noticeAnswered notes a definite answer, with what depends on it, unless there is a better one.
func (s *Store) noticeAnswered(ctx context.Context, tx pgx.Tx, id, set, unless string, args ...any) error {
	var kind notice.Kind
	var about string
	var unsure bool
	err := tx.QueryRow(ctx, `update notices n set `+set+` from (select id, unsure_at is not null as unsure from notices where id = $1 for update) was
		where n.id = was.id and n.accepted_at is null and `+unless+` returning n.kind, coalesce(n.about, n.data ->> 'RegistrationID', ''), was.unsure`,
		append([]any{id}, args...)...).Scan(&kind, &about, &unsure)
	if errors.Is(err, pgx.ErrNoRows) { // answered before
		return nil
	}
	if err == nil && unsure {
		err = s.gone(ctx, tx, registration.FindingMessageUnsure, id)
	}
	if err != nil || kind != notice.ClearingObjection {
		return err
	}
	return s.objectionAnswered(ctx, tx, about)
}

// skipNotice notes that a notice is not to be sent.
func (s *Store) skipNotice(ctx context.Context, id string) error {
	_, err := s.pool.Exec(ctx, `update notices set skipped_at = $2 where id = $1 and `+noticeIsWaiting, id, s.now())
	return err
}
