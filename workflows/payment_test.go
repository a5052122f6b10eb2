package workflows_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/bank"
	"shiming/internal/devstack/storetest"
	"shiming/internal/notice"
	"shiming/internal/workday"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

func requireRefused(t *testing.T, want registration.Code, got *registration.Refusal) {
	t.Helper()
	require.NotNil(t, got, "want %s", want)
	require.Equal(t, want, got.Code)
}

func TestThirdWrongAmountVoidsThePayment(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDeposit(1)
	for left := 2; left > 0; left-- {
		refusal := r.Deposit(r.WrongAmount())
		requireRefused(t, registration.CodeDepositMismatch, refusal)
		require.Equal(t, left, *refusal.AttemptsLeft)
		require.Equal(t, left, r.View().Payout.AttemptsLeft)
	}
	requireRefused(t, registration.CodeDepositExceeded, r.Deposit(r.WrongAmount()))
	v := r.View()
	assert.Equal(t, registration.DepositFailed, v.State)
	assert.Equal(t, registration.PayoutVoid, v.Payout.State)
	assert.Equal(t, 2, w.Notices("window_closed"))
	requireRefused(t, registration.CodeWrongState, r.Deposit(r.Amount()))
	assert.Equal(t, 3, w.Count(`select count(*) from deposit_entries`))
}

// The applicant may see the money before the bank's report reaches us, and too early costs nothing.
func TestAmountIsTakenFromSentOn(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	w.Mail.Down(true)
	w.SMS.Down(true)
	r.ToPayout(1)
	requireRefused(t, registration.CodeWrongState, r.Deposit(1))
	assert.Equal(t, 3, r.Payment().AttemptsLeft)
	w.Mail.Down(false)
	r.Sleep(time.Minute)
	require.Equal(t, "sent", r.Payment().State)
	require.Nil(t, r.Deposit(r.Amount()))
	assert.Equal(t, registration.DetailsRequired, r.State())
	r.BankSays("transfer.settled", "")
	assert.Equal(t, registration.DetailsRequired, r.State())
	assert.Zero(t, w.Notices("money_arrived"))
}

func TestTwoRightAmountsAtOnceAreOneTransition(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDeposit(1)
	first, refusal := r.BeginDo(registration.ActDeposit, "amount", map[string]int64{"fen": r.Amount()})
	require.Nil(t, refusal)
	second, refusal := r.BeginDo(registration.ActDeposit, "amount", map[string]int64{"fen": r.Amount()})
	require.Nil(t, refusal)
	r.Wait(first, second)
	require.NoError(t, first.Err)
	require.ErrorContains(t, second.Err, "wrong_state")
	assert.Equal(t, registration.DetailsRequired, r.State())
	assert.Equal(t, 1, w.Count(`select count(*) from timeline where event = 'deposit_confirmed'`))
}

// failPayment uses up the guesses of the payment under way.
func failPayment(t *testing.T, r *workflowtest.Run) {
	t.Helper()
	for range registration.AmountGuesses {
		require.NotNil(t, r.Deposit(r.WrongAmount()))
	}
	require.Equal(t, registration.DepositFailed, r.State())
}

func TestTwoPaymentsInThirtyDaysThenFourVoidsInAll(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToPayout(1)
	first := r.Payment().AcceptedAt
	require.NotNil(t, first)
	failPayment(t, r)
	r.Sleep(48 * time.Hour)
	require.Nil(t, r.Payout())
	r.Settle()
	failPayment(t, r)

	refusal := r.Payout()
	requireRefused(t, registration.CodePayoutLimitReached, refusal)
	require.NotNil(t, refusal.RetryAt)
	assert.WithinDuration(t, first.Add(30*24*time.Hour), *refusal.RetryAt, time.Millisecond)
	require.Equal(t, registration.DepositFailed, r.State())

	// Another account with the same bank account, under another company's name, learns the same and no more.
	other := w.Enterprise("acct-2", 2)
	other.ProveAdministrator(registration.LegalRepresentative, 2)
	company := workflowtest.Company(2)
	company.Bank.AccountNumber = workflowtest.Company(1).Bank.AccountNumber
	refusal = other.Company(company)
	requireRefused(t, registration.CodePayoutLimitReached, refusal)
	assert.NotNil(t, refusal.RetryAt)
	require.Nil(t, other.Company(workflowtest.Company(2)), "its own bank account is free")
	other.Close()

	r.Until(refusal.RetryAt.Add(time.Second))
	require.Nil(t, r.Payout(), "thirty days after the first")
	r.Settle()
	failPayment(t, r)
	r.Sleep(10 * 24 * time.Hour)
	require.Nil(t, r.SetContact(workflowtest.Contact(1))) // not idle
	r.Sleep(25 * 24 * time.Hour)
	require.Nil(t, r.Payout())
	r.Settle()
	failPayment(t, r)

	r.Sleep(20 * 24 * time.Hour)
	require.Nil(t, r.SetContact(workflowtest.Contact(1)))
	r.Sleep(20 * 24 * time.Hour)
	refusal = r.Payout()
	requireRefused(t, registration.CodePayoutLimitReached, refusal)
	assert.Nil(t, refusal.RetryAt, "four voided: time alone cures nothing")

	refusal, err := w.Store.GrantPayout(context.Background(), r.App.RegistrationID, "ops:chen", "called the company")
	require.NoError(t, err)
	require.Nil(t, refusal)
	require.Nil(t, r.Payout())
	r.Settle()
	failPayment(t, r)
	requireRefused(t, registration.CodePayoutLimitReached, r.Payout())
	assert.Len(t, w.Bank.Ledger(), 6, "five to this bank account, one to the other company's")
}

// A stranger has used up the payments to somebody's bank account: ops' grant reaches whom it is for, whether they have
// another account on file or nothing yet.
func TestGrantIsForTheAccountThatWasRefused(t *testing.T) {
	t.Parallel()
	for name, reach := range map[string]func(t *testing.T, victim *workflowtest.Run){
		"nothing on file": func(_ *testing.T, victim *workflowtest.Run) {
			victim.ProveAdministrator(registration.LegalRepresentative, 2)
		},
		"another on file": func(_ *testing.T, victim *workflowtest.Run) { victim.ToDeposit(2) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := workflowtest.New(t, workflowtest.Monday(), nil)
			useUpPayments(t, w, 1)
			victim := w.Enterprise("acct-2", 2)
			defer victim.Close()
			reach(t, victim)
			named := workflowtest.Company(2)
			named.Bank.AccountNumber = workflowtest.Company(1).Bank.AccountNumber
			for range 2 { // one payment a grant
				requireRefused(t, registration.CodePayoutLimitReached, victim.Company(named))
				grant(t, w, victim)
				require.Nil(t, victim.Company(named))
				victim.Settle()
				require.Equal(t, named.Bank.AccountNumber, w.Bank.Find(victim.Payment().Key).AccountNumber)
				failPayment(t, victim)
				requireRefused(t, registration.CodePayoutLimitReached, victim.Payout())
			}
			grant(t, w, victim)
			require.Nil(t, victim.Payout())
			victim.Settle()
			require.Nil(t, victim.Deposit(victim.Amount()))
		})
	}
}

// A granted payment that the bank never accepted, or that was never ordered, does not use the grant up.
func TestGrantOutlastsAPaymentThatCameToNothing(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(t *testing.T, w *workflowtest.World, r *workflowtest.Run){
		"refused": func(t *testing.T, w *workflowtest.World, r *workflowtest.Run) {
			t.Helper()
			w.Bank.Ask(func(b *workflowtest.Bank) { b.RefuseTransfer = bank.ReasonBankNotFound })
			require.Nil(t, r.Company(workflowtest.Company(1)))
			r.Settle()
			require.Equal(t, registration.CompanyRequired, r.State())
			w.Bank.Ask(func(b *workflowtest.Bank) { b.RefuseTransfer = "" })
		},
		"replaced before it was ordered": func(t *testing.T, w *workflowtest.World, r *workflowtest.Run) {
			t.Helper()
			w.Mail.Down(true)
			w.SMS.Down(true)
			require.Nil(t, r.Company(workflowtest.Company(1)))
			r.Sleep(25 * time.Minute)
			require.True(t, r.View().Overdue)
			w.Mail.Down(false)
			w.SMS.Down(false)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := workflowtest.Monday()
			w := workflowtest.New(t, start, workday.NewCompressed(10*time.Minute, start))
			useUpPayments(t, w, 1)
			r := w.Enterprise("acct-1", 1)
			defer r.Close()
			r.ProveAdministrator(registration.LegalRepresentative, 1)
			requireRefused(t, registration.CodePayoutLimitReached, r.Company(workflowtest.Company(1)))
			grant(t, w, r)
			fail(t, w, r)
			corrected := workflowtest.Company(1)
			corrected.Bank.CNAPSCode = "308100005027"
			require.Nil(t, r.Company(corrected))
			r.Settle()
			failPayment(t, r)
			requireRefused(t, registration.CodePayoutLimitReached, r.Payout())
		})
	}
}

// Who has used up the payments to somebody's account does not get the one that its holder was granted, who gets it in
// another registration too.
func TestGrantIsTheHoldersAlone(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	useUpPayments(t, w, 1)
	company := workflowtest.Company(2)
	company.Bank.AccountNumber = workflowtest.Company(1).Bank.AccountNumber
	holder := w.Enterprise("acct-holder", 2)
	holder.ProveAdministrator(registration.LegalRepresentative, 2)
	requireRefused(t, registration.CodePayoutLimitReached, holder.Company(company))
	grant(t, w, holder)
	require.Nil(t, holder.Withdraw())
	holder.Close()

	stranger := w.Enterprise("acct-stranger", 1)
	stranger.ProveAdministrator(registration.LegalRepresentative, 1)
	requireRefused(t, registration.CodePayoutLimitReached, stranger.Company(workflowtest.Company(1)))
	stranger.Close()

	again := w.Enterprise("acct-holder", 2)
	defer again.Close()
	again.ProveAdministrator(registration.LegalRepresentative, 2)
	require.Nil(t, again.Company(company))
	again.Settle()
	require.Nil(t, again.Deposit(again.Amount()))
}

// A registration that has named no account has none to grant a payment to.
func TestGrantNeedsAnAccount(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ProveAdministrator(registration.LegalRepresentative, 1)
	refusal, err := w.Store.GrantPayout(t.Context(), r.App.RegistrationID, "ops:chen", "called the company")
	require.NoError(t, err)
	requireRefused(t, registration.CodeWrongState, refusal)
}

// useUpPayments has a stranger use up the payments to the nth company's bank account.
func useUpPayments(t *testing.T, w *workflowtest.World, n int) {
	t.Helper()
	stranger := w.Enterprise("acct-stranger", n)
	stranger.ToPayout(n)
	failPayment(t, stranger)
	require.Nil(t, stranger.Payout())
	stranger.Settle()
	failPayment(t, stranger)
	require.Nil(t, stranger.Withdraw())
	stranger.Close()
}

func grant(t *testing.T, w *workflowtest.World, r *workflowtest.Run) {
	t.Helper()
	refusal, err := w.Store.GrantPayout(t.Context(), r.App.RegistrationID, "ops:chen", "called the company")
	require.NoError(t, err)
	require.Nil(t, refusal)
}

// What to do about a payment that came to nothing depends on whether the account can have another, and has time until the
// registration expires.
func TestNoticeSaysWhetherAnotherPaymentIsLeft(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	told := func(kind string) []notice.Data {
		t.Helper()
		return storetest.Notices(t, w.Store, `kind = $1 and channel = 'email'`, kind)
	}
	saysOf := func(kind string) (final []bool) {
		t.Helper()
		for _, d := range told(kind) {
			final = append(final, d.Final)
		}
		return final
	}
	dueAt := func() time.Time { t.Helper(); return *r.View().DueAt }
	r.ToPayout(1)
	failPayment(t, r)
	require.Equal(t, []bool{false}, saysOf("window_closed"))
	require.Nil(t, r.Payout())
	r.Settle()
	failPayment(t, r)
	require.Equal(t, []bool{false, true}, saysOf("window_closed"))
	require.WithinDuration(t, dueAt(), *told("window_closed")[1].Deadline, time.Millisecond)

	r.BankSays("transfer.returned", "account_closed")
	require.Equal(t, []bool{true}, saysOf("payment_failed"))
	assert.WithinDuration(t, dueAt(), *told("payment_failed")[0].Deadline, time.Millisecond)
	elsewhere := workflowtest.Company(1)
	elsewhere.Bank.AccountNumber = workflowtest.Company(2).Bank.AccountNumber
	require.Nil(t, r.Company(elsewhere))
	r.Settle()
	r.BankSays("transfer.returned", "account_closed")
	require.Equal(t, []bool{true, false}, saysOf("payment_failed"))
}

// A payment that the bank refuses was never accepted: it costs nothing but the way back.
func TestRefusedPaymentLeadsBackAndDoesNotCount(t *testing.T) {
	t.Parallel()
	for reason, field := range map[bank.Reason]string{
		bank.ReasonAccountNotFound: "company.bank.account_number", bank.ReasonAccountNameMismatch: "company.bank.account_name",
		bank.ReasonBankNotFound: "company.bank.cnaps_code",
	} {
		t.Run(string(reason), func(t *testing.T) {
			t.Parallel()
			w := workflowtest.New(t, workflowtest.Monday(), nil)
			r := w.Enterprise("acct-1", 1)
			defer r.Close()
			w.Bank.Ask(func(b *workflowtest.Bank) { b.RefuseTransfer = reason })
			r.ProveAdministrator(registration.LegalRepresentative, 1)
			for range 3 {
				require.Nil(t, r.Company(workflowtest.Company(1)))
				r.Settle()
				v := r.View()
				require.Equal(t, registration.CompanyRequired, v.State)
				require.Equal(t, registration.CodePaymentFailed, v.LastError.Code)
				require.Equal(t, field, string(v.Requirements[0].Field))
				require.Equal(t, string(reason), v.Requirements[0].Code)
			}
			assert.Equal(t, 6, w.Notices("payment_failed"))
			w.Bank.Ask(func(b *workflowtest.Bank) { b.RefuseTransfer = "" })
			require.Nil(t, r.Company(workflowtest.Company(1)))
			r.Settle()
			require.Nil(t, r.Deposit(r.Amount()))
		})
	}
}

// Exactly one transfer, whatever the bank does and whenever the worker dies.
func TestOnePaymentIsOneTransfer(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]func(w *workflowtest.World){
		"executed, never answered": func(w *workflowtest.World) { w.Bank.Ask(func(b *workflowtest.Bank) { b.Mute = 1 }) },
		"busy":                     func(w *workflowtest.World) { w.Bank.Ask(func(b *workflowtest.Bank) { b.Busy = 3 }) },
		"busy for long":            func(w *workflowtest.World) { w.Bank.Ask(func(b *workflowtest.Bank) { b.Busy = 30 }) },
		"worker dies after":        func(w *workflowtest.World) { w.Faults.LoseAfter("Order", 3) },
		"worker dies before":       func(w *workflowtest.World) { w.Faults.LoseBefore("Order", 3) },
		"announced twice":          func(w *workflowtest.World) { w.Faults.LoseAfter("Announce", 3) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := workflowtest.New(t, workflowtest.Monday(), nil)
			r := w.Enterprise("acct-1", 1)
			defer r.Close()
			trouble(w)
			r.ToPayout(1)
			r.Sleep(10 * time.Minute)
			require.Equal(t, "sent", r.Payment().State)
			ledger := w.Bank.Ledger()
			require.Len(t, ledger, 1)
			assert.Equal(t, 1, ledger[0].Calls, "ordered once, then asked after")
			assert.Equal(t, 2, w.Notices("payment_requested"))
			assert.Equal(t, w.Count(`select count(*) from notices`), w.Mail.Sent()+w.SMS.Sent())
			require.Nil(t, r.Deposit(r.Amount()))
		})
	}
}

// A payment that is void before it is announced is neither announced nor ordered.
func TestVoidPaymentIsNeitherAnnouncedNorOrdered(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	w.Mail.Down(true)
	w.SMS.Down(true)
	r.ToPayout(1)
	require.Nil(t, r.Withdraw())
	w.Mail.Down(false)
	w.SMS.Down(false)
	r.Sleep(time.Hour)
	assert.Equal(t, registration.Withdrawn, r.State())
	assert.Zero(t, w.Mail.Sent()+w.SMS.Sent())
	assert.Empty(t, w.Bank.Ledger())
}

// Announced by SMS while mail was down, then void: the mail is not sent after all.
func TestVoidPaymentIsNotAnnouncedByTheOtherChannel(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	w.Mail.Down(true)
	r.ToPayout(1)
	require.Equal(t, 1, w.SMS.Sent())
	require.Nil(t, r.Withdraw())
	w.Mail.Down(false)
	r.Settle()
	assert.Zero(t, w.Mail.Sent())
}

// withdrawnUnheard is an enterprise that withdrew after the bank had been called in vain, and has been asked since.
func withdrawnUnheard(t *testing.T, w *workflowtest.World) *workflowtest.Run {
	t.Helper()
	r := w.Enterprise("acct-1", 1)
	w.Bank.Ask(func(b *workflowtest.Bank) { b.Busy = -1 })
	r.ToPayout(1)
	require.Nil(t, r.Withdraw())
	w.Bank.Ask(func(b *workflowtest.Bank) { b.Busy = 0 })
	r.Sleep(time.Hour)
	return r
}

// The bank was called and nobody knows whether it heard; then the applicant withdrew. It is asked, and not paid.
func TestVoidPaymentThatTheBankNeverHeardOfStopsCounting(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := withdrawnUnheard(t, w)
	defer r.Close()
	assert.Empty(t, w.Bank.Ledger())
	assert.Equal(t, "dropped", r.Payment().BankState)
	assert.Equal(t, "void", r.Payment().State)
	again := w.Enterprise("acct-1", 1)
	defer again.Close()
	again.ToPayout(1)
	failPayment(t, again)
	require.Nil(t, again.Payout(), "only one counts so far")
}

// It had not heard of the payment when it was asked, and executed it all the same: what it says then counts, and its
// return is told.
func TestBankOverridesADroppedPayment(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := withdrawnUnheard(t, w)
	defer r.Close()
	require.Nil(t, r.Payment().AcceptedAt)
	for _, said := range []string{"sent", "settled", "returned"} {
		r.BankSays("transfer."+said, "account_closed")
		require.Equal(t, said, r.Payment().BankState)
		require.NotNil(t, r.Payment().AcceptedAt, "it counts")
	}
	assert.Equal(t, 1, w.Notices("payout_returned"))
}

// The field that the bank objects to stays named until other company information is handed in, whatever is done meanwhile.
func TestBanksObjectionStaysNamed(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	w.Bank.Ask(func(b *workflowtest.Bank) { b.RefuseTransfer = bank.ReasonBankNotFound })
	r.ProveAdministrator(registration.LegalRepresentative, 1)
	require.Nil(t, r.Company(workflowtest.Company(1)))
	r.Settle()
	named := func() {
		t.Helper()
		require.True(t, slices.ContainsFunc(r.View().Requirements, func(n registration.Requirement) bool {
			return n.Field == registration.FieldCNAPS && n.Code == string(bank.ReasonBankNotFound) && n.Message != ""
		}), "%v", r.View().Requirements)
	}
	named()
	session, refusal := r.Session(registration.LegalRepresentative)
	require.Nil(t, refusal)
	require.Equal(t, registration.AdminIdentityRequired, r.State())
	named()
	r.Scan(session, workflowtest.Person(1))
	require.Equal(t, registration.CompanyRequired, r.State())
	require.Nil(t, r.View().LastError)
	named()

	w.Bank.Ask(func(b *workflowtest.Bank) { b.RefuseTransfer = "" })
	corrected := workflowtest.Company(1)
	corrected.Bank.CNAPSCode = "308100005027"
	require.Nil(t, r.Company(corrected))
	r.Settle()
	for _, need := range r.View().Requirements {
		assert.NotContains(t, need.Field, "company.bank")
	}
}

// Ops called it failed before the bank had said a word: that stands until it does. What it took counts, and its return is
// told to ops, the applicant having been asked for another account already.
func TestBankOverridesWhatOpsCalledFailed(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	w.Bank.Ask(func(b *workflowtest.Bank) { b.Busy = -1 })
	r.ToPayout(1)
	resolve(t, w, r, "failed")
	require.Equal(t, registration.CompanyRequired, r.State())
	require.Equal(t, "written_off", r.Payment().BankState)
	for _, said := range []string{"sent", "settled", "returned"} {
		r.BankSays("transfer."+said, "account_closed")
		require.Equal(t, said, r.Payment().BankState)
		require.NotNil(t, r.Payment().AcceptedAt, "it counts")
	}
	assert.Equal(t, registration.CompanyRequired, r.State())
	assert.Equal(t, 2, w.Notices("payment_failed"))
	assert.Equal(t, 1, w.Notices("payout_returned"))
}

// The order was under way when ops called it failed: the bank is still asked what became of it.
func TestBankIsAskedAfterWhatOpsCalledFailed(t *testing.T) {
	t.Parallel()
	for name, executed := range map[string]bool{"sent": true, "dropped": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := workflowtest.New(t, workflowtest.Monday(), nil)
			r := w.Enterprise("acct-1", 1)
			defer r.Close()
			if executed {
				executedUnanswered(t, w, r)
			}
			w.Bank.Ask(func(b *workflowtest.Bank) { b.Busy = -1 })
			if !executed {
				r.ToPayout(1)
			}
			resolve(t, w, r, "failed")
			w.Bank.Ask(func(b *workflowtest.Bank) { b.Busy = 0 })
			r.Sleep(time.Hour)
			assert.Equal(t, name, r.Payment().BankState)
			assert.Equal(t, executed, r.Payment().AcceptedAt != nil)
			assert.Equal(t, "failed", r.Payment().State)
		})
	}
}

// resolve gives ops' word on the newest payment.
func resolve(t *testing.T, w *workflowtest.World, r *workflowtest.Run, outcome string) {
	t.Helper()
	refusal, err := w.Store.ResolvePayout(t.Context(), r.App.RegistrationID, registration.NewID("act"), "ops:chen", outcome, "called the bank")
	require.NoError(t, err)
	require.Nil(t, refusal)
	r.Settle()
}

// In payout_pending company information is open once the payment is overdue, all of it.
func TestOverduePaymentOpensTheCompany(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToPayout(1)
	changed := workflowtest.Company(1)
	changed.Bank.AccountNumber = workflowtest.Company(7).Bank.AccountNumber
	requireRefused(t, registration.CodeWrongState, r.Company(changed))
	r.Until(at(t, "2026-06-05 00:01"))
	require.True(t, r.View().Overdue)

	old := r.Payment()
	same := workflowtest.Company(1)
	same.Address = "厦门市湖里区例示路9号"
	require.Nil(t, r.Company(same))
	require.Equal(t, old.ID, r.Payment().ID, "the payment proves it still")

	require.Nil(t, r.Company(changed))
	r.Settle()
	require.NotEqual(t, old.ID, r.Payment().ID)
	assert.False(t, r.View().Overdue)
	assert.Equal(t, 1, w.Count(`select count(*) from payments where state = 'void'`))
	require.Nil(t, r.Deposit(r.Amount()))
}

// Overdue before it was ever ordered, and the bank corrected meanwhile: the old order is not sent to the old bank.
func TestOverduePaymentIsNotOrderedFromTheOldBank(t *testing.T) {
	t.Parallel()
	start := workflowtest.Monday()
	w := workflowtest.New(t, start, workday.NewCompressed(10*time.Minute, start))
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	w.Mail.Down(true)
	w.SMS.Down(true)
	r.ToPayout(1)
	r.Sleep(25 * time.Minute)
	require.True(t, r.View().Overdue)
	old := r.Payment()
	corrected := workflowtest.Company(1)
	corrected.Bank.BankName = "例示银行"
	require.Nil(t, r.Company(corrected))
	require.Equal(t, old.ID, r.Payment().ID, "another name of the bank is no other account")

	corrected.Bank.CNAPSCode = "308100005027"
	require.Nil(t, r.Company(corrected))
	require.NotEqual(t, old.ID, r.Payment().ID)
	w.Mail.Down(false)
	r.Sleep(2 * time.Minute)
	require.Len(t, w.Bank.Ledger(), 1)
	assert.Equal(t, corrected.Bank.CNAPSCode, w.Bank.Ledger()[0].CNAPS)
	require.Nil(t, r.Deposit(r.Amount()))
}

// The share of payments is the account number's: another CNAPS code does not refill it.
func TestAnotherBankForTheNumberRefillsNothing(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	useUpPayments(t, w, 1)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ProveAdministrator(registration.LegalRepresentative, 1)
	company := workflowtest.Company(1)
	company.Bank.CNAPSCode = "308100005027"
	requireRefused(t, registration.CodePayoutLimitReached, r.Company(company))
}

// Whoever proves the organisation first has it; the other returns to the company information.
func TestOrganizationIsClaimedByProof(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	first, second := w.Enterprise("acct-1", 1), w.Enterprise("acct-2", 2)
	defer first.Close()
	defer second.Close()
	first.ToPayout(1)
	second.ProveAdministrator(registration.AuthorizedAgent, 2)
	company := workflowtest.Company(1)
	company.Bank.AccountNumber = workflowtest.Company(2).Bank.AccountNumber
	require.Nil(t, second.Company(company), "named, not yet proven by anybody")
	second.Settle()

	require.Nil(t, first.Deposit(first.Amount()))
	requireRefused(t, registration.CodeOrganizationInUse, second.Deposit(second.Amount()))
	assert.Equal(t, registration.CompanyRequired, second.State())
	assert.Equal(t, registration.CodeOrganizationInUse, second.View().LastError.Code)
	requireRefused(t, registration.CodeOrganizationInUse, second.Company(company))
	require.Nil(t, first.Withdraw())
	require.Nil(t, second.Company(company), "free again")
}

// Legacy papers and a unified licence of one company are one identity.
func TestOldAndNewPapersAreOneOrganization(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	first := w.Enterprise("acct-1", 1)
	defer first.Close()
	first.ToDetails(1)
	second := w.Enterprise("acct-2", 2)
	defer second.Close()
	second.ProveAdministrator(registration.AuthorizedAgent, 2)
	legacy := workflowtest.Company(1)
	legacy.LicenceType, legacy.USCC, legacy.RegistrationNumber = registration.LegacyLicence, "", "110108001234567"
	legacy.OrganizationCode = workflowtest.Company(1).USCC[8:17]
	requireRefused(t, registration.CodeOrganizationInUse, second.Company(legacy))
}

func TestOpsResolvesByHand(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[string]registration.State{
		"settled": registration.DepositRequired, "failed": registration.CompanyRequired, "returned": registration.CompanyRequired,
	} {
		t.Run(outcome, func(t *testing.T) {
			t.Parallel()
			w := workflowtest.New(t, workflowtest.Monday(), nil)
			r := w.Enterprise("acct-1", 1)
			defer r.Close()
			r.ToPayout(1)
			resolve(t, w, r, outcome)
			line, err := w.Store.Timeline(t.Context(), r.App.RegistrationID)
			require.NoError(t, err)
			i := slices.IndexFunc(line, func(l registration.TimelineEntry) bool { return l.Event == "payout_resolved:"+outcome })
			require.Positive(t, i, "%v", line)
			assert.Equal(t, "ops:chen", line[i].Actor)
			assert.Equal(t, registration.PayoutPending, line[i].To, "what follows from it is another line")
			assert.Equal(t, want, r.State())
		})
	}
}

// Settled by ops although no channel ever took the notice: the window begins with that word.
func TestOpsSettlesAnUnannouncedPayment(t *testing.T) {
	t.Parallel()
	start := workflowtest.Monday()
	w := workflowtest.New(t, start, workday.NewCompressed(time.Hour, start))
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	w.Mail.Down(true)
	w.SMS.Down(true)
	r.ToPayout(1)
	_, err := w.Store.ResolvePayout(context.Background(), r.App.RegistrationID, "act-ops", "ops:chen", "settled", "paid at the counter")
	require.NoError(t, err)
	r.Settle()
	assert.Equal(t, registration.DepositRequired, r.State())
	require.NotNil(t, r.View().DueAt)
}

// Reports come repeated and late: the latest stage stands.
func TestReportsRepeatedAndLate(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDeposit(1)
	for range 3 {
		r.BankSays("transfer.settled", "")
	}
	r.BankSays("transfer.sent", "")
	assert.Equal(t, registration.DepositRequired, r.State())
	assert.Equal(t, 2, w.Notices("money_arrived"))
	assert.Equal(t, 1, w.Count(`select count(*) from timeline where event = 'payment_settled'`))
	r.BankSays("transfer.failed", "account_closed") // after sent: it came back
	assert.Equal(t, registration.CompanyRequired, r.State())
	assert.Equal(t, "returned", r.Payment().State)
	r.BankSays("transfer.settled", "")
	assert.Equal(t, "returned", r.Payment().State)
}
