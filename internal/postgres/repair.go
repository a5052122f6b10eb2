package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/registration"
)

// FindOnce opens a finding unless one of its kind and subject was opened since, whatever became of it: who repeats a repair is not
// told again of what a person has seen to.
func (s *Store) FindOnce(ctx context.Context, kind registration.FindingKind, subject, accountID, tried string, since time.Time) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		var known bool
		err := tx.QueryRow(ctx, `select exists (select from findings where kind = $1 and subject = $2 and since >= $3)`, kind, subject, since).Scan(&known)
		if known || err != nil {
			return err
		}
		return s.find(ctx, tx, kind, subject, accountID, tried)
	})
}

// OpenPayment is a payment whose outcome this database does not know, and that the bank is to be asked about.
type OpenPayment struct {
	ID, RegistrationID, Key string
	Wanted                  bool // it is to be made if the bank has never heard of it
}

// givenUpWithin is for how long before a restore point a payment may have been asked for that the bank may still report on although
// nobody waits for it any more.
const givenUpWithin = 40 * 24 * time.Hour

// OpenPayments lists every payment that the bank has not answered by this database's word; of those that nobody waits for any more only
// the later ones, for there is no end of them.
func (s *Store) OpenPayments(ctx context.Context, point time.Time) ([]OpenPayment, error) {
	rows, err := s.pool.Query(ctx, `select id, registration_id, key, state = 'requested' or ordered_at is not null and bank_state = 'requested' from payments
		where bank_state = 'requested' or bank_state in ('dropped', 'written_off') and requested_at >= $1 order by id`, point.Add(-givenUpWithin))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[OpenPayment])
}

// PaymentKnown reports whether there is such a payment, and whether its applicant was told of it by this database's word.
func (s *Store) PaymentKnown(ctx context.Context, id string) (known, announced bool, err error) {
	err = s.pool.QueryRow(ctx, `select count(*) > 0, count(notified_at) > 0 from payments where id = $1`, id).Scan(&known, &announced)
	return known, announced, err
}

// NoticeKnown reports whether there is such a notice, or such a group of them.
func (s *Store) NoticeKnown(ctx context.Context, ref string) (bool, error) {
	return s.known(ctx, `select from notices where id = $1 or group_id = $1`, ref)
}

// DeliveryKnown reports whether there is such a delivery to a subscriber.
func (s *Store) DeliveryKnown(ctx context.Context, id string) (bool, error) {
	return s.known(ctx, `select from webhook_deliveries where id = $1`, id)
}

func (s *Store) known(ctx context.Context, sql string, args ...any) (yes bool, err error) {
	err = s.pool.QueryRow(ctx, `select exists (`+sql+`)`, args...).Scan(&yes)
	return yes, err
}

// NoticesWereSent notes by the engine's word that a notice, or a group of them, was delivered, or, if their workflow failed, that they
// may have been: they are not sent a second time. It returns those of which this database did not know.
func (s *Store) NoticesWereSent(ctx context.Context, ref string, surely bool) (news []string, err error) {
	column := "unsure_at"
	if surely {
		column = "accepted_at"
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `update notices set `+column+` = $2, sending_at = null where (id = $1 or group_id = $1) and `+noticeIsWaiting+` returning id`, ref, s.now())
		if err != nil {
			return err
		}
		if news, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil || len(news) == 0 {
			return err
		}
		if _, err := tx.Exec(ctx, `delete from outbox where kind in ($1, $2) and ref = $3`, MessageNotices, MessageNotice, ref); err != nil || surely {
			return err
		}
		for _, id := range news {
			err = errors.Join(err, s.find(ctx, tx, registration.FindingMessageUnsure, id, "", "its workflow had failed before the restore: the provider refused it, or may have sent it"))
		}
		return err
	})
	return news, err
}

// DeliveryWasMade notes by the engine's word that a delivery to a subscriber was made. It reports whether this database did not know.
func (s *Store) DeliveryWasMade(ctx context.Context, id string) (news bool, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `update webhook_deliveries set state = 'delivered', finished_at = $2 where id = $1 and state = 'pending'`, id, s.now())
		if news = err == nil && tag.RowsAffected() == 1; !news {
			return err
		}
		_, err = tx.Exec(ctx, `delete from outbox where kind = $1 and ref = $2`, MessageDelivery, id)
		return err
	})
	return news, err
}

// The ways in which the run of one case is repaired.
const (
	RepairStarted = "started" // there was none
	RepairTold    = "told"    // it was behind, or not the one that took the last step, and is told to look
	RepairNothing = "nothing" // it agrees with its row
)

// Repaired keeps what ops had done about one case's run, and puts it on its timeline with the person.
func (s *Store) Repaired(ctx context.Context, subject, done, by, reason string) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		note, err := s.timelineOf(ctx, tx, subject)
		if err != nil {
			return err
		}
		if note == nil {
			return ErrNotFound
		}
		id := registration.NewID("rpr")
		sealed, sealedFor, err := s.sealAbout(ctx, tx, subject, id, dossier.PurposeReason, reason)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `insert into repairs (id, subject, done, sealed_reason, sealed_for, said_by, at) values ($1, $2, $3, $4, $5, $6, $7)`,
			id, subject, done, sealed, sealedFor, by, s.now()); err != nil {
			return err
		}
		return errors.Join(found(ctx, tx, subject), note("run_repaired:"+done, by, nil))
	})
}
