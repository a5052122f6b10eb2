package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/postgres"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

// grantedAgain is a company that was refused a payment, and then granted one, which it has used if it asked again.
func grantedAgain(t *testing.T, w *workflowtest.World, account string, n int, used bool) *workflowtest.Run {
	t.Helper()
	r := w.Enterprise(account, n)
	r.ToPayout(n)
	for {
		r.BankSays("transfer.sent", "")
		r.BankSays("transfer.returned", "account_closed")
		if r.Company(workflowtest.Company(n)) != nil {
			break
		}
		r.Settle()
	}
	refusal, err := w.Store.GrantPayout(t.Context(), r.App.RegistrationID, "ops:chen", "called "+account)
	require.NoError(t, err)
	require.Nil(t, refusal)
	if used {
		require.Nil(t, r.Company(workflowtest.Company(n)))
		r.Settle()
	}
	return r
}

// A grant says by which payment it was used, and stands with every payment to its bank account.
func TestAGrantStandsWithThePaymentsOfItsBankAccount(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := grantedAgain(t, w, "corp-1", 1, true)
	defer r.Close()
	other := w.Enterprise("corp-2", 2)
	defer other.Close()
	other.ToPayout(2)
	page, err := w.Store.Payments(t.Context(), postgres.PaymentFilter{Limit: 10})
	require.NoError(t, err)
	require.Len(t, page.Items, 4)
	for _, p := range page.Items {
		if p.AccountID == "corp-2" {
			assert.Empty(t, p.Grants)
			continue
		}
		require.Len(t, p.Grants, 1)
		assert.Equal(t, r.Payment().ID, *p.Grants[0].UsedBy)
		assert.Equal(t, "called corp-1", *p.Grants[0].Reason)
		assert.Equal(t, "ops:chen", p.Grants[0].By)
	}
}

// Whoever writes the database can exchange what ops has said of two payments. Neither is shown as the other's.
func TestWhatOpsSaidOfAPaymentOpensForItAlone(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	p := &pair{t, w}
	one, two := grantedAgain(t, w, "corp-1", 1, false), grantedAgain(t, w, "corp-2", 2, false)
	defer one.Close()
	defer two.Close()
	for _, r := range []*workflowtest.Run{one, two} {
		refusal, err := w.Store.ResolvePayout(t.Context(), r.App.RegistrationID, "act_"+r.App.AccountID, "ops:chen", "returned", "told by "+r.App.AccountID)
		require.NoError(t, err)
		require.Nil(t, refusal)
	}
	read := func() error {
		_, err := w.Store.PaymentOf(t.Context(), one.Payment().ID)
		return err
	}
	p.swapped("payment_grants", "sealed_reason", "registration_id", one.App.RegistrationID, two.App.RegistrationID, read)
	p.swapped("reports", "body", "message_id", "act_corp-1", "act_corp-2", read)
	p.swapped("payments", "amount", "id", one.Payment().ID, two.Payment().ID, func() error {
		_, err := w.Store.PaymentDays(t.Context(), w.Now(), w.Now())
		return err
	})
}

// What was erased is counted, and told no more.
func TestErasedWordsAndAmountsAreNull(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := grantedAgain(t, w, "corp-1", 1, false)
	r.Close()
	_, err := w.Store.Pool().Exec(t.Context(), `update vault_keys set wrapped = null, destroyed_at = now() where subject = $1`, r.App.RegistrationID)
	require.NoError(t, err)
	p, err := w.Store.PaymentOf(t.Context(), r.Payment().ID)
	require.NoError(t, err)
	require.Len(t, p.Grants, 1)
	assert.Nil(t, p.Grants[0].Reason)
	assert.Equal(t, "ops:chen", p.Grants[0].By)
	days, err := w.Store.PaymentDays(t.Context(), w.Now(), w.Now())
	require.NoError(t, err)
	require.Len(t, days, 1)
	assert.Equal(t, postgres.PaymentSum{Payments: 2, Untold: 2}, days[0].Out)
}

// Whose time is over is not promised any more: a step may have refused it for that.
func TestAnActWhoseTimeIsOverIsNotPutOff(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	c := newClock()
	s = s.WithClock(c.now)
	id := opened(t, s, "acct-1")
	for name, late := range map[string]time.Duration{"act_in_time": -time.Second, "act_late": 0} {
		_, refusal, err := s.BeginAct(t.Context(), postgres.Act{
			ID: name, RegistrationID: id, Act: registration.ActWithdraw, Actor: registration.ByApplicant, AnswerBy: c.now().Add(time.Minute),
		}, "", nil)
		require.NoError(t, err)
		require.Nil(t, refusal)
		c.pass(time.Minute + late)
		deferred, err := s.DeferAct(t.Context(), name)
		require.NoError(t, err)
		assert.Equal(t, late < 0, deferred, name)
		record, err := s.ActOf(t.Context(), name)
		require.NoError(t, err)
		assert.Equal(t, late == 0, record.Closed, name)
	}
	c.pass(time.Hour)
	deferred, err := s.DeferAct(t.Context(), "act_in_time")
	require.NoError(t, err)
	assert.True(t, deferred, "it was promised, whoever asks again")
}
