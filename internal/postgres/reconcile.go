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

// Lease reports whether holder may do what name says until the given time from now; nobody else may meanwhile.
func (s *Store) Lease(ctx context.Context, name, holder string, within time.Duration) (held bool, err error) {
	now := s.now()
	tag, err := s.pool.Exec(ctx, `insert into leases (name, holder, until) values ($1, $2, $3)
		on conflict (name) do update set holder = excluded.holder, until = excluded.until where leases.holder = $2 or leases.until < $4`,
		name, holder, now.Add(within), now)
	return tag.RowsAffected() == 1, err
}

// Swept says how far a slow sweep has come; the next page begins there. [ErrNotFound]: nobody has begun it, nor holds its lease.
func (s *Store) Swept(ctx context.Context, name string) (after string, err error) {
	err = s.pool.QueryRow(ctx, `select cursor from leases where name = $1`, name).Scan(&after)
	return after, notFound(err)
}

// SweptTo keeps how far the sweep has come, whoever holds its lease; one that needs none has a row all the same.
func (s *Store) SweptTo(ctx context.Context, name, after string) error {
	_, err := s.pool.Exec(ctx, `insert into leases (name, holder, until, cursor) values ($1, '', $3, $2)
		on conflict (name) do update set cursor = excluded.cursor`, name, after, s.now())
	return err
}

// Unacknowledged lists registrations and clearings whose run was not found when somebody looked, or has not reported the newest
// version for a while, in any order: those that stay behind must not keep others from being looked at.
func (s *Store) Unacknowledged(ctx context.Context, since time.Duration, limit int) ([]string, error) {
	return s.ids(ctx, `select id from (
		select id from registrations where run_missing_since is not null or unacknowledged_since < $1
		union all select id from clearings where run_missing_since is not null or unacknowledged_since < $1) behind
		order by random() limit $2`, s.now().Add(-since), limit)
}

// OpenAfter lists open registrations and clearings by their ids, from after on.
func (s *Store) OpenAfter(ctx context.Context, after string, limit int) ([]string, error) {
	return s.ids(ctx, `(select id from registrations where ended_at is null and id > $1 order by id limit $2)
		union all (select id from clearings where ended_at is null and id > $1 order by id limit $2) order by id limit $2`, after, limit)
}

// Unanswered is a payment that the bank should have answered.
type Unanswered struct{ ID, RegistrationID, AccountID string }

// UnansweredPayments lists payments that a bank should have answered for a while, and that nobody is about to start.
func (s *Store) UnansweredPayments(ctx context.Context, since time.Duration, limit int) ([]Unanswered, error) {
	rows, err := s.pool.Query(ctx, `select p.id, r.id, r.account_id from payments p join registrations r on r.id = p.registration_id
		where p.bank_state = 'requested' and p.requested_at < $1 and (p.state = 'requested' or p.ordered_at is not null) and p.adoption is distinct from 'refused'
		and not exists (select from outbox o where o.kind = '`+MessagePayout+`' and o.ref = p.id) order by random() limit $2`, s.now().Add(-since), limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Unanswered])
}

// UnsentNotices are notices that should have been sent for a while. One workflow delivers them.
type UnsentNotices struct {
	Ref     string // of the workflow: their group, or the only one's id
	Notices []registration.NoticeRef
}

// UnsentNotices lists notices that should have been sent for a while, and whose delivery nobody is about to start, by the workflow
// that delivers them.
func (s *Store) UnsentNotices(ctx context.Context, since time.Duration, limit int) ([]UnsentNotices, error) {
	rows, err := s.pool.Query(ctx, `select coalesce(n.group_id, n.id), array_agg(n.id order by n.id), array_agg(n.channel order by n.id)
		from notices n where not n.held and n.created_at < $1 and `+noticeIsWaiting+`
		and not exists (select from outbox o where o.kind in ('`+MessageNotices+`', '`+MessageNotice+`') and o.ref = coalesce(n.group_id, n.id))
		group by 1 order by random() limit $2`, s.now().Add(-since), limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (u UnsentNotices, err error) {
		var ids []string
		var channels []notice.Channel
		err = row.Scan(&u.Ref, &ids, &channels)
		for i, id := range ids {
			u.Notices = append(u.Notices, registration.NoticeRef{ID: id, Lane: laneOf(channels[i])})
		}
		return u, err
	})
}

// NoticeByItself is a notice that is to be delivered by itself. It reports false if it has been sent meanwhile, or is not to be sent.
// One that is not known has no lane.
func (s *Store) NoticeByItself(ctx context.Context, noticeID string) (ref registration.NoticeRef, waits bool, err error) {
	var channel notice.Channel
	ref.ID = noticeID
	err = s.pool.QueryRow(ctx, `select channel, `+noticeIsWaiting+` from notices where id = $1`, noticeID).Scan(&channel, &waits)
	if errors.Is(err, pgx.ErrNoRows) {
		return ref, true, nil
	}
	ref.Lane = laneOf(channel)
	return ref, waits, err
}

func (s *Store) ids(ctx context.Context, sql string, args ...any) ([]string, error) {
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// PendingDeliveries lists deliveries to subscribers that should be under way, and that nobody is about to start.
func (s *Store) PendingDeliveries(ctx context.Context, since time.Duration, limit int) ([]registration.Delivery, error) {
	rows, err := s.pool.Query(ctx, `select d.id, d.round, d.give_up_at from webhook_deliveries d where d.state = 'pending' and d.created_at < $1
		and not exists (select from outbox o where o.kind = '`+MessageDelivery+`' and o.ref = d.id) order by random() limit $2`, s.now().Add(-since), limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (d registration.Delivery, err error) {
		err = row.Scan(&d.ID, &d.Round, &d.GiveUpAt)
		return d, err
	})
}

// Missing notes that no run was found for a registration or clearing, and says since when.
func (s *Store) Missing(ctx context.Context, id string) (since time.Time, err error) {
	err = s.pool.QueryRow(ctx, `update `+tablesOf(id).rows+` set run_missing_since = coalesce(run_missing_since, $2) where id = $1 returning run_missing_since`,
		id, s.now()).Scan(&since)
	return since, notFound(err)
}

// Found forgets that a run was missing.
func (s *Store) Found(ctx context.Context, id string) error { return found(ctx, s.pool, id) }

func found(ctx context.Context, q querier, id string) error {
	_, err := q.Exec(ctx, `update `+tablesOf(id).rows+` set run_missing_since = null where id = $1 and run_missing_since is not null`, id)
	return err
}

// Resumable is what a run in place of a lost one starts from; one of the two is nil.
type Resumable struct {
	Registration *registration.Application
	Clearing     *registration.ClearingApplication
}

// ResumeOf reads what a registration's or clearing's new run starts from.
func (s *Store) ResumeOf(ctx context.Context, id string) (Resumable, error) {
	if registration.IsClearingID(id) {
		k, err := loadClearing(ctx, s.pool, id, "")
		if err != nil {
			return Resumable{}, err
		}
		return Resumable{Clearing: &registration.ClearingApplication{
			ClearingID: k.ID, AccountID: k.namedAccount(), ClaimRef: k.ClaimRef, Case: &registration.Case{Version: k.Version},
		}}, nil
	}
	rec, err := load(ctx, s.pool, id, "")
	if err != nil {
		return Resumable{}, err
	}
	return Resumable{Registration: &registration.Application{
		RegistrationID: rec.ID, AccountID: rec.AccountID, Kind: rec.Kind, Locale: rec.Locale, ApplicantRef: rec.ApplicantRef,
		Case: &registration.Case{Version: rec.Version},
	}}, nil
}

// Resumed puts on the timeline of a registration or clearing that its lost run has another in its place, which has not been
// looked for yet.
func (s *Store) Resumed(ctx context.Context, id string) error {
	const event = "run_resumed"
	return s.inTx(ctx, func(tx pgx.Tx) error {
		if err := found(ctx, tx, id); err != nil {
			return err
		}
		return addTimelineNote(ctx, tx, id, event, ByReconciler, nil, s.now())
	})
}

// FindUndelivered opens a finding for each message that has not been carried for an hour, or after many tries, and resolves
// those of messages that have been. That of a notice stays for as long as the notice is unsent, whoever sends it.
func (s *Store) FindUndelivered(ctx context.Context) error {
	rows, err := s.pool.Query(ctx, `select o.kind, coalesce(n.id, o.ref), o.attempts, coalesce(o.last_error, '')
		from (select kind, ref, attempts, last_error, created_at from outbox where created_at < $1 and (attempts > 0 or next_at < $1) or attempts > $2 order by created_at limit 100) o
		left join notices n on o.kind = '`+MessageNotices+`' and n.group_id = o.ref and `+noticeIsWaiting+` order by o.created_at`, s.now().Add(-time.Hour), ManyAttempts)
	if err != nil {
		return err
	}
	type old struct {
		Kind, Ref string // of a group of notices, each
		Attempts  int
		LastError string
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[old])
	if err != nil {
		return err
	}
	var errs []error
	for _, m := range all {
		tried := fmt.Sprintf("%s: %d tries, the last failed: %s", m.Kind, m.Attempts, m.LastError)
		errs = append(errs, s.Find(ctx, registration.FindingUndelivered, m.Ref, "", tried))
	}
	errs = append(errs, s.resolveWhere(ctx, s.pool, registration.FindingUndelivered, `not exists (select from outbox o where o.ref = f.subject)
		and not exists (select from notices n where n.id = f.subject and `+noticeIsWaiting+`)
		and not exists (select from webhook_deliveries d where d.id = f.subject and d.state = 'pending')`))
	return errors.Join(errs...)
}

// ResolveHealed resolves findings whose cause is gone: runs that agree with their row again, payments that have an outcome, days
// that are over.
func (s *Store) ResolveHealed(ctx context.Context) error {
	return errors.Join(
		s.resolveWhere(ctx, s.pool, registration.FindingRunAhead, `exists (select from registrations r where r.id = f.subject and r.held_at is null)
			or exists (select from clearings k where k.id = f.subject and k.held_at is null)`),
		s.resolveWhere(ctx, s.pool, registration.FindingRunBehind, `exists (select from registrations r where r.id = f.subject and r.acknowledged = r.version and r.run_missing_since is null)
			or exists (select from clearings k where k.id = f.subject and k.acknowledged = k.version and k.run_missing_since is null)`),
		s.resolveWhere(ctx, s.pool, registration.FindingPayoutFailed, `exists (select from payments p where p.id = f.subject and p.bank_state <> 'requested')`),
		s.resolveWhere(ctx, s.pool, registration.FindingAdoptionRefused, `exists (select from payments p where p.id = f.subject and p.state <> 'requested')`),
		s.resolveWhere(ctx, s.pool, registration.FindingSpendingHigh, dayIsOver),
		s.resolveWhere(ctx, s.pool, registration.FindingSpendingCeiling, dayIsOver),
	)
}

// dayIsOver is true of a finding f about what was spent of a day that is over.
const dayIsOver = `not exists (select from spending d where d.kind = f.subject and d.day_ends > $2 and coalesce(d.ceiling_at, d.high_at) is not null)`

// CloseLateActs closes acts that nobody was answered for in time: their process died. Whatever comes for them later changes
// nothing.
func (s *Store) CloseLateActs(ctx context.Context) error {
	_, err := s.pool.Exec(ctx, `with closed as (update acts set closed_at = $1, verification = false
			where finished_at is null and closed_at is null and not deferred and expires_at <= $1 returning input_ref)
		delete from vault_items where ref in (select input_ref from closed)`, s.now())
	return err
}

// keepActs is how long the acts of what has ended are kept.
const keepActs = 30 * 24 * time.Hour

// PruneActs forgets acts of registrations and clearings that ended long ago and whose run is known to have ended too.
func (s *Store) PruneActs(ctx context.Context, limit int) error {
	_, err := s.pool.Exec(ctx, `delete from acts where id in (select a.id from acts a left join registrations r on r.id = a.registration_id
			left join clearings k on k.id = a.registration_id
		where a.started_at < $1 and coalesce(a.finished_at, a.closed_at) is not null and coalesce(r.ended_at, k.ended_at) < $1
			and coalesce(r.acknowledged, k.acknowledged) = coalesce(r.version, k.version) limit $2)`, s.now().Add(-keepActs), limit)
	return err
}
