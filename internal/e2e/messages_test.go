package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// slowAnswer is how long the sandbox's slow providers take.
const slowAnswer = 12 * time.Second

// noticesOf are a registration's notices in a state, as ops sees them.
func (r *reg) noticesOf(state string) []map[string]any {
	r.t.Helper()
	var found []map[string]any
	for _, v := range r.ops(r.t).get("/v1/notices?limit=200&state=" + state).ok(200).at("items").([]any) {
		if n := v.(map[string]any); n["registration_id"] == r.id {
			found = append(found, n)
		}
	}
	return found
}

// becomes waits for so many notices to be in a state.
func (r *reg) becomes(state string, n int) []map[string]any {
	r.t.Helper()
	var found []map[string]any
	r.eventually(r.t, func() bool { found = r.noticesOf(state); return len(found) == n }, func() string { return "notices that are " + state })
	return found
}

// say is ops' word on a notice.
func (r *reg) say(n map[string]any, word string) answer {
	r.t.Helper()
	return r.ops(r.t).post("/v1/notices/"+n["id"].(string)+"/"+word, map[string]any{"reason": "The applicant was asked on the phone."})
}

// findings counts what ops still has to look after.
func (r *reg) findings() (n int) {
	r.t.Helper()
	row := r.store.Pool().QueryRow(r.t.Context(), `select count(*) from findings where kind = 'message_unsure' and resolved_at is null`)
	require.NoError(r.t, row.Scan(&n))
	return n
}

// A provider that takes a message and answers after 12 s is sent it once, and holds nothing up that another channel frees.
func TestASlowProviderIsSentAMessageOnce(t *testing.T) {
	t.Parallel()
	for channel, to := range map[string]func(r *reg) string{
		"sms":   func(r *reg) string { return r.who.Phone },
		"email": func(r *reg) string { return r.who.Email },
	} {
		t.Run(channel, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.enterprise(t, "legal_representative")
			r.company = someCompany(t, r.who.Name, "6789")
			w.fault(t, channel, "slow")
			began := time.Now()
			r.put("/company", r.company).inState("payout_pending")
			r.until("deposit_required")
			require.Less(t, time.Since(began), slowAnswer, "the other channel has accepted")
			r.becomes("waiting", 2) // by the slow channel: the payment's notice, and that its money has arrived
			sent := r.becomes("sent", 4)
			require.Greater(t, time.Since(began), slowAnswer)
			require.Len(t, r.inbox(t, to(r)), 2)
			for _, n := range sent {
				require.EqualValues(t, 0, n["unknown_tries"])
			}
		})
	}
}

// A provider that never answers may have sent what it was given: twice, and no third time. Then ops decides.
func TestAfterTwoTimeoutsOpsDecides(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withMessageTimeout(time.Second))
	r := w.submitted(t)
	w.fault(t, "email", "timeout")
	r.approve()
	unsure := r.becomes("failed", 1)[0]
	require.Equal(t, "may_have_been_sent", unsure["reason"])
	require.EqualValues(t, 2, unsure["unknown_tries"])
	require.Equal(t, 1, r.findings())
	r.mailed("", 2, r.who.Email)

	w.heal(t)
	w.restartWorker(t)
	r.mailed("", 2, r.who.Email)
	r.platform(t).post("/v1/notices/"+unsure["id"].(string)+"/resend", map[string]any{"reason": "x"}).refused(403, "forbidden")
	require.Equal(t, "waiting", r.say(unsure, "resend").ok(200).Body["state"])
	r.becomes("sent", 1)
	r.mailed("", 3, r.who.Email)
	require.Zero(t, r.findings())
	require.Equal(t, 1, r.count("notice_resent:approved/email"))
	r.say(unsure, "resend").refused(409, "wrong_state")
	r.say(unsure, "accept").refused(409, "wrong_state")
}

// A payment whose notice may have reached nobody waits for ops' word, and not a moment longer.
func TestAPaymentWaitsForOpsWord(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"resend", "accept"} {
		t.Run(word, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, withMessageTimeout(time.Second))
			r := w.enterprise(t, "legal_representative")
			r.company = someCompany(t, r.who.Name, "6789")
			w.fault(t, "sms", "timeout")
			w.fault(t, "email", "timeout")
			r.put("/company", r.company).inState("payout_pending")
			failed := r.becomes("failed", 2)
			require.Equal(t, 2, r.findings())
			require.Nil(t, r.get().at("payout", "notified_at"))
			require.Empty(t, r.statement())

			w.heal(t)
			r.say(failed[0], word).ok(200)
			r.until("deposit_required")
			require.Len(t, r.statement(), 1)
			require.NotNil(t, r.get().at("payout", "notified_at"))
			require.Equal(t, 1, r.findings(), "of the other channel")
			r.becomes("sent", 3) // and by both channels that the money has arrived
			tries := 2
			if word == "resend" {
				tries++
			}
			require.Len(t, r.inboxOf(failed[0]["channel"].(string)), tries+1)
		})
	}
}

// inboxOf is what came to a registration's mailbox or phone.
func (r *reg) inboxOf(channel string) []message {
	r.t.Helper()
	if channel == "sms" {
		return r.inbox(r.t, r.who.Phone)
	}
	return r.inbox(r.t, r.who.Email)
}
