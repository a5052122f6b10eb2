package workflowtest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"shiming/activities"
	"shiming/internal/devstack/storetest"
	"shiming/internal/dossier"
	"shiming/internal/postgres"
	"shiming/internal/wallet"
	"shiming/internal/workday"
	"shiming/registration"
)

// T is what a world needs of a test: testing.T's part that rapid's has too.
type T interface {
	require.TestingT
	Helper()
	Logf(format string, args ...any)
}

// World is everything around the registrations of one test.
type World struct {
	T      T
	Store  *postgres.Store
	Cal    workday.Calendar
	Bank   *Bank
	Wallet *Wallet
	Purse  *Purse // the wallet's part in clearings
	Mail   *Mail
	SMS    *SMS
	Faults *Faults

	post        *activities.Post
	payouts     *activities.Payouts
	undelivered []string  // notices whose provider was away
	unpaid      []*payout // payouts under way
	runs        map[string]*Run

	mu  sync.Mutex
	now func() time.Time
}

// Monday is when worlds begin unless told otherwise: a working day with none but working days around it.
func Monday() time.Time {
	return time.Date(2026, 6, 1, 10, 0, 0, 0, time.FixedZone("CST", 8*60*60))
}

// New makes a world with a database of its own. cal nil is the real calendar.
func New(t testing.TB, start time.Time, cal workday.Calendar) *World {
	t.Helper()
	if cal == nil {
		var err error
		cal, err = workday.New()
		require.NoError(t, err)
	}
	w := &World{T: t, Cal: cal, Bank: newBank(), Mail: &Mail{}, SMS: &SMS{}, Faults: &Faults{}, runs: map[string]*Run{}}
	w.Wallet = &Wallet{sessions: map[string]wallet.Session{}, now: w.Now}
	w.Purse = newPurse(w.Now)
	w.setClock(func() time.Time { return start })
	store := storetest.OpenBy(t, cal)
	w.Store = store.WithClock(w.Now)
	w.post = &activities.Post{Mail: w.Mail, SMS: w.SMS, Book: w.Store, Reviewers: "reviewers@example.com", Ops: "ops@example.com"}
	w.payouts = &activities.Payouts{Bank: w.Bank, Book: w.Store, Post: w.post}
	return w
}

// Now is the time in this world.
func (w *World) Now() time.Time {
	w.mu.Lock()
	now := w.now
	w.mu.Unlock()
	return now()
}

func (w *World) setClock(now func() time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = now
}

// Pass lets time pass while no registration runs.
func (w *World) Pass(d time.Duration) {
	then := w.Now().Add(d)
	w.setClock(func() time.Time { return then })
}

// Activities are the real ones, over this world's parties.
func (w *World) Activities() activities.All {
	return activities.All{
		Steps:     w.Store.Steps(),
		Cards:     &activities.Cards{Bank: w.Bank, Book: w.Store, Now: w.Now},
		Sessions:  &activities.Sessions{Wallet: w.Wallet, Book: w.Store},
		Payouts:   w.payouts,
		Post:      w.post,
		Clearance: &activities.Clearance{Wallet: w.Purse, Book: w.Store},
	}
}

// Application is a new application of an account. The nth person's mailbox and phone are registered.
func (w *World) Application(kind registration.Kind, accountID string, n int) registration.Application {
	w.T.Helper()
	ctx := context.Background()
	id := registration.NewID("reg")
	require.NoError(w.T, w.Store.NewSubject(ctx, id))
	contact := Contact(n)
	ref, err := w.Store.Put(ctx, postgres.Own(id), dossier.PurposeApplicant, dossier.Applicant{Name: "Harbour Light", Email: "registered-" + contact.Email, Phone: contact.Phone})
	require.NoError(w.T, err)
	return registration.Application{RegistrationID: id, AccountID: accountID, Kind: kind, Locale: registration.English, ApplicantRef: ref}
}

// Verified adds the person the wallet has verified already.
func (w *World) Verified(app registration.Application, p dossier.Person) registration.Application {
	w.T.Helper()
	var err error
	app.IdentityRef, err = w.Store.Put(context.Background(), postgres.Own(app.RegistrationID), dossier.PurposeIdentity, p)
	require.NoError(w.T, err)
	return app
}

// Trouble ends whatever ails the parties (with false), or makes all of them unreachable.
func (w *World) Trouble(on bool) {
	w.Mail.Down(on)
	w.SMS.Down(on)
	w.Faults.LoseAfter("", 0)
	w.Faults.LoseBefore("", 0)
	w.Wallet.TurnAway(0)
	w.Bank.Ask(func(b *Bank) {
		b.Busy, b.Mute, b.RefuseTransfer, b.RefuseCard = 0, 0, "", ""
		if on {
			b.Busy = -1
		}
	})
}

// Forget ends what is left of one sequence of registrations before the next begins in the same world.
func (w *World) Forget() {
	w.undelivered, w.unpaid, w.runs = nil, nil, map[string]*Run{}
	w.Pass(0)
	_, err := w.Store.Pool().Exec(context.Background(), `delete from outbox`)
	require.NoError(w.T, err)
}

// Strings runs a query for one column of text.
func (w *World) Strings(sql string, args ...any) []string {
	w.T.Helper()
	rows, err := w.Store.Pool().Query(context.Background(), sql, args...)
	require.NoError(w.T, err)
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(w.T, err)
	return all
}

// States is where registrations stand, by their ids.
func (w *World) States(ids []string) map[string]registration.State {
	w.T.Helper()
	rows, err := w.Store.Pool().Query(context.Background(), `select id, state from registrations where id = any($1)`, ids)
	require.NoError(w.T, err)
	states := map[string]registration.State{}
	var id string
	var state registration.State
	_, err = pgx.ForEachRow(rows, []any{&id, &state}, func() error { states[id] = state; return nil })
	require.NoError(w.T, err)
	return states
}

// Count runs a query that counts.
func (w *World) Count(sql string, args ...any) int {
	w.T.Helper()
	var n int
	require.NoError(w.T, w.Store.Pool().QueryRow(context.Background(), sql, args...).Scan(&n))
	return n
}
