package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/registration"
)

// NoticeWord is what ops says of a notice that failed.
type NoticeWord struct {
	NoticeID string
	By       string
	Reason   string
}

// ResendNotice has a notice that failed tried again, as often as a new one. A payment's, which holds its transfer, is taken up
// by the activity that still waits for it; any other leaves its group, and is delivered by itself.
func (s *Store) ResendNotice(ctx context.Context, w NoticeWord) (*registration.Refusal, error) {
	return s.say(ctx, w, "resend", "notice_resent", func(tx pgx.Tx, n *noticeRow) error {
		if _, err := tx.Exec(ctx, `update notices set refused_at = null, unsure_at = null, unknown_tries = 0, sending_at = null, group_id = null where id = $1`, n.ID); err != nil {
			return err
		}
		if err := s.gone(ctx, tx, registration.FindingMessageUnsure, n.ID); err != nil || n.Held {
			return err
		}
		return enqueue(ctx, tx, s.now(), MessageNotice, n.ID, again)
	})
}

// AcceptNotice takes ops' word that a notice which failed has come after all, as if its provider had taken it now.
func (s *Store) AcceptNotice(ctx context.Context, w NoticeWord) (*registration.Refusal, error) {
	return s.say(ctx, w, "accept", "notice_accepted", func(tx pgx.Tx, n *noticeRow) error {
		return s.noticeAnswered(ctx, tx, n.ID, `accepted_at = $2, refused_at = null, unsure_at = null, sending_at = null`, `true`, s.now())
	})
}

// say does what a word means to a notice that failed, and writes it down. Of another notice it is refused.
func (s *Store) say(ctx context.Context, w NoticeWord, word, event string, do func(tx pgx.Tx, n *noticeRow) error) (*registration.Refusal, error) {
	var refusal *registration.Refusal
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		if err := lockRegistrationOf(ctx, tx, w.NoticeID); err != nil {
			return err
		}
		n, err := oneNotice(ctx, tx, w.NoticeID, "for update")
		if err != nil {
			return err
		}
		if n.state() != NoticeFailed {
			refusal = &registration.Refusal{Code: registration.CodeWrongState, State: registration.State(n.state())}
			return nil
		}
		if err := do(tx, n); err != nil {
			return err
		}
		at := s.now()
		if err := s.keepNoticeWord(ctx, tx, n, word, w, at); err != nil {
			return err
		}
		return seenNotice(ctx, tx, n, event, w.By, at)
	})
	return refusal, err
}

func (s *Store) keepNoticeWord(ctx context.Context, tx pgx.Tx, n *noticeRow, word string, w NoticeWord, at time.Time) error {
	sealed, sealedFor, err := s.sealAbout(ctx, tx, noticeSubject(n.RegistrationID, n.about()), n.ID, dossier.PurposeReason, w.Reason)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `insert into notice_words (notice_id, word, sealed_reason, sealed_for, said_by, at) values ($1, $2, $3, $4, $5, $6)`,
		n.ID, word, sealed, sealedFor, w.By, at)
	return err
}

// lockRegistrationOf keeps the order in which every step locks: the registration, then what belongs to it.
func lockRegistrationOf(ctx context.Context, tx pgx.Tx, noticeID string) error {
	_, err := tx.Exec(ctx, `select from registrations where id = (select registration_id from notices where id = $1) for key share`, noticeID)
	return err
}

// seenNotice writes what was said of a notice on the timeline of what it is about. One to reviewers or ops may be about nobody.
func seenNotice(ctx context.Context, tx pgx.Tx, n *noticeRow, event, by string, at time.Time) error {
	event = fmt.Sprintf("%s:%s/%s", event, n.Kind, n.Channel)
	about := n.about()
	switch {
	case registration.IsClearingID(about):
	case n.RegistrationID == nil:
		return nil
	default:
		about = *n.RegistrationID
	}
	return addTimelineNote(ctx, tx, about, event, by, nil, at)
}
