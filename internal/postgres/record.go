package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"shiming/registration"
)

// row is what the row of a registration and that of a clearing have in common.
type row struct {
	ID          string
	Locale      registration.Locale
	State       registration.State
	Sequence    int64
	CreatedAt   time.Time
	UpdatedAt   time.Time
	LastActAt   time.Time
	StateSince  time.Time
	EndedAt     *time.Time
	LastError   *registration.LastError
	Corrections registration.Corrections
	ReviewRound int
	mirror
}

const rowColumns = `id, locale, state, sequence, created_at, updated_at, last_act_at, state_since, ended_at, last_error, corrections, review_round, ` + mirrorColumns

// newRow is the row of what comes to be now.
func newRow(id string, locale registration.Locale, state registration.State, at time.Time) row {
	return row{ID: id, Locale: locale, State: state, Sequence: 1, CreatedAt: at, UpdatedAt: at, LastActAt: at, StateSince: at}
}

// activity is when somebody last did something about it.
func (r *row) activity() registration.Activity {
	return registration.Activity{LastAct: r.LastActAt, StateSince: r.StateSince}
}

// setError keeps why something was refused for the applicant to find.
func (r *row) setError(code registration.Code, fields []registration.FieldError, at time.Time) {
	r.LastError = &registration.LastError{Code: code, Message: registration.Explain(code, r.Locale), Errors: fields, At: at}
}

// record is a registration's row.
type record struct {
	row
	AccountID      string
	Kind           registration.Kind
	Name           string
	DueAt          *time.Time
	DueProvisional bool
	Overdue        bool
	ApplicantRef   string
	IdentityRef    *string
	CompanyRef     *string
	ContactRef     *string
	Binding        *binding
	Identity       *registration.IdentityView
	Company        *registration.CompanyView
	Contact        *registration.ContactView
	CompanyProof   *string
	// RefusedBank is the fingerprint of the bank account that was last refused a payment for the limit.
	RefusedBank      []byte
	RefusedBankLast4 *string
	read             []string // the vault items that it named when it was read
}

// binding is a card binding under way.
type binding struct {
	ID     string    `json:"id"` // the bank's
	Card   string    `json:"card_ref"`
	Act    string    `json:"act"` // that handed the card in; empty: before it was kept
	SentAt time.Time `json:"sent_at"`
	Sends  int       `json:"sends"`
	Wrong  int       `json:"wrong"`
}

const recordColumns = rowColumns + `, account_id, kind, name, due_at, due_provisional, overdue, applicant_ref, identity_ref,
	company_ref, contact_ref, binding, identity, company, contact, company_proof, refused_bank, refused_bank_last4`

// load reads a registration; lock is "" or "for update".
func load(ctx context.Context, q querier, id, lock string) (*record, error) {
	rows, err := q.Query(ctx, `select `+recordColumns+` from registrations where id = $1 `+lock, id)
	if err != nil {
		return nil, err
	}
	rec, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[record])
	if err != nil {
		return nil, notFound(err)
	}
	rec.read = rec.items()
	return rec, nil
}

// items are the vault items that the row names and that another can take the place of.
func (r *record) items() []string {
	var refs []string
	for _, ref := range []*string{r.IdentityRef, r.CompanyRef, r.ContactRef} {
		if ref != nil {
			refs = append(refs, *ref)
		}
	}
	return refs
}

// insert stores a new registration.
func (r *record) insert(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `insert into registrations (id, account_id, kind, name, locale, state, sequence, created_at, updated_at,
		last_act_at, state_since, applicant_ref) values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $8, $8, $9)`,
		r.ID, r.AccountID, r.Kind, r.Name, r.Locale, r.State, r.Sequence, r.CreatedAt, r.ApplicantRef)
	return err
}

// beside is what is written in one statement with a row: common table expressions, with their parameters. nil: nothing.
type beside func(p *parameters) string

// with puts them in front of a statement, whose own parameters come first.
func (b beside) with(sql string, args ...any) (string, []any) {
	if b == nil {
		return sql, args
	}
	p := parameters{args}
	if others := b(&p); others != "" {
		sql = "with " + others + " " + sql
	}
	return sql, p.all
}

// save writes every column that can change, if nobody wrote the row since it was read, and forgets the vault items that it names
// no longer.
func (r *record) save(ctx context.Context, tx pgx.Tx, readSequence int64, others beside) error {
	sql, args := others.with(`update registrations set name = $3, state = $4, sequence = $5, updated_at = $6,
		last_act_at = $7, state_since = $8, ended_at = $9, due_at = $10, due_provisional = $11, overdue = $12, last_error = $13,
		corrections = $14, review_round = $15, identity_ref = $16, company_ref = $17, contact_ref = $18, binding = $19, identity = $20,
		company = $21, contact = $22, company_proof = $23, refused_bank = $24, refused_bank_last4 = $25,
		version = $26, acknowledged = $27, run_id = $28, run_missing_since = $29, held_at = $30
		where id = $1 and sequence = $2`,
		r.ID, readSequence, r.Name, r.State, r.Sequence, r.UpdatedAt, r.LastActAt, r.StateSince, r.EndedAt,
		r.DueAt, r.DueProvisional, r.Overdue, jsonb(r.LastError), r.written(), r.ReviewRound, r.IdentityRef, r.CompanyRef, r.ContactRef,
		jsonb(r.Binding), jsonb(r.Identity), jsonb(r.Company), jsonb(r.Contact), r.CompanyProof,
		r.RefusedBank, r.RefusedBankLast4, r.Version, r.Acknowledged, r.RunID, r.RunMissingSince, r.HeldAt)
	if err := r.saved(tx.Exec(ctx, sql, args...)); err != nil {
		return err
	}
	for _, ref := range r.read {
		if slices.Contains(r.items(), ref) {
			continue
		}
		if err := dropSuperseded(ctx, tx, ref); err != nil {
			return err
		}
	}
	r.read = r.items()
	return nil
}

// saved sees to it that the row was written: that nobody else wrote it since it was read.
func (r *row) saved(tag pgconn.CommandTag, err error) error {
	if err == nil && tag.RowsAffected() != 1 {
		err = fmt.Errorf("postgres: %s was written by somebody else meanwhile", r.ID)
	}
	return err
}

// written are the corrections as they are stored: none is an empty list.
func (r *row) written() any {
	if r.Corrections == nil {
		return registration.Corrections{}
	}
	return r.Corrections
}

// jsonb makes a nil pointer SQL null rather than JSON null.
func jsonb[T any](v *T) any {
	if v == nil {
		return nil
	}
	return v
}

// role is the administrator's, empty for an individual.
func (r *record) role() registration.Role {
	if r.Identity == nil || r.Identity.Role == nil {
		return ""
	}
	return *r.Identity.Role
}

// facts are what the table's guards look at.
func (r *record) facts() registration.Facts {
	f := registration.Facts{CorrectionsLeft: r.Corrections.Left(), CompanyUnproven: r.CompanyProof == nil}
	for _, c := range r.Corrections {
		f.IdentityNamed = f.IdentityNamed || c.Field == registration.FieldIdentity
	}
	return f
}
