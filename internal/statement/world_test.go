package statement_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/internal/bank"
	"shiming/internal/devstack/stacktest"
	"shiming/internal/dossier"
	"shiming/internal/postgres"
	"shiming/internal/sandbox"
	"shiming/internal/statement"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

func TestMain(m *testing.M) { stacktest.Main(m) }

// world is a database, the sandbox's bank over HTTP, and the job, whose days pass at the test's word.
type world struct {
	*workflowtest.World
	t    *testing.T
	url  string
	bank *bank.Client
	job  *statement.Keeper
	asks int // how often a statement was asked for
	// rewrite changes what the bank has written of a day before it arrives.
	rewrite func(of statement.Day, entries []bank.StatementEntry) []bank.StatementEntry
	// meanwhile is done when the bank has written a statement and before it arrives.
	meanwhile func(of statement.Day)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s, err := sandbox.New(sandbox.Config{SettleDelay: time.Millisecond})
	require.NoError(t, err)
	server := httptest.NewServer(s)
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		server.Close()
	})
	w := &world{World: workflowtest.New(t, time.Now(), nil), t: t, url: server.URL}
	w.bank, err = bank.New(bank.Config{BaseURL: server.URL, APIKey: "key"})
	require.NoError(t, err)
	w.job = w.keeper(w.Store)
	return w
}

func (w *world) keeper(book statement.Book) *statement.Keeper {
	return &statement.Keeper{Book: book, Bank: w, Every: time.Hour, Now: w.Now, Log: slog.New(slog.DiscardHandler)}
}

// Statement asks the bank, and counts.
func (w *world) Statement(ctx context.Context, day time.Time) ([]bank.StatementEntry, error) {
	w.asks++
	entries, err := w.bank.Statement(ctx, day)
	if w.rewrite != nil {
		entries = w.rewrite(statement.DayOf(day), entries)
	}
	if w.meanwhile != nil {
		w.meanwhile(statement.DayOf(day))
	}
	return entries, err
}

// FindTransfer asks the bank.
func (w *world) FindTransfer(ctx context.Context, key string) (bank.TransferStatus, bool, error) {
	return w.bank.FindTransfer(ctx, key)
}

// payment is one that was asked for.
type payment struct {
	*postgres.Order
	id, registration, account string
}

// requested has an enterprise ask for a payment; n has four digits, which the account ends with.
func (w *world) requested(account string, n int) payment {
	w.t.Helper()
	ctx := w.t.Context()
	app := w.Application(registration.Enterprise, account, n)
	_, err := w.Store.Steps().Open(ctx, app)
	require.NoError(w.t, err)
	step := registration.Step{Subject: app.RegistrationID, Actor: registration.ByApplicant}
	act := func(kind registration.Act, purpose string, v any) registration.Step {
		s := step
		s.ActID = registration.NewID("act")
		begun, refusal, err := w.Store.BeginAct(ctx, postgres.Act{ID: s.ActID, RegistrationID: s.Subject, Act: kind, Actor: s.Actor}, purpose, v)
		require.NoError(w.t, err)
		require.Nil(w.t, refusal)
		if begun.InputRef != nil {
			s.InputRef = *begun.InputRef
		}
		return s
	}
	session, scan := "qrs-"+step.Subject, act(registration.ActAdminSession, "", nil)
	scan.Role = registration.AuthorizedAgent
	_, err = w.Store.SessionOpened(ctx, scan, postgres.AdminSession{
		SessionID: session, Role: registration.AuthorizedAgent, QRPayload: "x", ExpiresAt: w.Now(),
	})
	require.NoError(w.t, err)
	person := workflowtest.Person(n)
	w.Report(postgres.Report{Source: "wallet", Type: "session.verified", Key: session, Person: dossier.WalletReport{Holder: person.Holder, IDNumber: person.IDNumber}})
	_, err = w.Store.Steps().Look(ctx, step)
	require.NoError(w.t, err)
	result, err := w.Store.Steps().TakeCompany(ctx, act(registration.ActCompany, dossier.PurposeCompany, workflowtest.Company(n)))
	require.NoError(w.t, err)
	require.Nil(w.t, result.Refusal)
	id := w.Strings(`select id from payments where registration_id = $1`, step.Subject)[0]
	require.NoError(w.t, w.Store.PaymentNotified(ctx, id))
	return payment{id: id, registration: step.Subject, account: account}
}

// paid is one that the bank has taken, said so, and settled; of that we have not heard.
func (w *world) paid(account string, n int) payment {
	w.t.Helper()
	p := w.requested(account, n)
	w.order(&p)
	return p
}

func (w *world) order(p *payment) {
	w.t.Helper()
	ctx := w.t.Context()
	var err error
	p.Order, err = w.Store.TakeOrder(ctx, p.id)
	require.NoError(w.t, err)
	w.transfer(p.Key, p.AmountFen, p.Company)
	err = w.Store.OrderAnswered(ctx, p.id, "transfer.sent", "")
	require.NoError(w.t, err)
}

// transfer has the bank pay, and settle.
func (w *world) transfer(key string, fen int64, to dossier.Company) {
	w.t.Helper()
	ctx := w.t.Context()
	_, err := w.bank.Transfer(ctx, bank.Transfer{
		Key: key, AccountName: to.Bank.AccountName, AccountNumber: to.Bank.AccountNumber, BankName: to.Bank.BankName, AmountFen: fen,
	})
	require.NoError(w.t, err)
	require.Eventually(w.t, func() bool {
		status, _, err := w.bank.FindTransfer(ctx, key)
		return err == nil && status.State == bank.TransferSettled
	}, 10*time.Second, 5*time.Millisecond)
}

// tell calls what the sandbox has for whoever looks in.
func (w *world) tell(method, path, body string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	require.NoError(w.t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(w.t, err)
	require.NoError(w.t, resp.Body.Close())
	require.Equal(w.t, http.StatusOK, resp.StatusCode, "%s %s", method, path)
}

func (w *world) misstate(p payment, how string) {
	w.t.Helper()
	w.tell(http.MethodPut, "/bank/ledger/"+p.Key+"/statement", how)
}

func (w *world) round() {
	w.t.Helper()
	require.NoError(w.t, w.job.Round(w.t.Context()))
}

// nextDay lets the next day begin, and the moment come at which every day is compared again.
func (w *world) nextDay() { w.Pass(statement.DayOf(w.Now()).End().Add(time.Hour).Sub(w.Now())) }

// twoDays lets the day, and the next one, be over.
func (w *world) twoDays() { w.Pass(48 * time.Hour) }

// open are the kinds and subjects of the findings that are open.
func (w *world) open() []string {
	w.t.Helper()
	return w.Strings(`select substr(kind, 11) || ' ' || subject from findings where resolved_at is null order by kind, subject`)
}

func (w *world) bankState(p payment) string {
	w.t.Helper()
	return w.Strings(`select bank_state from payments where id = $1`, p.id)[0]
}
