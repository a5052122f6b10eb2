package workflowtest

import (
	"context"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/internal/dossier"
	"shiming/internal/postgres"
	"shiming/registration"
)

// Do performs an applicant's act as the API does: noted, its input in the vault, and told to the workflow.
func (r *Run) Do(act registration.Act, purpose string, input any) (registration.Answer, *registration.Refusal) {
	r.w.T.Helper()
	p, refusal := r.BeginDo(act, purpose, input)
	if refusal != nil {
		return registration.Answer{}, refusal
	}
	r.Wait(p)
	return p.Answer, r.refusal(p.Err)
}

// BeginDo is Do without waiting for the answer.
func (r *Run) BeginDo(act registration.Act, purpose string, input any) (*Pending, *registration.Refusal) {
	r.w.T.Helper()
	ctx := context.Background()
	args := registration.ActArgs{ActID: registration.NewID("act"), Actor: registration.ByApplicant}
	if role, ok := input.(registration.Role); ok {
		args.Role, input = role, nil
	}
	known, refusal, err := r.w.Store.BeginAct(ctx, postgres.Act{
		ID: args.ActID, RegistrationID: r.App.RegistrationID, Act: act, Actor: args.Actor, Role: args.Role,
	}, purpose, input)
	require.NoError(r.w.T, err)
	if refusal != nil {
		return nil, refusal
	}
	if known.InputRef != nil {
		args.InputRef = *known.InputRef
	}
	return r.Begin(act, args), nil
}

// Card hands in a debit card.
func (r *Run) Card(card dossier.Card) *registration.Refusal {
	r.w.T.Helper()
	_, refusal := r.Do(registration.ActCard, dossier.PurposeCard, card)
	return refusal
}

// Code enters an SMS code.
func (r *Run) Code(code string) *registration.Refusal {
	r.w.T.Helper()
	_, refusal := r.Do(registration.ActCardCode, dossier.PurposeCode, dossier.Code{Code: code})
	return refusal
}

// Session opens a QR session and returns its id.
func (r *Run) Session(role registration.Role) (string, *registration.Refusal) {
	r.w.T.Helper()
	p, refusal := r.BeginDo(registration.ActAdminSession, "", role)
	if refusal != nil {
		return "", refusal
	}
	r.Wait(p)
	if refusal := r.refusal(p.Err); refusal != nil {
		return "", refusal
	}
	var id string
	err := r.w.Store.Pool().QueryRow(context.Background(), `select session_id from admin_sessions where registration_id = $1 and current`, r.App.RegistrationID).Scan(&id)
	require.NoError(r.w.T, err)
	return id, nil
}

// Scan has the wallet report that a person has scanned a session.
func (r *Run) Scan(sessionID string, p dossier.Person) {
	r.w.T.Helper()
	r.w.Report(postgres.Report{Source: "wallet", Type: "session.verified", Key: sessionID, Person: dossier.WalletReport{Holder: p.Holder, IDNumber: p.IDNumber}})
	r.Settle()
}

// Report stores a report as the webhook does; without a message id it gets one of its own.
func (w *World) Report(report postgres.Report) bool {
	w.T.Helper()
	if report.MessageID == "" {
		report.MessageID = registration.NewID("msg")
	}
	known, err := w.Store.TakeReport(context.Background(), report)
	require.NoError(w.T, err)
	return known
}

// Company hands in company information.
func (r *Run) Company(company dossier.Company) *registration.Refusal {
	r.w.T.Helper()
	_, refusal := r.Do(registration.ActCompany, dossier.PurposeCompany, company)
	return refusal
}

// Payout asks for a new payment.
func (r *Run) Payout() *registration.Refusal {
	r.w.T.Helper()
	_, refusal := r.Do(registration.ActPayout, "", nil)
	return refusal
}

// Payment is the newest penny payment as the database has it.
type Payment struct {
	ID, Key, State, BankState  string
	AttemptsLeft               int
	NotifiedAt, ExpectedBy     *time.Time
	WindowClosesAt, AcceptedAt *time.Time
	Overdue                    bool
}

// Payment reads the newest penny payment.
func (r *Run) Payment() Payment {
	r.w.T.Helper()
	var p Payment
	err := r.w.Store.Pool().QueryRow(context.Background(), `select id, key, state, bank_state, attempts_left, notified_at, expected_by, window_closes_at, accepted_at,
		overdue from payments where registration_id = $1 order by requested_at desc, id desc limit 1`, r.App.RegistrationID).
		Scan(&p.ID, &p.Key, &p.State, &p.BankState, &p.AttemptsLeft, &p.NotifiedAt, &p.ExpectedBy, &p.WindowClosesAt, &p.AcceptedAt, &p.Overdue)
	require.NoError(r.w.T, err)
	return p
}

// BankSays has the bank report on the newest payment.
func (r *Run) BankSays(kind, reason string) {
	r.w.T.Helper()
	r.w.Report(postgres.Report{Source: "bank", Type: kind, Key: r.Payment().Key, Reason: reason})
	r.Settle()
}

// Amount is what the bank has paid, as the company reads it off its statement.
func (r *Run) Amount() int64 {
	r.w.T.Helper()
	paid := r.w.Bank.Find(r.Payment().Key)
	require.NotNil(r.w.T, paid, "nothing was paid")
	return paid.AmountFen
}

// Deposit enters an amount, in fen.
func (r *Run) Deposit(fen int64) *registration.Refusal {
	r.w.T.Helper()
	_, refusal := r.Do(registration.ActDeposit, dossier.PurposeAmount, dossier.Amount{Fen: fen})
	return refusal
}

// WrongAmount is an amount in range that was not paid.
func (r *Run) WrongAmount() int64 {
	r.w.T.Helper()
	return r.Amount()%99 + 1
}

// SetContact hands in contact information.
func (r *Run) SetContact(c dossier.Contact) *registration.Refusal {
	r.w.T.Helper()
	refusal, err := r.w.Store.SetContact(context.Background(), r.App.RegistrationID, c)
	require.NoError(r.w.T, err)
	return refusal
}

// Upload hands in documents.
func (r *Run) Upload(slots ...registration.Slot) *registration.Refusal {
	r.w.T.Helper()
	for _, slot := range slots {
		doc := postgres.NewDocument{BlobKey: registration.NewID("blb"), Document: registration.Document{
			Slot: slot, SHA256: strings.Repeat("a", 64), Size: 1, ContentType: "image/png", At: r.w.Now(),
		}}
		refusal, err := r.w.Store.SetDocument(context.Background(), r.App.RegistrationID, doc)
		require.NoError(r.w.T, err)
		if refusal != nil {
			return refusal
		}
	}
	return nil
}

// Submit submits.
func (r *Run) Submit() *registration.Refusal {
	r.w.T.Helper()
	_, refusal := r.Do(registration.ActSubmit, "", nil)
	return refusal
}

// Withdraw withdraws.
func (r *Run) Withdraw() *registration.Refusal {
	r.w.T.Helper()
	_, refusal := r.Do(registration.ActWithdraw, "", nil)
	return refusal
}

// Decide decides as a reviewer.
func (r *Run) Decide(d dossier.Decision) *registration.Refusal {
	r.w.T.Helper()
	if d.Reviewer == "" {
		d.Reviewer = "reviewer-1"
	}
	args := registration.ActArgs{ActID: registration.NewID("act"), Actor: registration.Actor("reviewer:" + d.Reviewer)}
	act := postgres.Act{ID: args.ActID, RegistrationID: r.App.RegistrationID, Act: registration.ActDecide, Actor: args.Actor}
	known, refusal, err := r.w.Store.BeginAct(context.Background(), act, dossier.PurposeDecision, d)
	require.NoError(r.w.T, err)
	require.Nil(r.w.T, refusal)
	args.InputRef = *known.InputRef
	_, refusal = r.Try(registration.ActDecide, args)
	return refusal
}

// Approve approves.
func (r *Run) Approve() *registration.Refusal { return r.Decide(dossier.Decision{Decision: "approve"}) }

// Reject asks for corrections of fields.
func (r *Run) Reject(fields ...registration.Field) *registration.Refusal {
	d := dossier.Decision{Decision: "reject"}
	for _, f := range fields {
		d.Reasons = append(d.Reasons, registration.Reason{Field: f, Code: "mismatch", Message: "Please correct this."})
	}
	return r.Decide(d)
}

// View is the registration as callers see it.
func (r *Run) View() *registration.View {
	r.w.T.Helper()
	if registration.IsClearingID(r.App.RegistrationID) {
		k, err := r.w.Store.ClearingView(context.Background(), r.App.RegistrationID)
		require.NoError(r.w.T, err)
		return &registration.View{ID: k.ID, State: k.State, Review: k.Review}
	}
	v, err := r.w.Store.View(context.Background(), r.App.RegistrationID)
	require.NoError(r.w.T, err)
	return v
}

// State is where the registration stands, by the database.
func (r *Run) State() registration.State {
	r.w.T.Helper()
	return r.View().State
}
