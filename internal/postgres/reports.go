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
		rec, err := lockRegistration(ctx, tx, `id = (`+r.ownerQuery()+`)`, r.Key)
		if unless(err, ErrNotFound) != nil {
			return err
		}
		if err := lockReports(ctx, tx, r.Key); err != nil {
			return err
		}
		owner, matched, err := ownerUnderLock(ctx, tx, r)
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
		return s.takeNewReport(ctx, tx, r, rec)
	})
	return known, err
}

// ownerUnderLock finds the registration that a report's payment or session belongs to, nil if it is nobody's, and whether the
// message is a repeated one: then matched says whether it belonged to anybody.
func ownerUnderLock(ctx context.Context, q querier, r Report) (owner *string, matched *bool, err error) {
	err = q.QueryRow(ctx, `select (`+r.ownerQuery()+`), (select registration_id is not null from reports where source = $2 and message_id = $3)`,
		r.Key, r.Source, r.MessageID).Scan(&owner, &matched)
	return owner, matched, err
}

func (r Report) ownerQuery() string {
	if r.Source == "wallet" {
		return `select registration_id from admin_sessions where session_id = $1`
	}
	return `select registration_id from payments where key = $1`
}

func (s *Store) takeNewReport(ctx context.Context, tx pgx.Tx, r Report, rec *record) error {
	if err := s.keepReport(ctx, tx, r, rec); err != nil || rec == nil {
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

func (s *Store) keepReport(ctx context.Context, tx pgx.Tx, r Report, owner *record) error {
	subject, registrationID := UnmatchedSubject, (*string)(nil)
	if owner != nil {
		subject, registrationID = owner.ID, &owner.ID
	}
	body, subject, err := s.sealReport(ctx, tx, subject, r)
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

// sealReport seals a report for its owner; for everybody's subject if it has none, or if its data was erased: a bank's
// word is kept all the same.
func (s *Store) sealReport(ctx context.Context, tx pgx.Tx, subject string, r Report) (body []byte, sealedFor string, err error) {
	v := reportBody{Reason: r.Reason, Person: r.Person, By: r.By}
	body, err = s.seal(ctx, tx, r.place(subject), v)
	if !errors.Is(err, ErrErased) && !errors.Is(err, ErrNotFound) {
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
