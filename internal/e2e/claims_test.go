package e2e

import (
	"encoding/json"
	"maps"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// told is an answer without what names the call and the time.
func told(t testing.TB, a answer) (status int, body string) {
	t.Helper()
	clean := maps.Clone(a.Body)
	for _, of := range []string{"id", "created_at", "updated_at", "request_id"} {
		delete(clean, of)
	}
	b, err := json.Marshal(clean)
	require.NoError(t, err)
	return a.Status, string(b)
}

// claimants are the holder of an identity, and others who know more or less of them.
func (w *world) claimants(t testing.TB, holder person) []map[string]any {
	t.Helper()
	number, name := holder, holder
	number.IDNumber, name.Name = somebody(t).IDNumber, somebodyElse(t, holder).Name
	return []map[string]any{w.claim(holder), w.claim(number), w.claim(name), w.claim(somebodyElse(t, holder))}
}

// TestNothingIsToldOfTheHolderBefore: while any other condition is unmet the holder and everybody else are answered the same,
// are not counted, and leave no trace.
func TestNothingIsToldOfTheHolderBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, prefix := range []string{"frozen-", "young-", "carded-", "funded-", "refundable-", "intransit-", "carded-funded-", "young-intransit-"} {
		r := w.approved(t, newAccount(prefix))
		path := clearingPath(r.account)
		before := len(r.events())
		var status int
		var body string
		for range 3 { // more than five would be too many, if they counted
			for i, claim := range w.claimants(t, r.who) {
				a := w.platform(t).post(path, claim).refused(http.StatusConflict, "clearing_not_eligible")
				all, _ := conditionsOf(a)
				require.Nil(t, all[0].Met)
				s, b := told(t, a)
				if i == 0 && status == 0 {
					status, body = s, b
				}
				require.Equal(t, status, s, prefix)
				require.Equal(t, body, b, prefix)
			}
		}
		w.platform(t).get(path).refused(http.StatusNotFound, "not_found")
		require.Len(t, r.events(), before, "nothing is on the timeline")
	}
}

// TestNothingIsToldOfTheHolderWhileWaiting: so is who waits until they are eligible, whoever reads it.
func TestNothingIsToldOfTheHolderWhileWaiting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.approved(t, newAccount("young-refundable-"))
	path := clearingPath(r.account)
	var opened, read string
	for i, claim := range w.claimants(t, r.who) {
		claim["when_eligible"] = true
		a := w.platform(t).post(path, claim).ok(http.StatusCreated)
		require.Equal(t, "waiting_eligibility", a.Body["state"])
		all, unmet := conditionsOf(a)
		require.Nil(t, all[0].Met)
		require.Equal(t, []string{"account_age", "no_refundable_transactions"}, unmet)
		_, first := told(t, a)
		_, second := told(t, w.ops(t).get(path).ok(http.StatusOK))
		if i == 0 {
			opened, read = first, second
		}
		require.Equal(t, opened, first)
		require.Equal(t, read, second)
		w.platform(t).post(path+"/withdraw", nil).inState("withdrawn")
	}
	require.NotContains(t, r.events(), "clearing_claim_mismatched")
}

// events are what stands on the timeline.
func (r *reg) events() (all []string) {
	r.t.Helper()
	for _, v := range r.platform(r.t).get(r.path("/timeline")).ok(200).at("items").([]any) {
		all = append(all, v.(map[string]any)["event"].(string))
	}
	return all
}

// TestAnIDNumberCannotBeGuessed: of fifty guesses at once five are answered; the rest, and then the holder, hear 429 for a day,
// and each wrong one is on the account's timeline with who made it.
func TestAnIDNumberCannotBeGuessed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withDay(20*time.Second))
	r := w.approved(t, newAccount("acct-"))
	path := clearingPath(r.account)
	claims := make([]map[string]any, 50)
	for i := range claims {
		claims[i] = w.claim(person{Name: r.who.Name, IDNumber: somebody(t).IDNumber})
	}
	answers := make([]answer, len(claims))
	var all sync.WaitGroup
	for i, claim := range claims {
		all.Go(func() {
			w.eventually(t, func() bool { // more than can be done are sent again, as any caller would
				answers[i] = w.platform(t).post(path, claim)
				return answers[i].Body["code"] != "engine_busy"
			}, func() string { return "a claim that is not refused for want of room" })
		})
	}
	all.Wait()
	wrong := 0
	for _, a := range answers {
		if a.Status == http.StatusConflict {
			wrong++
			_, unmet := conditionsOf(a.refused(http.StatusConflict, "clearing_not_eligible"))
			require.Equal(t, []string{"holder_request"}, unmet)
			continue
		}
		a.refused(http.StatusTooManyRequests, "account_limit_reached")
		require.NotEmpty(t, a.Header.Get("Retry-After"))
		require.NotNil(t, a.Body["retry_at"])
	}
	require.Equal(t, 5, wrong)
	require.Equal(t, 5, r.count("clearing_claim_mismatched"))
	timeline := w.ops(t).get(r.path("/timeline")).ok(200)
	require.Contains(t, string(timeline.Raw), `"actor":"platform:platform"`)
	for _, claim := range claims {
		require.NotContains(t, string(timeline.Raw), claim["id_number"])
	}
	w.platform(t).post(path, r.claim(r.who)).refused(http.StatusTooManyRequests, "account_limit_reached")
	w.eventually(t, func() bool { return w.platform(t).post(path, r.claim(r.who)).Status == http.StatusCreated }, func() string { return "a day later" })
}

// TestAWrongClaimRepeatedIsOne: with its idempotency key it is answered as before, and counted once.
func TestAWrongClaimRepeatedIsOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.approved(t, newAccount("acct-"))
	claim := w.claim(somebodyElse(t, r.who))
	first := w.platform(t).withKey("the-same").post(clearingPath(r.account), claim).refused(http.StatusConflict, "clearing_not_eligible")
	for range 7 {
		require.Equal(t, first.Raw, w.platform(t).withKey("the-same").post(clearingPath(r.account), claim).Raw)
	}
	require.Equal(t, 1, r.count("clearing_claim_mismatched"))
	r.clear()
}

// TestACompanysClaimsCount: an authorised person is told that they are not the administrator, five times a day.
func TestACompanysClaimsCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.approvedCompany(t)
	path := clearingPath(r.account)
	for range 5 {
		a := w.platform(t).post(path, w.claim(somebodyElse(t, r.who))).ok(http.StatusCreated)
		_, unmet := conditionsOf(a)
		require.Equal(t, []string{"holder_request"}, unmet)
		w.platform(t).post(path+"/withdraw", nil).inState("withdrawn")
	}
	w.platform(t).post(path, w.claim(somebodyElse(t, r.who))).refused(http.StatusTooManyRequests, "account_limit_reached")
	w.platform(t).post(path, r.claim(r.who)).refused(http.StatusTooManyRequests, "account_limit_reached")
	require.Equal(t, 5, r.count("clearing_claim_mismatched"))
}

// TestAStrangersClaimIsNotSpokenOf: the owner's account, registration and clearing answer as if there were none.
func TestAStrangersClaimIsNotSpokenOf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	claimed, alone := w.approved(t, newAccount("acct-")), w.approved(t, newAccount("acct-"))
	claim := w.contest(t, claimed.who)
	claim.materials()
	claim.submit().inState("under_review")
	for _, r := range []*reg{claimed, alone} {
		w.platform(t).get(clearingPath(r.account)).refused(http.StatusNotFound, "not_found")
		w.platform(t).post("/v1/registrations", r.application("individual")).refused(http.StatusConflict, "registration_exists")
		require.Equal(t, "active", w.platform(t).get("/v1/accounts/" + r.account).ok(200).Body["standing"])
		c := r.clear()
		c.materials()
		c.submit().inState("under_review")
		c.approve(w.reviewer(t)).ok(200)
		c.until("cleared")
		w.platform(t).post("/v1/registrations", r.application("individual")).ok(http.StatusCreated)
	}
	review := w.reviewer(t).get("/v1/reviews/" + claim.id).ok(200)
	require.EqualValues(t, 0, review.at("clearing", "other_claims"))
	require.Equal(t, "under_review", claim.get().Body["state"])
	claim.approve(w.reviewer(t)).ok(200)
	require.Equal(t, "rejected", claim.get().Body["state"], "there is nothing left to clear")
	require.False(t, w.held(t, claimed.account))
}

// TestTwentyClaimsAtOnce: a caller has five a number in a day, bound or not, and the answers tell nothing of it.
func TestTwentyClaimsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.approved(t, newAccount("acct-"))
	for _, who := range []person{r.who, somebody(t)} {
		answers := make([]answer, 20)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() { answers[i] = w.platform(t).post("/v1/identity-clearings", w.claim(who)) })
		}
		all.Wait()
		created := 0
		for _, a := range answers {
			if a.Status == http.StatusCreated {
				created++
				continue
			}
			a.refused(http.StatusTooManyRequests, "account_limit_reached")
			require.NotEmpty(t, a.Header.Get("Retry-After"))
		}
		require.Equal(t, 5, created)
	}
	for range 10 {
		w.contest(t, somebody(t))
	}
	w.platform(t).post("/v1/identity-clearings", w.claim(somebody(t))).refused(http.StatusTooManyRequests, "account_limit_reached")
	r.clear()
}

// TestAHoldersNameCannotBeGuessed: of an account that the wallet has verified the masked name is shown.
func TestAHoldersNameCannotBeGuessed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.open(t, "individual", newAccount("verified-"))
	asking := w.sandbox(t)
	asking.token = "sandbox"
	known := asking.get("/wallet/accounts/" + r.account).ok(200)
	holder := person{Name: known.Body["holder_name"].(string)}
	contact := func(name string) answer {
		return r.put("/contact", map[string]any{"name": name, "email": r.who.Email, "phone": r.who.Phone, "address": "厦门市思明区例示路1号"})
	}
	for range 5 {
		contact(somebodyElse(t, holder).Name).refused(http.StatusUnprocessableEntity, "contact_name_mismatch")
	}
	a := contact(holder.Name).refused(http.StatusTooManyRequests, "account_limit_reached")
	require.NotNil(t, a.Body["retry_at"])
	r.put("/contact", map[string]any{"email": r.who.Email, "phone": r.who.Phone, "address": "厦门市思明区例示路1号"}).ok(200)
}
