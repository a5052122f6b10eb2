package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/internal/notice"
	"shiming/registration"
)

// plainBatch is how many rows are sealed in one transaction: locks are held for a moment.
const plainBatch = 100

// SealPlain seals what older releases have stored in clear, and empties where it stood. Migrations cannot, for they run without
// keys; so every process of the product does it before it serves. Any number may at once, and where there is nothing left to seal it
// costs a look at an empty index.
func (s *Store) SealPlain(ctx context.Context, log *slog.Logger) error {
	for _, p := range []struct {
		table string
		seal  func(ctx context.Context, tx pgx.Tx) (int, error)
	}{
		{"notices", s.sealPlainNotices},
		{"reviews", s.sealPlainReasons("reviews", "subject_id", "round", "reasons")},
		{"registrations", s.sealPlainReasons("registrations", "id", "review_round", "corrections")},
		{"clearings", s.sealPlainReasons("clearings", "id", "review_round", "corrections")},
		{"payment_grants", s.sealPlainGrants},
		{"notice_words", s.sealPlainNoticeWords},
		{"findings", s.sealPlainFindings},
	} {
		total := 0
		for {
			var sealed int
			err := s.inTx(ctx, func(tx pgx.Tx) (err error) {
				sealed, err = p.seal(ctx, tx)
				return err
			})
			if err != nil {
				return fmt.Errorf("postgres: seal what is in clear in %s: %w", p.table, err)
			}
			if sealed == 0 {
				break
			}
			total += sealed
			log.InfoContext(ctx, "sealed what an older release had stored in clear", "table", p.table, "rows", total)
		}
	}
	return nil
}

// eachPlain has every row of a batch sealed, and counts them. The rows are locked, and read again once they are: what another process
// has sealed meanwhile is none of them any more.
func eachPlain[T any](ctx context.Context, tx pgx.Tx, sql string, seal func(*T) error) (int, error) {
	rows, err := tx.Query(ctx, fmt.Sprintf("%s limit %d for update", sql, plainBatch))
	if err != nil {
		return 0, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[T])
	if err != nil {
		return 0, err
	}
	for _, row := range all {
		if err := seal(row); err != nil {
			return 0, err
		}
	}
	return len(all), nil
}

func (s *Store) sealPlainNotices(ctx context.Context, tx pgx.Tx) (int, error) {
	type plain struct {
		ID             string
		RegistrationID *string
		Data           notice.Data
	}
	return eachPlain(ctx, tx, `select id, registration_id, data from notices where data is not null order by id`, func(n *plain) error {
		sealed, sealedFor, err := s.sealAbout(ctx, tx, noticeSubject(n.RegistrationID, n.Data.RegistrationID), n.ID, dossier.PurposeNotice, n.Data)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `update notices set about = $2, account_id = $3, sealed = $4, sealed_for = $5, data = null where id = $1`,
			n.ID, n.Data.RegistrationID, n.Data.AccountID, sealed, sealedFor)
		return err
	})
}

// sealPlainReasons seals reviewers' messages in a column. Whose data was erased leaves none.
func (s *Store) sealPlainReasons(table, id, round, column string) func(ctx context.Context, tx pgx.Tx) (int, error) {
	type plain struct {
		ID    string
		Round int
		Kept  registration.Corrections
	}
	find := fmt.Sprintf(`select %[2]s, %[3]s, %[4]s from %[1]s where jsonb_path_exists(%[4]s, '$[*] ? (@.message != "")') order by %[2]s, %[3]s`, table, id, round, column)
	store := fmt.Sprintf(`update %[1]s set %[4]s = $3 where %[2]s = $1 and %[3]s = $2`, table, id, round, column)
	return func(ctx context.Context, tx pgx.Tx) (int, error) {
		return eachPlain(ctx, tx, find, func(p *plain) error {
			sealed, err := s.sealReasons(ctx, tx, p.ID, p.Round, p.Kept.Reasons())
			if err != nil && !errors.Is(err, ErrErased) {
				return err
			}
			for i := range p.Kept {
				p.Kept[i].Message = ""
				if err == nil {
					p.Kept[i].Words = sealed[i].Words
				}
			}
			_, err = tx.Exec(ctx, store, p.ID, p.Round, p.Kept)
			return err
		})
	}
}

func (s *Store) sealPlainGrants(ctx context.Context, tx pgx.Tx) (int, error) {
	type plain struct {
		ID              int64
		RegistrationID  string
		BankFingerprint []byte
		Reason          string
	}
	return eachPlain(ctx, tx, `select id, registration_id, bank_fingerprint, reason from payment_grants where reason is not null order by id`, func(g *plain) error {
		sealed, err := s.seal(ctx, tx, grantPlace(g.RegistrationID, g.BankFingerprint), g.Reason)
		if err != nil && !errors.Is(err, ErrErased) {
			return err
		}
		_, err = tx.Exec(ctx, `update payment_grants set sealed_reason = $2, reason = null where id = $1`, g.ID, sealed)
		return err
	})
}

// sealPlainNoticeWords comes after the notices: each of them says by then what it is about.
func (s *Store) sealPlainNoticeWords(ctx context.Context, tx pgx.Tx) (int, error) {
	type plain struct {
		ID       int64
		NoticeID string
		Reason   string
	}
	return eachPlain(ctx, tx, `select id, notice_id, reason from notice_words where reason is not null order by id`, func(w *plain) error {
		n, err := oneNotice(ctx, tx, w.NoticeID, "")
		if err != nil {
			return err
		}
		sealed, sealedFor, err := s.sealAbout(ctx, tx, noticeSubject(n.RegistrationID, n.about()), n.ID, dossier.PurposeReason, w.Reason)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `update notice_words set sealed_reason = $2, sealed_for = $3, reason = null where id = $1`, w.ID, sealed, sealedFor)
		return err
	})
}

func (s *Store) sealPlainFindings(ctx context.Context, tx pgx.Tx) (int, error) {
	type plain struct{ ID, Subject, Reason string }
	return eachPlain(ctx, tx, `select id, subject, reason from findings where reason is not null and resolved_by <> '`+ByReconciler+`' order by id`, func(f *plain) error {
		sealed, sealedFor, err := s.sealAbout(ctx, tx, f.Subject, f.ID, dossier.PurposeReason, f.Reason)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `update findings set sealed_reason = $2, sealed_for = $3, reason = null where id = $1`, f.ID, sealed, sealedFor)
		return err
	})
}
