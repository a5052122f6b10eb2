package postgres

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"shiming/registration"
)

// View returns a registration as callers see it.
func (s *Store) View(ctx context.Context, id string) (view *registration.View, err error) {
	err = s.inSnapshot(ctx, func(q querier) error {
		rec, err := load(ctx, q, id, "")
		if err != nil {
			return err
		}
		all, err := s.views(ctx, q, []*record{rec})
		if err == nil {
			view = all[0]
		}
		return err
	})
	return view, err
}

// Standing is what the API needs to judge an act before it tries it.
type Standing struct {
	AccountID string
	Kind      registration.Kind
	State     registration.State
}

// StandingOf reads a registration's standing.
func (s *Store) StandingOf(ctx context.Context, id string) (Standing, error) {
	rec, err := load(ctx, s.pool, id, "")
	if err != nil {
		return Standing{}, err
	}
	return Standing{rec.AccountID, rec.Kind, rec.State}, nil
}

// WorkflowID names the workflow of the registration or clearing that stands so.
func (st Standing) WorkflowID(id string) string {
	if st.Kind == registration.IdentityClearing {
		return registration.ClearingApplication{ClearingID: id, AccountID: st.AccountID}.WorkflowID()
	}
	return registration.WorkflowID(st.AccountID)
}

// ListFilter chooses registrations. Empty fields choose all.
type ListFilter struct {
	State   registration.State
	Kind    registration.Kind
	Overdue *bool
	Cursor  string
	Limit   int
}

// Page is one page of a list; NextCursor is empty on the last.
type Page[T any] struct {
	Items      []T
	NextCursor string
}

// List returns registrations, newest first. Pages are cut by key, so they stay stable while rows change.
func (s *Store) List(ctx context.Context, f ListFilter) (Page[*registration.View], error) {
	var page Page[*registration.View]
	q := listing{from: "registrations", columns: recordColumns, order: "created_at desc, id desc", limit: f.Limit + 1}
	switch { // the conditions that are always true name an index
	case f.State != "":
		q.where("state = ?", f.State)
	case f.Kind != "" || f.Overdue != nil:
		q.where("char_length(state) > 0")
	default:
		q.where("char_length(id) > 0")
	}
	if f.State != "" || f.Kind != "" || f.Overdue != nil {
		open(&q, "kind", f.Kind, registration.Individual, registration.Enterprise)
		q.flag("overdue", f.Overdue)
	}
	if err := q.beyond(f.Cursor, "(created_at, id) < (?, ?)"); err != nil {
		return page, err
	}
	err := s.inSnapshot(ctx, func(tx querier) error {
		rows, err := tx.Query(ctx, q.sql(), q.args...)
		if err != nil {
			return err
		}
		recs, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[record])
		if err != nil {
			return err
		}
		recs, page.NextCursor = trim(recs, f.Limit, func(r *record) (time.Time, string) { return r.CreatedAt, r.ID })
		page.Items, err = s.views(ctx, tx, recs)
		return err
	})
	return page, err
}

// ErrCursor says that a cursor is none of ours.
var ErrCursor = fmt.Errorf("postgres: unreadable cursor")

func cursor(at time.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(at.UTC().Format(time.RFC3339Nano) + "|" + id))
}

func readCursor(c string) (time.Time, string, error) {
	b, err := base64.RawURLEncoding.DecodeString(c)
	if err != nil {
		return time.Time{}, "", ErrCursor
	}
	when, id, found := strings.Cut(string(b), "|")
	at, err := time.Parse(time.RFC3339Nano, when)
	if err != nil || !found || !utf8.ValidString(id) || strings.ContainsRune(id, 0) {
		return time.Time{}, "", ErrCursor
	}
	return at, id, nil
}

// views completes records with what lies in other tables, in one round trip a table however many they are.
func (s *Store) views(ctx context.Context, q querier, recs []*record) ([]*registration.View, error) {
	ids := make([]string, len(recs))
	for i, r := range recs {
		ids[i] = r.ID
	}
	payments, err := byKey(ctx, q, func(p *payment) string { return p.RegistrationID },
		`select distinct on (registration_id) `+paymentColumns+` from payments where registration_id = any($1) order by registration_id, requested_at desc, id desc`, ids)
	if err != nil {
		return nil, err
	}
	reviews, err := byKey(ctx, q, func(r *reviewRow) string { return r.SubjectID },
		`select distinct on (subject_id) `+reviewShown+` from reviews where subject_id = any($1) order by subject_id, round desc`, ids)
	if err != nil {
		return nil, err
	}
	keys, err := keysOf(ctx, q, reviewedBefore(recs)...)
	if err != nil {
		return nil, err
	}
	type files struct {
		Subject   string
		Documents []registration.Document
	}
	docs, err := byKey(ctx, q, func(f *files) string { return f.Subject }, `select subject, jsonb_agg(jsonb_build_object('slot', slot, 'sha256', sha256,
		'size', size, 'content_type', content_type, 'at', at) order by slot) as documents from documents where subject = any($1) and superseded_at is null group by subject`, ids)
	if err != nil {
		return nil, err
	}
	type busy struct{ RegistrationID string }
	processing, err := byKey(ctx, q, func(b *busy) string { return b.RegistrationID },
		`select distinct registration_id from acts where registration_id = any($1) and finished_at is null and `+shownLater, ids)
	if err != nil {
		return nil, err
	}
	all := make([]*registration.View, len(recs))
	for i, r := range recs {
		if err := s.openReasons(keys, r.ID, r.ReviewRound, r.Corrections); err != nil {
			return nil, err
		}
		v := viewOf(r, payments[r.ID], nil, s.now())
		if d := docs[r.ID]; d != nil {
			v = viewOf(r, payments[r.ID], d.Documents, s.now())
		}
		if v.Review, err = reviews[r.ID].view(s, keys); err != nil {
			return nil, err
		}
		v.Processing = processing[r.ID] != nil
		all[i] = v
	}
	return all, nil
}

// reviewedBefore names those of some registrations that reviewers may have written to.
func reviewedBefore(recs []*record) []string {
	var ids []string
	for _, r := range recs {
		if r.ReviewRound > 0 {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// reviewRow is a review round as it is stored, as far as applicants see it.
type reviewRow struct {
	SubjectID string
	registration.ReviewView
	Kept registration.Corrections
}

const reviewShown = `subject_id, round, submitted_at, due_at, assignee, decision, reasons as kept`

// view is the round as applicants see it, the reviewer's words opened; nil if there is none.
func (r *reviewRow) view(s *Store, keys dataKeys) (*registration.ReviewView, error) {
	if r == nil {
		return nil, nil
	}
	err := s.openReasons(keys, r.SubjectID, r.Round, r.Kept)
	r.Reasons = r.Kept.Reasons()
	return &r.ReviewView, err
}

// byKey collects rows by a key of theirs.
func byKey[T any](ctx context.Context, q querier, key func(*T) string, sql string, args ...any) (map[string]*T, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByNameLax[T])
	if err != nil {
		return nil, err
	}
	m := make(map[string]*T, len(all))
	for _, v := range all {
		m[key(v)] = v
	}
	return m, nil
}

func viewOf(r *record, p *payment, docs []registration.Document, at time.Time) *registration.View {
	if docs == nil {
		docs = []registration.Document{}
	}
	v := &registration.View{
		ID: r.ID, AccountID: r.AccountID, Kind: r.Kind, Name: r.Name, Locale: r.Locale, State: r.State, WaitingOn: r.State.WaitingOn(),
		DueAt: r.DueAt, DueProvisional: r.DueProvisional, Overdue: r.Overdue, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
		LastError: r.LastError, Identity: r.Identity, Company: r.Company, Contact: r.Contact, Documents: docs, Payout: p.view(at),
		Requirements: []registration.Requirement{},
	}
	if v.LastError != nil && v.LastError.Errors == nil {
		v.LastError.Errors = []registration.FieldError{}
	}
	for _, e := range requirements(r, p, docs) {
		v.Requirements = append(v.Requirements, registration.Requirement{Field: registration.Field(e.Location), Code: e.Code, Message: e.Message})
	}
	return v
}

func (p *payment) view(at time.Time) *registration.PayoutView {
	if p == nil {
		return nil
	}
	v := &registration.PayoutView{
		State: p.State, BankAccountLast4: p.BankLast4, AttemptsLeft: p.AttemptsLeft, NotifiedAt: p.NotifiedAt, ExpectedBy: p.ExpectedBy,
		WindowClosesAt: p.WindowClosesAt, Failure: p.Failure, Overdue: p.Overdue,
	}
	if p.outlasted(at) {
		v.WindowClosesAt = nil
	}
	return v
}

// outlasted reports whether a payment waits for its money longer than was announced: its window stays open, and nobody
// knows yet until when.
func (p *payment) outlasted(at time.Time) bool {
	return p != nil && p.Outlasted(at)
}

// Timeline returns what happened to a registration, oldest first.
func (s *Store) Timeline(ctx context.Context, id string) ([]registration.TimelineEntry, error) {
	if _, err := load(ctx, s.pool, id, ""); err != nil {
		return nil, err
	}
	return s.timelineLines(ctx, `select at, event, from_state, to_state, actor, finding_id from timeline where registration_id = $1 order by id`, id)
}

// Account is an account's standing as callers see it.
type Account struct {
	Standing       string
	Kind           *registration.Kind
	Name           *string
	RegistrationID *string
	Identity       *registration.IdentityView
}

// AccountOf says how an account stands: by its running registration, else by its last decision. Whom a registration that
// ended otherwise had proven is not the account's.
func (s *Store) AccountOf(ctx context.Context, accountID string) (Account, error) {
	a := Account{Standing: "unregistered"}
	var identity json.RawMessage
	err := s.pool.QueryRow(ctx, `select case when r.ended_at is null then 'registering' else coalesce(a.standing, 'unregistered') end, r.kind, r.name, r.id,
		case when r.ended_at is null or a.standing = 'active' then r.identity end
		from registrations r left join accounts a on a.account_id = r.account_id
		where r.account_id = $1 order by r.ended_at is null desc, r.id = a.registration_id desc, r.created_at desc limit 1`, accountID).
		Scan(&a.Standing, &a.Kind, &a.Name, &a.RegistrationID, &identity)
	if errors.Is(notFound(err), ErrNotFound) {
		return a, nil
	}
	if err != nil || len(identity) == 0 {
		return a, err
	}
	return a, json.Unmarshal(identity, &a.Identity)
}
