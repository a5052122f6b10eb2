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
func (s *Store) View(ctx context.Context, id string) (*registration.View, error) {
	return s.ViewAfter(ctx, id, Leftover{})
}

// viewOne reads one registration with all that is shown of it.
const viewOne = `select ` + shownColumns + `, ` + reviewersKey + ` from (select ` + recordColumns + ` from registrations where id = $1) r` + alongside

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
	all, err := s.views(ctx, q.sql(), q.args...)
	if err != nil {
		return page, err
	}
	all, page.NextCursor = trim(all, f.Limit, func(r *shownRecord) (time.Time, string) { return r.CreatedAt, r.ID })
	page.Items = make([]*registration.View, len(all))
	for i, r := range all {
		if page.Items[i], err = s.view(r); err != nil {
			return page, err
		}
	}
	return page, nil
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

// shownRecord is a registration's row with what lies in other tables and is shown with it.
type shownRecord struct {
	record
	shownPayment
	shownReview
	Documents  []registration.Document
	Processing bool   // an act that was answered 202 is under way
	DataKey    []byte // wrapped; only if reviewers may have written something
}

// shownPayment is the newest payment, as far as it is shown. All of it is null if there is none.
type shownPayment struct {
	PayoutState        *registration.PayoutState
	PayoutLast4        *string
	PayoutLeft         *int
	PayoutNotified     *time.Time
	PayoutSettled      *time.Time
	PayoutExpected     *time.Time
	PayoutWindowCloses *time.Time
	PayoutFailure      *string
	PayoutOverdue      *bool
}

// shownReview is the newest review round, as far as applicants see it. All of it is null if nothing was submitted.
type shownReview struct {
	RoundNumber    *int
	RoundSubmitted *time.Time
	RoundDue       *time.Time
	RoundAssignee  *string
	RoundDecision  *string
	RoundReasons   registration.Corrections
}

// alongside joins to registrations r what is shown with them, in the one statement that reads them: it is all of one moment.
const alongside = `
	left join lateral (select state as payout_state, bank_last4 as payout_last4, attempts_left as payout_left, notified_at as payout_notified,
			settled_at as payout_settled, expected_by as payout_expected, window_closes_at as payout_window_closes, failure as payout_failure,
			overdue as payout_overdue
		from payments where registration_id = r.id order by requested_at desc, id desc limit 1) p on true
	left join lateral (select ` + roundShown + ` from reviews where subject_id = r.id order by round desc limit 1) v on true`

const roundShown = `round as round_number, submitted_at as round_submitted, due_at as round_due, assignee as round_assignee, decision as round_decision,
	reasons as round_reasons`

// documentsOf are the documents of a row r as JSON, null if there are none.
const documentsOf = `(select jsonb_agg(jsonb_build_object('slot', slot, 'sha256', sha256, 'size', size, 'content_type', content_type, 'at', at) order by slot)
	from documents where subject = r.id and superseded_at is null)`

// processingOf is true if an act on a row r that was answered 202 is under way.
const processingOf = `exists (select from acts where registration_id = r.id and finished_at is null and ` + shownLater + `)`

// shownColumns are what a registration r, with what is alongside, is shown of.
const shownColumns = `r.*, p.*, v.*, ` + documentsOf + ` as documents, ` + processingOf + ` as processing`

// reviewersKey is the data key of a registration r, if reviewers may have written something.
const reviewersKey = `case when r.review_round > 0 then (select wrapped from vault_keys where subject = r.id) end as data_key`

// views reads the registrations that a query of their rows chooses, in its order, each with all that is shown of it.
func (s *Store) views(ctx context.Context, sql string, args ...any) ([]*shownRecord, error) {
	rows, err := s.pool.Query(ctx, `select `+shownColumns+`, `+reviewersKey+` from (`+sql+`) r`+alongside+` order by r.created_at desc, r.id desc`, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[shownRecord])
}

// view is a registration as callers see it, the reviewer's words opened.
func (s *Store) view(r *shownRecord) (*registration.View, error) {
	keys := dataKeys{}
	if r.DataKey != nil {
		keys[r.ID] = r.DataKey
	}
	if err := s.openReasons(keys, r.ID, r.ReviewRound, r.Corrections); err != nil {
		return nil, err
	}
	v := viewOf(&r.record, r.payment(), r.Documents, s.now())
	v.Processing = r.Processing
	var err error
	v.Review, err = r.round(s, r.ID, keys)
	return v, err
}

// payment is the newest payment as far as it is shown, nil if there is none.
func (p *shownPayment) payment() *payment {
	if p.PayoutState == nil {
		return nil
	}
	shown := &payment{BankLast4: *p.PayoutLast4}
	shown.State, shown.AttemptsLeft, shown.Failure, shown.Overdue = *p.PayoutState, *p.PayoutLeft, p.PayoutFailure, *p.PayoutOverdue
	shown.NotifiedAt, shown.SettledAt = p.PayoutNotified, p.PayoutSettled
	shown.ExpectedBy, shown.WindowClosesAt = p.PayoutExpected, p.PayoutWindowCloses
	return shown
}

// round is the newest review round as applicants see it, the reviewer's words opened; nil if there is none.
func (v *shownReview) round(s *Store, subject string, keys dataKeys) (*registration.ReviewView, error) {
	if v.RoundNumber == nil {
		return nil, nil
	}
	err := s.openReasons(keys, subject, *v.RoundNumber, v.RoundReasons)
	return &registration.ReviewView{
		Round: *v.RoundNumber, SubmittedAt: *v.RoundSubmitted, DueAt: *v.RoundDue, Assignee: v.RoundAssignee, Decision: v.RoundDecision,
		Reasons: v.RoundReasons.Reasons(),
	}, err
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
	return p.open() && p.SettledAt == nil && p.WindowClosesAt != nil && !at.Before(*p.WindowClosesAt)
}

// Timeline returns what happened to a registration, oldest first.
func (s *Store) Timeline(ctx context.Context, id string) ([]registration.TimelineEntry, error) {
	lines, err := s.timelineLines(ctx, `select at, event, from_state, to_state, actor, finding_id from timeline where registration_id = $1 order by id`, id)
	if err == nil && len(lines) == 0 { // its opening is a line
		return nil, ErrNotFound
	}
	return lines, err
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
