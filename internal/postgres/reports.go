package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/internal/notice"
	"shiming/internal/vault"
	"shiming/registration"
)

// Report is what bank, wallet or ops said of a payment or a session.
type Report struct {
	Source    string // bank, wallet, ops
	MessageID string
	Type      string // transfer.settled, session.verified, …
	Key       string // payment key or session id
	Reason    string // the bank's, or ops'
	Person    dossier.WalletReport
	By        string // the ops person
}

// reportBody is what of a report is sealed.
type reportBody struct {
	Reason string               `json:"reason,omitempty"`
	Person dossier.WalletReport `json:"person"`
	By     string               `json:"by,omitempty"`
}

// UnmatchedSubject is whose key seals reports that belong to nobody yet; it is made when the first of them comes.
const UnmatchedSubject = "reports"

// TakeReport stores a report with its effect on the payment, in one transaction with its message id, and leaves word
// for the run. It reports false if the key belongs to nobody: the report is kept for ops, and for a session that is
// still being stored. A repeated message changes nothing.
func (s *Store) TakeReport(ctx context.Context, r Report) (known bool, err error) {
	for {
		known, err = s.takeReport(ctx, r)
		if !errors.Is(err, errOwnerCame) {
			return known, err
		}
	}
}

// errOwnerCame says that a report's session was stored while the report waited for its key's lock: take it again, with
// the locks in the order every step takes them.
var errOwnerCame = errors.New("postgres: the report's owner has just come")

// takeReport locks the owner's row first, like every step, then what concerns the key.
func (s *Store) takeReport(ctx context.Context, r Report) (known bool, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		rec, err := lockOwner(ctx, tx, r)
		if err != nil {
			return err
		}
		var owner *string
		var matched *bool // nil: the message has not come before
		var key []byte
		err = tx.QueryRow(ctx, `select o.id, (select registration_id is not null from reports where source = $2 and message_id = $3),
				(select wrapped from vault_keys where subject = o.id)
			from (select (`+ownerOf(r)+`) as id) o`, r.Key, r.Source, r.MessageID).Scan(&owner, &matched, &key)
		switch {
		case err != nil:
			return err
		case owner != nil && rec == nil:
			return errOwnerCame
		case matched != nil: // a repeated message
			known = *matched
			return nil
		}
		known = rec != nil
		return s.takeNewReport(ctx, tx, r, rec, key)
	})
	return known, err
}

// ownerOf finds the registration that the payment or the session with the key $1 belongs to.
func ownerOf(r Report) string {
	if r.Source == "wallet" {
		return `select registration_id from admin_sessions where session_id = $1`
	}
	return `select registration_id from payments where key = $1`
}

// lockOwner locks the registration that a report is about, and then what concerns its key; nil if it is about nobody's.
func lockOwner(ctx context.Context, tx pgx.Tx, r Report) (*record, error) {
	rows, err := tx.Query(ctx, `select `+recordColumns+`, pg_advisory_xact_lock(hashtextextended($1, 3))::text as locked
		from (select `+recordColumns+` from registrations where id = (`+ownerOf(r)+`) for update) r`, r.Key)
	if err != nil {
		return nil, err
	}
	type locked struct {
		record
		Locked string
	}
	rec, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[locked])
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, lockReports(ctx, tx, r.Key)
	case err != nil:
		return nil, err
	}
	rec.read = rec.items()
	return &rec.record, nil
}

func (s *Store) takeNewReport(ctx context.Context, tx pgx.Tx, r Report, rec *record, key []byte) error {
	if err := s.keepReport(ctx, tx, r, rec, key); err != nil || rec == nil {
		return err
	}
	if r.Source == "wallet" {
		return tellRun(ctx, tx, rec.ID, rec.Version, s.now())
	}
	return s.takeBankReport(ctx, tx, r, rec)
}

// lockReports serialises what concerns one key, so that a report and the row it is about never miss each other.
func lockReports(ctx context.Context, tx pgx.Tx, key string) error {
	_, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended($1, 3))`, key)
	return err
}

func (s *Store) keepReport(ctx context.Context, tx pgx.Tx, r Report, owner *record, key []byte) error {
	subject, registrationID := UnmatchedSubject, (*string)(nil)
	if owner != nil {
		subject, registrationID = owner.ID, &owner.ID
	}
	body, subject, err := s.sealReport(ctx, tx, subject, key, r)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `insert into reports (source, message_id, type, key, body, sealed_for, received_at, registration_id)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`, r.Source, r.MessageID, r.Type, r.Key, body, subject, s.now(), registrationID)
	if err != nil || owner != nil {
		return err
	}
	return s.notify(ctx, tx, nil, notice.ReportUnmatched, "unmatched/"+r.Source+"/"+r.MessageID, notice.Data{Detail: r.Source + " " + r.Type}, s.now())
}

// place is where a report belongs: to whom its key stands for, under the name of its message.
func (r Report) place(subject string) vault.Place {
	return Owner{Subject: subject, Row: r.Key}.place(dossier.PurposeReport, r.Source+"/"+r.MessageID)
}

// sealReport seals a report for its owner, by its key; for everybody's subject if it has none, or if its data was erased: a bank's
// word is kept all the same.
func (s *Store) sealReport(ctx context.Context, tx pgx.Tx, subject string, key []byte, r Report) (body []byte, sealedFor string, err error) {
	v := reportBody{Reason: r.Reason, Person: r.Person, By: r.By}
	if key != nil {
		body, err = s.sealWith(key, r.place(subject), v)
		return body, subject, err
	}
	body, err = s.sealShared(ctx, tx, r.place(UnmatchedSubject), v)
	return body, UnmatchedSubject, err
}

// openReport opens what the wallet said of a session of this registration's. It was sealed for it, or for nobody yet.
func (c *regChange) openReport(ctx context.Context, r Report, sealedFor string, body []byte) (dossier.WalletReport, error) {
	if sealedFor != c.rec.ID && sealedFor != UnmatchedSubject {
		return dossier.WalletReport{}, fmt.Errorf("%w: a report of %s", ErrForeign, c.rec.ID)
	}
	var b reportBody
	err := c.unseal(ctx, c.tx, r.place(sealedFor), body, &b)
	return b.Person, err
}

func (s *Store) takeBankReport(ctx context.Context, tx pgx.Tx, r Report, rec *record) error {
	p, err := onePayment(ctx, tx, `key = $1 for update`, r.Key)
	if err != nil {
		return err
	}
	c := s.registrationChange(tx, registration.Step{Subject: rec.ID, Actor: registration.ByBank}, rec, p)
	apply := p.Report
	switch {
	case r.Source == "ops": // a person's word, whatever it leads to
		apply = p.Resolve
		if err := c.note(ctx, "payout_resolved:"+said(r.Type), r.By); err != nil {
			return err
		}
	case p.OrderedAt == nil: // by a database that was put back to before
		if err := c.orderedMeanwhile(ctx, p); err != nil {
			return err
		}
	}
	news := apply(said(r.Type), r.Reason, s.now())
	if err := p.save(ctx, tx); err != nil {
		return err
	}
	switch {
	case rec.EndedAt != nil: // also if it is no news: whoever learned it first may not have told
		return c.endedReturn(ctx, p)
	case !news: // an earlier stage, reported late: recorded, no effect
		return nil
	case p.State == registration.PayoutSent: // which leads nowhere, see [registration.Payment.Leads]
		rec.UpdatedAt = c.at
		return c.save(ctx, rec.Sequence, nil)
	}
	return c.tellChanged(ctx, tellRun)
}
