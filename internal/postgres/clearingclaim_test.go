package postgres_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/dossier"
	"shiming/internal/postgres"
	"shiming/internal/wallet"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

func asking(account string, claim dossier.Claim) postgres.Asking {
	return postgres.Asking{ClearingID: registration.NewID("clr"), AccountID: account, Claim: claim, By: "platform:shop"}
}

// clearable are the facts of a wallet account that nothing keeps from being cleared.
func clearable() wallet.Facts { return wallet.Facts{Activated: true} }

// judged asks for a clearing: whether who asks is the holder, nil if that is not said.
func judged(t *testing.T, w *workflowtest.World, a postgres.Asking, facts wallet.Facts) (*bool, *registration.Refusal) {
	t.Helper()
	conditions, refusal, err := w.Store.JudgeClaim(t.Context(), a, facts)
	require.NoError(t, err)
	if refusal != nil {
		return nil, refusal
	}
	return conditions[0].Met, nil
}

// TestNobodyIsComparedWhileAnotherConditionIsUnmet: whatever is unmet, of whatever account, every claim is answered the same,
// and nothing is written.
func TestNobodyIsComparedWhileAnotherConditionIsUnmet(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	w.ApproveIndividual("acct-1", 1)
	w.ApproveEnterprise("corp-2", 2)
	number, name := workflowtest.ClaimOf(1), workflowtest.ClaimOf(1)
	number.IDNumber, name.Holder = workflowtest.Person(3).IDNumber, workflowtest.Person(3).Holder
	claims := []dossier.Claim{workflowtest.ClaimOf(1), workflowtest.ClaimOf(2), workflowtest.ClaimOf(3), number, name}
	now := w.Now()
	before := w.Count(`select count(*) from timeline`)
	for what, change := range map[string]func(f *wallet.Facts){
		"frozen":        func(f *wallet.Facts) { f.Frozen, f.LastFrozenAt = true, &now },
		"frozen lately": func(f *wallet.Facts) { f.LastFrozenAt = &now },
		"young":         func(f *wallet.Facts) { f.OpenedAt = now },
		"not activated": func(f *wallet.Facts) { f.Activated = false },
		"a card":        func(f *wallet.Facts) { f.CardsLast4 = []string{"8888"} },
		"a fen":         func(f *wallet.Facts) { f.BalanceFen = 1 },
		"refundable":    func(f *wallet.Facts) { f.Refundable = []time.Time{now} },
		"a withdrawal":  func(f *wallet.Facts) { f.WithdrawalsInTransit = 1 },
		"a transfer":    func(f *wallet.Facts) { f.TransfersInTransit = 1 },
		"a card and a fen": func(f *wallet.Facts) {
			f.CardsLast4, f.BalanceFen = []string{"8888"}, 1
		},
	} {
		facts := clearable()
		change(&facts)
		for _, account := range []string{"acct-1", "corp-2"} {
			var first registration.Conditions
			for _, claim := range claims {
				conditions, refusal, err := w.Store.JudgeClaim(t.Context(), asking(account, claim), facts)
				require.NoError(t, err)
				require.Nil(t, refusal, "none of them counts")
				require.Nil(t, conditions[0].Met, what)
				if first == nil {
					first = conditions
				}
				require.Equal(t, first, conditions, what)
			}
		}
	}
	assert.Zero(t, w.Count(`select count(*) from attempts where scope = 'claim'`))
	assert.Equal(t, before, w.Count(`select count(*) from timeline`))
}

// TestWrongClaimsHoldAgainstARush: of fifty guesses made at once five are answered, and each of these is on the account's
// timeline; then a right claim is refused as they are, for a day.
func TestWrongClaimsHoldAgainstARush(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	registered := w.ApproveIndividual("acct-1", 1)
	w.ApproveIndividual("acct-2", 2)
	var answered atomic.Int32
	guesses := make([]func(), 50)
	for i := range guesses {
		guesses[i] = func() {
			conditions, refusal, err := w.Store.JudgeClaim(t.Context(), asking("acct-1", workflowtest.ClaimOf(10+i)), clearable())
			assert.NoError(t, err)
			if refusal == nil {
				assert.True(t, conditions[0].Unmet())
				answered.Add(1)
				return
			}
			assert.Equal(t, registration.CodeAccountLimitReached, refusal.Code)
			assert.NotNil(t, refusal.RetryAt)
		}
	}
	atOnce(guesses...)
	require.EqualValues(t, registration.ClaimMismatches, answered.Load())
	seen := w.Strings(`select actor from timeline where registration_id = $1 and event = 'clearing_claim_mismatched'`, registered.RegistrationID)
	require.Equal(t, []string{"platform:shop", "platform:shop", "platform:shop", "platform:shop", "platform:shop"}, seen)

	_, refusal := judged(t, w, asking("acct-1", workflowtest.ClaimOf(1)), clearable())
	require.NotNil(t, refusal, "a right one, too")
	require.WithinDuration(t, w.Now().Add(24*time.Hour), *refusal.RetryAt, time.Second)
	theirs, refusal := judged(t, w, asking("acct-2", workflowtest.ClaimOf(2)), clearable())
	require.Nil(t, refusal, "another account's are its own")
	require.True(t, *theirs)
	w.Pass(24*time.Hour + time.Second)
	theirs, refusal = judged(t, w, asking("acct-1", workflowtest.ClaimOf(1)), clearable())
	require.Nil(t, refusal)
	require.True(t, *theirs)
	require.Equal(t, registration.ClaimMismatches, w.Count(`select count(*) from attempts where scope = 'claim'`), "what matches does not count")
}

// TestANumberIsTriedAtFiveAccounts: whose account it is cannot be found by trying it at all of them.
func TestANumberIsTriedAtFiveAccounts(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	const victim = 7
	for n := 1; n <= victim; n++ {
		w.ApproveIndividual(fmt.Sprint("acct-", n), n)
	}
	for n := 1; n <= registration.ClaimMismatches; n++ {
		theirs, refusal := judged(t, w, asking(fmt.Sprint("acct-", n), workflowtest.ClaimOf(victim)), clearable())
		require.Nil(t, refusal)
		require.False(t, *theirs)
	}
	for _, n := range []int{6, victim} {
		_, refusal := judged(t, w, asking(fmt.Sprint("acct-", n), workflowtest.ClaimOf(victim)), clearable())
		require.NotNil(t, refusal, "acct-%d", n)
		require.Equal(t, registration.CodeAccountLimitReached, refusal.Code)
	}
	theirs, refusal := judged(t, w, asking("acct-6", workflowtest.ClaimOf(6)), clearable())
	require.Nil(t, refusal)
	require.True(t, *theirs)
}

// TestAClaimAskedAgainIsOneTry: the same claim by the same call counts once, another counts, and one that came to nothing does
// not.
func TestAClaimAskedAgainIsOneTry(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	w.ApproveIndividual("acct-1", 1)
	counted := func() int { return w.Count(`select count(*) from attempts where scope = 'claim'`) }
	call := asking("acct-1", workflowtest.ClaimOf(2))
	for range 7 {
		theirs, refusal := judged(t, w, call, clearable())
		require.Nil(t, refusal)
		require.False(t, *theirs)
	}
	require.Equal(t, 1, counted())
	other := call
	other.Claim.Holder = workflowtest.Person(1).Holder
	judged(t, w, other, clearable())
	require.Equal(t, 2, counted(), "another name")
	other.Claim.IDNumber = workflowtest.Person(3).IDNumber
	judged(t, w, other, clearable())
	require.Equal(t, 3, counted(), "another number")
	require.NoError(t, w.Store.ReturnClaim(t.Context(), other))
	require.Equal(t, 2, counted())
}

// TestContestedClaimsHoldAgainstARush: a caller has five a number in a day and twenty in all, and takes none from another.
func TestContestedClaimsHoldAgainstARush(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	w.ApproveIndividual("acct-1", 1)
	var taken atomic.Int32
	try := func(caller string, n int) *registration.Refusal {
		refusal, err := w.Store.TryContest(t.Context(), caller, registration.NewID("clr"), workflowtest.ClaimOf(n))
		assert.NoError(t, err)
		if refusal != nil {
			assert.Equal(t, registration.CodeAccountLimitReached, refusal.Code)
			assert.NotNil(t, refusal.RetryAt)
		}
		return refusal
	}
	rush := func(caller string, people ...int) int {
		taken.Store(0)
		var tries []func()
		for _, n := range people {
			for range 20 {
				tries = append(tries, func() {
					if try(caller, n) == nil {
						taken.Add(1)
					}
				})
			}
		}
		atOnce(tries...)
		return int(taken.Load())
	}
	require.Equal(t, registration.ContestsANumber, rush("static:shop", 1), "a bound number")
	require.Equal(t, registration.ContestsANumber, rush("static:shop", 2), "and one that is bound nowhere")
	require.Equal(t, registration.ContestsACaller-2*registration.ContestsANumber, rush("static:shop", 3, 4, 5, 6), "twenty in all")
	require.Nil(t, try("https://issuer.example/shop", 1), "another caller's are their own")
	w.Pass(24*time.Hour + time.Second)
	require.Nil(t, try("static:shop", 1))

	id := registration.NewID("clr")
	for range 9 { // the same call again
		refusal, err := w.Store.TryContest(t.Context(), "static:again", id, workflowtest.ClaimOf(1))
		require.NoError(t, err)
		require.Nil(t, refusal)
	}
	counted := func() int { return w.Count(`select count(*) from attempts where caller = 'static:again'`) }
	require.Equal(t, 1, counted())
	require.NoError(t, w.Store.ReturnContest(t.Context(), id))
	require.Zero(t, counted())
}

// TestContactsAreNotTriedOut: the holder's name and what is on file are shown masked, and cannot be found by trying.
func TestContactsAreNotTriedOut(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Individual("acct-1", 1)
	defer r.Close()
	r.ProveCard(1)
	set := func(contact dossier.Contact) registration.Code {
		refusal, err := w.Store.SetContact(t.Context(), r.App.RegistrationID, contact)
		require.NoError(t, err)
		if refusal == nil {
			return ""
		}
		return refusal.Code
	}
	named := func(n int) dossier.Contact {
		c := workflowtest.Contact(1)
		c.Name = workflowtest.Person(n).Holder
		return c
	}
	for n := range registration.ContactMismatches {
		require.Equal(t, registration.CodeContactNameMismatch, set(named(2+n)))
	}
	require.Equal(t, registration.CodeAccountLimitReached, set(named(9)))
	require.Equal(t, registration.CodeAccountLimitReached, set(named(1)), "the right one, too")
	unnamed := workflowtest.Contact(1)
	unnamed.Name = ""
	require.Empty(t, set(unnamed), "what is not compared goes on")
	w.Pass(24*time.Hour + time.Second)
	require.Empty(t, set(named(1)))

	require.Nil(t, r.Upload(registration.IDCardFront, registration.IDCardBack))
	require.Nil(t, r.Submit())
	require.Nil(t, r.Reject(registration.DocumentField(registration.IDCardFront)))
	phone := func(n int) dossier.Contact { return dossier.Contact{Phone: workflowtest.Contact(n).Phone} }
	for n := range registration.ContactMismatches {
		require.Equal(t, registration.CodeSubmittedLocked, set(phone(2+n)))
	}
	require.Equal(t, registration.CodeAccountLimitReached, set(phone(1)), "the one on file, too")
}
