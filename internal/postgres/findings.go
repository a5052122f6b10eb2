package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/registration"
)

// Finding is something that is not as it should be and that nothing here can mend: it waits for ops.
type Finding struct {
	ID         string
	Kind       registration.FindingKind
	Subject    string // a registration, clearing, payment, notice, delivery or act
	AccountID  string // empty if it concerns none
	Since      time.Time
	SeenAt     time.Time // last
	Tried      string    // what was tried, in words
	ResolvedAt *time.Time
	ResolvedBy *string // a person, or [ByReconciler]
	Reason     *string
	// SealedReason is a person's, as it is stored; the reconciler's is no secret.
	SealedReason []byte
	SealedFor    *string
	Owner        *string // the person of ops who takes care
	Day          *string // of Asia/Shanghai, whose statement it was found on
	// Concerns is whose timeline it belongs to: the registration of a payment, else the subject.
	Concerns string
}

// ByReconciler resolves findings whose cause is gone.
const ByReconciler = "reconciler"

const findingColumns = `id, kind, subject, account_id, since, seen_at, tried, resolved_at, resolved_by, reason, sealed_reason, sealed_for,
	owner, day::text as day, coalesce((select p.registration_id from payments p where p.id = findings.subject), subject) as concerns`

// Find opens a finding and sees to it that ops is told, or notes that an open one is still there.
func (s *Store) Find(ctx context.Context, kind registration.FindingKind, subject, accountID, tried string) error {
	return s.inTx(ctx, func(tx pgx.Tx) error { return s.find(ctx, tx, kind, subject, accountID, tried) })
}

func (s *Store) find(ctx context.Context, tx pgx.Tx, kind registration.FindingKind, subject, accountID, tried string) error {
	id, open := registration.NewID("fnd"), ""
	err := tx.QueryRow(ctx, `insert into findings (id, kind, subject, account_id, since, seen_at, tried) values ($1, $2, $3, $4, $5, $5, $6)
		on conflict (kind, subject) where resolved_at is null and day is null do update set seen_at = excluded.seen_at, tried = excluded.tried
		returning id`, id, kind, subject, accountID, s.now(), tried).Scan(&open)
	if err != nil || open != id { // it was open before: ops has been told, or will be
		return err
	}
	return s.tellFindings(ctx, tx, kind)
}

// Gone resolves an open finding whose cause is gone.
func (s *Store) Gone(ctx context.Context, kind registration.FindingKind, subject string) error {
	return s.gone(ctx, s.pool, kind, subject)
}

func (s *Store) gone(ctx context.Context, q querier, kind registration.FindingKind, subject string) error {
	return s.resolveWhere(ctx, q, kind, `f.subject = $4`, subject)
}

// resolveWhere resolves the open findings of a kind whose cause is gone by a condition on f, with its values from $4 on.
func (s *Store) resolveWhere(ctx context.Context, q querier, kind registration.FindingKind, gone string, args ...any) error {
	_, err := q.Exec(ctx, `update findings f set resolved_at = $2, resolved_by = $3, reason = 'its cause is gone'
		where kind = $1 and resolved_at is null and (`+gone+`)`, append([]any{kind, s.now(), ByReconciler}, args...)...)
	return err
}

// ErrResolved says that a finding was resolved before.
var ErrResolved = errors.New("postgres: the finding is resolved already")

// ResolveFinding closes an open finding by a person's word. What is not mended all the same is found again, as another.
func (s *Store) ResolveFinding(ctx context.Context, id, by, reason string) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		f, err := findingOf(ctx, tx, id)
		if err != nil {
			return err
		}
		// The subject's row is locked before the finding's, as by a step that finds something.
		note, err := s.timelineOf(ctx, tx, f.Concerns)
		if err != nil {
			return err
		}
		sealed, sealedFor, err := s.sealAbout(ctx, tx, f.Concerns, f.ID, dossier.PurposeReason, reason)
		if err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `update findings set resolved_at = $2, resolved_by = $3, sealed_reason = $4, sealed_for = $5 where id = $1 and resolved_at is null`,
			id, s.now(), by, sealed, sealedFor)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return ErrResolved
		}
		if err := s.judged(ctx, tx, f, by); err != nil {
			return err
		}
		if note == nil {
			return nil
		}
		if err := note("finding_resolved:"+string(f.Kind), by, f); err != nil || !f.Kind.OfRun() {
			return err
		}
		return tellRun(ctx, tx, f.Subject, 0, s.now()) // it takes over what it missed
	})
}

// AssignFinding says who of ops takes care of an open finding, whoever did before.
func (s *Store) AssignFinding(ctx context.Context, id, owner string) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := findingOf(ctx, tx, id); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `update findings set owner = $2 where id = $1 and resolved_at is null`, id, owner)
		if err == nil && tag.RowsAffected() == 0 {
			err = ErrResolved
		}
		return err
	})
}

// timelineOf locks a registration or a clearing and returns what writes on its timeline, also because of a finding, which
// then says why; nil for a subject that has none.
func (s *Store) timelineOf(ctx context.Context, tx pgx.Tx, concerns string) (note func(event, by string, because *Finding) error, err error) {
	if err := lockSubject(ctx, tx, concerns); err != nil {
		return nil, unless(err, ErrNotFound)
	}
	return func(event, by string, because *Finding) error {
		return addTimelineNote(ctx, tx, concerns, event, by, because, s.now())
	}, nil
}

// id names a finding that may be none.
func (f *Finding) id() *string {
	if f == nil {
		return nil
	}
	return &f.ID
}

// unless is err, or nothing if it is one that is no matter.
func unless(err, noMatter error) error {
	if errors.Is(err, noMatter) {
		return nil
	}
	return err
}
