package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/chinaid"
	"shiming/internal/dossier"
	"shiming/registration"
)

// AdminSession is a QR session for an administrator's identity.
type AdminSession struct {
	SessionID string
	Role      registration.Role
	QRPayload string
	ExpiresAt time.Time
}

// MayChooseRole judges, before the wallet is asked for a session, whether the administrator may be chosen now;
// [Store.SessionOpened] judges again under the row's lock.
func (s *Store) MayChooseRole(ctx context.Context, registrationID string) (*registration.Refusal, error) {
	r, err := load(ctx, s.pool, registrationID, "")
	if err != nil {
		return nil, err
	}
	return r.roleSettled(ctx, s.pool)
}

// roleSettled refuses another choice of the administrator's role once company information is on file, unless the newest was
// refused because of that role: the way out of question 4 (guide section 6) must not be closed.
func (r *record) roleSettled(ctx context.Context, q querier) (*registration.Refusal, error) {
	if r.State == registration.AdminIdentityRequired || r.State == registration.CompanyRequired {
		return nil, nil
	}
	var refused bool
	err := q.QueryRow(ctx, `select coalesce((select refusal ->> 'code' = $3 from acts where registration_id = $1 and act = $2 and finished_at is not null
		order by finished_at desc limit 1), false)`, r.ID, registration.ActCompany, registration.CodeAdminMustBeAgent).Scan(&refused)
	switch {
	case err != nil || refused:
		return nil, err
	case r.State == registration.CorrectionRequired:
		return r.locked(), nil
	}
	return &registration.Refusal{Code: registration.CodeWrongState, State: r.State}, nil
}

// SessionOpened keeps the session that the wallet has opened for an act, with the role that was chosen, and makes it the current
// one in place of any before. Its QR payload never passes through the engine. A report of it that came before we had stored the
// session is taken up at once.
func (s *Store) SessionOpened(ctx context.Context, step registration.Step, session AdminSession) (registration.StepResult, error) {
	return s.takeAct(ctx, step, registration.ActAdminSession, of(func(c *regChange, ctx context.Context) (*registration.Refusal, error) {
		if refusal, err := c.rec.roleSettled(ctx, c.tx); refusal != nil || err != nil {
			return refusal, err
		}
		if err := c.keepSession(ctx, session); err != nil {
			return nil, err
		}
		if c.rec.State != registration.AdminIdentityRequired { // whoever it was, the new scan says who it is
			c.rec.Identity, c.rec.IdentityRef = nil, nil
			return nil, c.move(ctx, registration.AdminReopened)
		}
		return nil, nil
	}))
}

func (c *regChange) keepSession(ctx context.Context, a AdminSession) error {
	if err := lockReports(ctx, c.tx, a.SessionID); err != nil {
		return err
	}
	if _, err := c.tx.Exec(ctx, `update admin_sessions set current = false where registration_id = $1 and current`, c.rec.ID); err != nil {
		return err
	}
	if _, err := c.tx.Exec(ctx, `insert into admin_sessions (session_id, registration_id, act_id, role, qr_payload, expires_at, created_at, current)
		values ($1, $2, $3, $4, $5, $6, $7, true)
		on conflict (session_id) do update set current = true where admin_sessions.registration_id = excluded.registration_id`,
		a.SessionID, c.rec.ID, c.step.ActID, c.step.Role, a.QRPayload, a.ExpiresAt, c.at); err != nil {
		return err
	}
	tag, err := c.tx.Exec(ctx, `update reports set registration_id = $2 where source = 'wallet' and key = $1 and registration_id is null`, a.SessionID, c.rec.ID)
	if err != nil || tag.RowsAffected() == 0 {
		return err
	}
	return tellRun(ctx, c.tx, c.rec.ID, c.rec.Version, c.at)
}

// followSession takes what the wallet said of the current session, if it was not taken yet; anything else changes nothing.
// Whether a scan came before the session expired is the wallet's to judge: its report may be late, and its clock is its own.
func (c *regChange) followSession(ctx context.Context) error {
	if c.rec.State != registration.AdminIdentityRequired {
		return nil
	}
	s, err := c.scannedSession(ctx)
	if s == nil || err != nil {
		return err
	}
	if _, err := c.tx.Exec(ctx, `update reports set followed_at = $2 where source = 'wallet' and key = $1 and followed_at is null`, s.id, c.at); err != nil {
		return err
	}
	person, verified, err := c.scanned(ctx, s)
	if err != nil {
		return err
	}
	if !verified {
		c.setError(registration.CodeAdminNotVerified)
		return nil
	}
	c.rec.LastActAt = c.at
	if refusal, err := c.proveAdministrator(ctx, person, s.role); refusal == nil || err != nil {
		return err
	}
	_, err = c.tx.Exec(ctx, `update admin_sessions set current = false where session_id = $1`, s.id) // it has had its answer
	return err
}

// proveAdministrator proves an administrator by scan, unless the company that is proven already has another legal
// representative than one who claims to be it (guide section 6, question 4). A name on file that is still to be corrected
// proves nobody wrong: the corrected one is compared when it is handed in.
func (c *regChange) proveAdministrator(ctx context.Context, p dossier.Person, role registration.Role) (*registration.Refusal, error) {
	if role == registration.LegalRepresentative && c.rec.CompanyProof != nil && !c.rec.Corrections.Awaits(registration.FieldLegalRep) {
		company, err := c.companyOnFile(ctx)
		if err != nil {
			return nil, err
		}
		if !chinaid.SameName(p.Holder, company.LegalRepresentative) {
			c.setError(registration.CodeAdminMustBeAgent)
			return registration.Refuse(registration.CodeAdminMustBeAgent), c.move(ctx, registration.IdentityRefused)
		}
	}
	return c.provePerson(ctx, p, registration.ByQRScan, role)
}

// scannedSession is the current session with what the wallet has said of it.
type scannedSession struct {
	id        string
	role      registration.Role
	message   *string // of the newest report that says who it was; nil: there is none
	sealedFor *string
	body      []byte
}

// scannedSession reads the current session if the wallet has said something of it that was not followed; else nil.
func (c *regChange) scannedSession(ctx context.Context) (*scannedSession, error) {
	var s scannedSession
	err := c.tx.QueryRow(ctx, `select s.session_id, s.role, v.message_id, v.sealed_for, v.body from admin_sessions s
		left join lateral (select message_id, sealed_for, body from reports where source = 'wallet' and key = s.session_id and type = 'session.verified'
			order by received_at desc limit 1) v on true
		where s.registration_id = $1 and s.current and exists (select from reports where source = 'wallet' and key = s.session_id and followed_at is null)`,
		c.rec.ID).Scan(&s.id, &s.role, &s.message, &s.sealedFor, &s.body)
	if err != nil {
		return nil, unless(err, pgx.ErrNoRows)
	}
	return &s, nil
}

// scanned opens who a session verified; verified is false if the wallet reported failures only.
func (c *regChange) scanned(ctx context.Context, s *scannedSession) (p dossier.Person, verified bool, err error) {
	if s.message == nil {
		return p, false, nil
	}
	report, err := c.openReport(ctx, Report{Source: "wallet", Key: s.id, MessageID: *s.message}, *s.sealedFor, s.body)
	return dossier.Person{Holder: report.Holder, IDNumber: report.IDNumber}, err == nil, err
}
