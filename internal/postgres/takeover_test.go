package postgres_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/activities"
	"shiming/internal/bank"
	"shiming/internal/dossier"
	"shiming/internal/postgres"
	"shiming/internal/sandbox"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

// ordering is a database that a restore has put back, and a bank that remembers.
type ordering struct {
	*workflowtest.World
	t    *testing.T
	bank *bank.Client
}

func newOrdering(t *testing.T) *ordering {
	t.Helper()
	s, err := sandbox.New(sandbox.Config{SettleDelay: time.Millisecond})
	require.NoError(t, err)
	server := httptest.NewServer(s)
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		server.Close()
	})
	client, err := bank.New(bank.Config{BaseURL: server.URL, APIKey: "key"})
	require.NoError(t, err)
	return &ordering{World: workflowtest.New(t, workflowtest.Monday(), nil), t: t, bank: client}
}

// The twins are two companies whose accounts end alike.
const twin, otherTwin = 1, 10_001

// typed is the n-th company with its bank's name written in another way.
func typed(n int, bankName string) dossier.Company {
	c := workflowtest.Company(n)
	c.Bank.BankName = bankName
	return c
}

// paidBefore has the bank pay a company by a row that the restore has lost, and the repair find that.
func (o *ordering) paidBefore(key string, n int, fen int64) {
	o.t.Helper()
	to := workflowtest.Company(n).Bank
	_, err := o.bank.Transfer(o.t.Context(), bank.Transfer{
		Key: key, AmountFen: fen, AccountName: to.AccountName, AccountNumber: to.AccountNumber, BankName: to.BankName, CNAPS: to.CNAPSCode, Remark: "开发者账号验证",
	})
	require.NoError(o.t, err)
	lose(o.t, o.World, key, companyLast4(n), fen, "sent")
}

// asks has a registration ask for a payment, and returns it announced.
func (o *ordering) asks(step registration.Step, company dossier.Company) (payment string) {
	o.t.Helper()
	result, err := handIn(o.World, step, company)
	require.NoError(o.t, err)
	require.Nil(o.t, result.Refusal)
	err = o.Store.PaymentNotified(o.t.Context(), newest(o.World, step))
	require.NoError(o.t, err)
	return newest(o.World, step)
}

func (o *ordering) order(payment string) {
	o.t.Helper()
	err := (&activities.Payouts{Book: o.Store, Bank: o.bank}).Order(o.t.Context(), payment)
	require.NoError(o.t, err)
}

// transfers are those that the bank has made in all.
func (o *ordering) transfers() int {
	o.t.Helper()
	all, err := o.bank.Statement(o.t.Context(), time.Now())
	require.NoError(o.t, err)
	return len(all)
}

// key is the payment's, and how the bank's side of it stands.
func (o *ordering) key(payment string) (key, state string) {
	o.t.Helper()
	return one[string](o.t, o.Store, `select key from payments where id = $1`, payment), one[string](o.t, o.Store, `select bank_state from payments where id = $1`, payment)
}

func (o *ordering) resolves(kind registration.FindingKind, subject string) {
	o.t.Helper()
	id := one[string](o.t, o.Store, `select id from findings where kind = $1 and subject = $2 and resolved_at is null`, kind, subject)
	require.NoError(o.t, o.Store.ResolveFinding(o.t.Context(), id, "ops:chen", "the bank has said so"))
}

// isAskedFor reports whether the payment's workflow is to be started again.
func (o *ordering) isAskedFor(payment string) bool {
	o.t.Helper()
	return o.Count(`select count(*) from outbox where kind = 'payout' and ref = $1 and payload = '"again"'`, payment) == 1
}

// The payment stands where the transfer stands, with its key and its amount, and nothing is sent.
func TestALostTransferIsTakenOver(t *testing.T) {
	t.Parallel()
	o := newOrdering(t)
	o.paidBefore("shm_lost", twin, 42)
	payment := o.asks(companyRequired(t, o.World, "acct-1", twin), workflowtest.Company(twin))
	o.order(payment)
	key, state := o.key(payment)
	require.Equal(t, "shm_lost", key)
	require.NotEqual(t, "requested", state)
	require.Equal(t, 1, o.transfers())
	require.Zero(t, findings(t, o.Store, registration.FindingTransferLost, "shm_lost"))
	o.order(payment)
	require.Equal(t, 1, o.transfers(), "ordered again it changes nothing")
}

// A payment that the backup still wants, to an account that was paid since by a row that is lost, is not made beside it.
func TestAPaymentOfTheBackupTakesOverWhatWasPaidSince(t *testing.T) {
	t.Parallel()
	o := newOrdering(t)
	payment := o.asks(companyRequired(t, o.World, "acct-1", twin), workflowtest.Company(twin))
	o.paidBefore("shm_lost", twin, 42)
	o.order(payment)
	require.Equal(t, 1, o.transfers())
}

// So is one that may have been on its way when the backup was taken, and that the bank has never heard of.
func TestAnOrderOfTheBackupTakesOverWhatWasPaidSince(t *testing.T) {
	t.Parallel()
	o := newOrdering(t)
	payment := o.asks(companyRequired(t, o.World, "acct-1", twin), workflowtest.Company(twin))
	_, err := o.Store.TakeOrder(t.Context(), payment)
	require.NoError(t, err)
	o.paidBefore("shm_lost", twin, 42)
	o.order(payment)
	require.Equal(t, 1, o.transfers())
}

// Whoever asks first: only the bank says whose a transfer was. The company that it was not made for waits until it is taken over.
func TestALostTransferIsLeftToTheCompanyThatItWasMadeFor(t *testing.T) {
	t.Parallel()
	o := newOrdering(t)
	o.paidBefore("shm_lost", twin, 42)
	other := o.asks(companyRequired(t, o.World, "acct-2", otherTwin), workflowtest.Company(otherTwin))
	o.order(other)
	_, state := o.key(other)
	require.Equal(t, "requested", state)
	require.Equal(t, 1, findings(t, o.Store, registration.FindingAdoptionRefused, other), "it may be the same company, typed otherwise")
	require.False(t, o.isAskedFor(other))

	mine := o.asks(companyRequired(t, o.World, "acct-1", twin), workflowtest.Company(twin))
	o.order(mine)
	key, _ := o.key(mine)
	require.Equal(t, "shm_lost", key)
	require.True(t, o.isAskedFor(other), "nothing stands in its way any more")
	o.order(other)
	require.Equal(t, 2, o.transfers(), "one each")
	require.NoError(t, o.Store.ResolveHealed(t.Context()))
	require.Zero(t, findings(t, o.Store, registration.FindingAdoptionRefused, other))
}

// A company that is typed otherwise than before is not paid a second time, also not after ops has called the payment failed; typed as
// before it takes its transfer over.
func TestACompanyTypedOtherwiseIsNotPaidAgain(t *testing.T) {
	t.Parallel()
	o := newOrdering(t)
	o.paidBefore("shm_lost", twin, 42)
	step := companyRequired(t, o.World, "acct-1", twin)
	for range 2 {
		payment := o.asks(step, typed(twin, "例示银行厦门分行营业部"))
		o.order(payment)
		require.Equal(t, 1, o.transfers())
		require.Equal(t, 1, findings(t, o.Store, registration.FindingAdoptionRefused, payment))
		_, err := o.Store.ResolvePayout(t.Context(), step.Subject, registration.NewID("act"), "ops:chen", "failed", "it was theirs")
		require.NoError(t, err)
		_, err = o.Store.Steps().Look(t.Context(), step)
		require.NoError(t, err)
		o.Pass(time.Minute)
	}
	payment := o.asks(step, workflowtest.Company(twin))
	o.order(payment)
	key, _ := o.key(payment)
	require.Equal(t, "shm_lost", key)
	require.Equal(t, 1, o.transfers())
}

// Once a person has said that a transfer went to another company, or has given it up, the payment is made.
func TestAPersonSaysThatALostTransferWasAnothers(t *testing.T) {
	t.Parallel()
	for _, kind := range []registration.FindingKind{registration.FindingAdoptionRefused, registration.FindingTransferLost} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			o := newOrdering(t)
			o.paidBefore("shm_lost", twin, 42)
			payment := o.asks(companyRequired(t, o.World, "acct-2", otherTwin), workflowtest.Company(otherTwin))
			o.order(payment)
			o.resolves(kind, map[registration.FindingKind]string{registration.FindingAdoptionRefused: payment, registration.FindingTransferLost: "shm_lost"}[kind])
			require.True(t, o.isAskedFor(payment))
			o.order(payment)
			require.Equal(t, 2, o.transfers())
			if kind == registration.FindingAdoptionRefused {
				mine := o.asks(companyRequired(t, o.World, "acct-1", twin), workflowtest.Company(twin))
				o.order(mine)
				require.Equal(t, 2, o.transfers(), "it is still held for whose it is")
			}
		})
	}
}

// A transfer that the bank has forgotten is not presented to it: that would be to pay it. A person judges.
func TestALostTransferThatTheBankHasForgottenIsNotPaid(t *testing.T) {
	t.Parallel()
	o := newOrdering(t)
	lose(t, o.World, "shm_forgotten", companyLast4(twin), 42, "sent")
	payment := o.asks(companyRequired(t, o.World, "acct-1", twin), workflowtest.Company(twin))
	o.order(payment)
	require.Zero(t, o.transfers())
	require.Equal(t, 1, findings(t, o.Store, registration.FindingAdoptionRefused, payment))
}

// A payment that nobody wants any more takes nothing over: the next one does.
func TestALostTransferOutlivesAPaymentThatIsGivenUp(t *testing.T) {
	t.Parallel()
	o := newOrdering(t)
	o.paidBefore("shm_lost", twin, 42)
	step := companyRequired(t, o.World, "acct-1", twin)
	given := o.asks(step, workflowtest.Company(twin))
	_, err := o.Store.Steps().Cancelled(t.Context(), step)
	require.NoError(t, err)
	err = o.Store.LostAdopted(t.Context(), given, "shm_lost", "transfer.settled", "")
	require.NoError(t, err)
	o.order(given)
	next := o.asks(companyRequired(t, o.World, "acct-1", twin), workflowtest.Company(twin))
	o.order(next)
	key, _ := o.key(next)
	require.Equal(t, "shm_lost", key)
	require.Equal(t, 1, o.transfers())
}

// What the bank's webhook says of a lost transfer is nobody's until its payment has it.
func TestAReportOfALostTransferIsNobodys(t *testing.T) {
	t.Parallel()
	o := newOrdering(t)
	o.paidBefore("shm_lost", twin, 42)
	payment := o.asks(companyRequired(t, o.World, "acct-2", otherTwin), workflowtest.Company(otherTwin))
	known, err := o.Store.TakeReport(t.Context(), postgres.Report{Source: "bank", MessageID: "msg_1", Type: "transfer.settled", Key: "shm_lost"})
	require.NoError(t, err)
	require.False(t, known)
	_, state := o.key(payment)
	require.Equal(t, "requested", state)
}
