package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/registration"
)

// mirror is what the row of a registration or clearing knows of its run.
type mirror struct {
	// Version rises with every commit that the run mirrors. Acknowledged is the newest that the run is known to have taken over.
	Version, Acknowledged int64
	RunID                 *string    // the engine's run that took a step last
	RunMissingSince       *time.Time // no run was found, first then
	HeldAt                *time.Time // the run knows more than this database: nothing is paid
	// UnacknowledgedSince is when the row last got ahead of its run; nil while it is not. The database keeps it.
	UnacknowledgedSince *time.Time
}

const mirrorColumns = `version, acknowledged, run_id, run_missing_since, held_at, unacknowledged_since`

// lookAfter is how long whoever waits for an act's answer has to see it; then the run is told to read its row. The step
// of an act may have committed in a task that was lost with its worker, and the act with it.
const lookAfter = 15 * time.Second

// stepped notes a step's commit. What time, a signal or an activity brings is run again if its task is lost, so its commit is
// as good as taken over; what an act brings in the task that delivers it is not.
func (m *mirror) stepped(step registration.Step, lost bool) {
	m.Version++
	if !lost {
		m.Acknowledged = m.Version
	}
	if step.RunID != "" {
		m.RunID = &step.RunID
	}
	m.HeldAt, m.RunMissingSince = nil, nil
}

// raise notes a commit that the run must hear of and did not make. While the run knows more than the row, the row's version must not
// come to the run's by such commits: the two would seem to agree.
func (m *mirror) raise() {
	if m.HeldAt == nil {
		m.Version++
	}
}

// lookSoon has the run told to read its row, unless whoever waits for the act's answer says that it has come.
func lookSoon(p *parameters, id string, version int64, at time.Time) string {
	return fmt.Sprintf(`looked as (`+leaveMessage+`)`, p.next(MessageLook), p.next(id), "null", p.next(version), p.next(at), p.next(at.Add(lookAfter)))
}

// tellRun leaves word for the run of a registration or clearing that something was stored which it must follow.
func tellRun(ctx context.Context, q querier, id string, version int64, at time.Time) error {
	return leave(ctx, q, at, outgoing{kind: MessageSignal, ref: id, version: version})
}

// tellRunSoon is tellRun for what is likely to be followed by more.
func tellRunSoon(ctx context.Context, q querier, id string, version int64, at time.Time) error {
	return leave(ctx, q, at, outgoing{kind: MessageSignal, ref: id, version: version, after: 2 * time.Second})
}

// Acknowledge notes that the run of a registration or clearing has reported a version: it was seen in an answer of its. The
// row comes before the message, as in every step; a statement that did both would take them in an order of its own.
func (s *Store) Acknowledge(ctx context.Context, id string, version int64) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `update `+tablesOf(id).rows+` set acknowledged = greatest(acknowledged, least($2, version))
			where id = $1 and acknowledged < $2`, id, version); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `delete from outbox where kind = $3 and ref = $1 and version <= $2`, id, version, MessageLook)
		return err
	})
}

// Run is what is known of the run that moves a registration or clearing.
type Run struct {
	ID           string // of the registration or clearing
	WorkflowID   string
	AccountID    string // empty of a contested claim
	Kind         registration.Kind
	State        registration.State
	Version      int64
	Acknowledged int64
	RunID        string // of the engine, as it took a step last; empty if unknown
	MissingSince *time.Time
	BehindSince  *time.Time // the row has been ahead of its run; nil if it is not
	Ended        bool
	Held         bool // the run has said that it knows more than the row
	Superseded   bool // it has ended, and the account has a newer one, so that its run has ended too
}

// RunOf reads what is known of a registration's or clearing's run.
func (s *Store) RunOf(ctx context.Context, id string) (Run, error) {
	if registration.IsClearingID(id) {
		k, err := loadClearing(ctx, s.pool, id, "")
		if err != nil {
			return Run{}, err
		}
		r := k.run(k.ID, k.namedAccount(), registration.IdentityClearing)
		r.WorkflowID, r.State, r.Ended = k.workflowID(), k.State, k.EndedAt != nil
		r.Superseded, err = s.superseded(ctx, r)
		return r, err
	}
	rec, err := load(ctx, s.pool, id, "")
	if err != nil {
		return Run{}, err
	}
	r := rec.run(rec.ID, rec.AccountID, rec.Kind)
	r.WorkflowID, r.State, r.Ended = registration.WorkflowID(rec.AccountID), rec.State, rec.EndedAt != nil
	r.Superseded, err = s.superseded(ctx, r)
	return r, err
}

func (m *mirror) run(id, accountID string, kind registration.Kind) Run {
	r := Run{
		ID: id, AccountID: accountID, Kind: kind, Version: m.Version, Acknowledged: m.Acknowledged,
		MissingSince: m.RunMissingSince, BehindSince: m.UnacknowledgedSince, Held: m.HeldAt != nil,
	}
	if m.RunID != nil {
		r.RunID = *m.RunID
	}
	return r
}

// superseded looks whether the account has a newer one: both would have the same workflow id, so the older one's run is over.
func (s *Store) superseded(ctx context.Context, r Run) (yes bool, err error) {
	if !r.Ended || r.AccountID == "" {
		return false, nil
	}
	table, same := tablesOf(r.ID).rows, ""
	if table == "clearings" { // a contested claim has a workflow of its own
		same = "not contested and "
	}
	err = s.pool.QueryRow(ctx, `select exists (select from `+table+` where `+same+`account_id = $2 and created_at > (select created_at from `+table+` where id = $1))`,
		r.ID, r.AccountID).Scan(&yes)
	return yes, err
}

// ahead keeps that a run knows more than its row: the database is an older one, or another's. Nothing is paid until they
// agree again, and ops hears of it.
func (s *Store) ahead(ctx context.Context, tx pgx.Tx, step registration.Step, accountID string, version int64) error {
	if _, err := tx.Exec(ctx, `update `+tablesOf(step.Subject).rows+` set held_at = coalesce(held_at, $2) where id = $1`, step.Subject, s.now()); err != nil {
		return err
	}
	return s.find(ctx, tx, registration.FindingRunAhead, step.Subject, accountID, aheadBy(step.Known, version))
}

func aheadBy(known, version int64) string {
	if version == 0 {
		return fmt.Sprintf("the run stands at version %d and the database knows no such row; the run stands still", known)
	}
	return fmt.Sprintf("the run stands at version %d and the row at %d; the run stands still and nothing is paid", known, version)
}
