package api

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/postgres"
	"shiming/registration"
)

func because(reason string) map[string]any { return map[string]any{"reason": reason} }

// While payments are paused, or the ceiling is met, an act that would make one is refused before the run hears of it: nothing is
// written, nothing counts. Company information that needs no payment is taken.
func TestWhatIsBarredLeavesNothing(t *testing.T) {
	t.Parallel()
	for name, bar := range map[string]func(w *world){
		"paused":  func(w *world) { w.as("ops").post("/v1/payouts/pause", because("the bank has called")).ok(200) },
		"ceiling": func(w *world) { w.spent(string(postgres.SpendPayments), 2000) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			paying, waiting := atCompany(t, w, "corp-1", 1), atCompany(t, w, "corp-2", 2)
			w.as("platform").put(paying+"/company", unified()).ok(200)
			bar(w)
			before, told := w.rows(), len(w.engine.told())
			a := w.as("platform").put(waiting+"/company", unified()).refused(429, "spending_paused")
			assert.Equal(t, name == "ceiling", a.Body["retry_at"] != nil)
			require.Equal(t, before, w.rows())
			require.Len(t, w.engine.told(), told)
			wrong := unified()
			wrong["uscc"] = "x"
			require.Equal(t, 422, w.as("platform").put(waiting+"/company", wrong).Status, "what is wrong is said all the same")
			w.as("platform").put(paying+"/company", unified()).refused(409, "wrong_state")
		})
	}
}

// spent has so much of today used up.
func (w *world) spent(kind string, n int) {
	w.t.Helper()
	_, ends, err := w.store.SpentToday(w.t.Context())
	require.NoError(w.t, err)
	_, err = w.store.Pool().Exec(w.t.Context(), `insert into spending (kind, day_ends, used) values ($1, $2, $3)
		on conflict (kind, day_ends) do update set used = excluded.used`, kind, ends, n)
	require.NoError(w.t, err)
}

func TestOpsPausesAndResumesPayments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.as("ops").get("/v1/payouts/pause").ok(200)
	require.Equal(t, false, a.Body["paused"])
	require.Nil(t, a.Body["since"])
	w.spent("sms", 17)
	for _, bad := range []any{map[string]any{}, because(""), map[string]any{"reason": "x", "until": "tomorrow"}, because(strings.Repeat("x", 501))} {
		w.as("ops").post("/v1/payouts/pause", bad).refused(422, "invalid_request")
		w.as("ops").post("/v1/payouts/resume", bad).refused(422, "invalid_request")
	}
	w.as("platform").post("/v1/payouts/pause", because("me")).refused(403, "forbidden")
	w.as("reviewer").post("/v1/payouts/resume", because("me")).refused(403, "forbidden")
	w.as("ops").post("/v1/payouts/resume", because("for nothing")).ok(200)

	first := w.as("ops").post("/v1/payouts/pause", because("the bank has called")).ok(200)
	again := w.as("ops").post("/v1/payouts/pause", because("another reason")).ok(200)
	require.Equal(t, first.Body, again.Body, "the first is kept")
	require.Equal(t, []any{true, "ops:ops", "the bank has called"}, []any{first.Body["paused"], first.Body["by"], first.Body["reason"]})
	var ends time.Time
	require.NoError(t, ends.UnmarshalText([]byte(first.Body["day_ends"].(string))))
	require.True(t, ends.After(time.Now()) && ends.Before(time.Now().Add(24*time.Hour+time.Second)))
	require.Equal(t, []any{
		map[string]any{"kind": "payments", "used": 0.0, "ceiling": 2000.0},
		map[string]any{"kind": "sms", "used": 17.0, "ceiling": 20000.0},
		map[string]any{"kind": "mails", "used": 0.0, "ceiling": 50000.0},
	}, first.Body["today"])
	metrics := w.metrics()
	for _, line := range []string{
		"shiming_payouts_paused 1", `shiming_spending_used{kind="sms"} 17`, `shiming_spending_ceiling{kind="mails"} 50000`, "shiming_payouts_waiting 0",
	} {
		require.Contains(t, metrics, line+"\n")
	}
	resumed := w.as("ops").post("/v1/payouts/resume", because("it has called again")).ok(200)
	require.Equal(t, []any{false, "it has called again"}, []any{resumed.Body["paused"], resumed.Body["reason"]})
}

// An account that has opened its share hears of it before anything is kept of another.
func TestAnAccountOpensSoManyADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range registration.OpeningsADay {
		w.as("platform").post(w.open("acct-1", "individual")+"/withdraw", nil).ok(200)
	}
	before := w.rows()
	for _, kind := range []string{"individual", "enterprise"} {
		a := w.as("platform").post("/v1/registrations", person(t, 1).application("acct-1", kind)).refused(429, "account_limit_reached")
		at, err := time.Parse(time.RFC3339, a.Body["retry_at"].(string))
		require.NoError(t, err)
		require.WithinDuration(t, time.Now().Add(24*time.Hour), at, time.Minute)
	}
	require.Equal(t, before, w.rows())
	w.open("acct-2", "individual")
}
