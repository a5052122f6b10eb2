package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// letters counts what an applicant was sent, by channel and subject; an SMS has none and is told apart by its text.
func (r *reg) letters() map[string]int {
	r.t.Helper()
	found := map[string]int{}
	for _, m := range r.inbox(r.t, r.who.Email) {
		found[m.Channel+" "+m.Subject]++
	}
	for _, m := range r.inbox(r.t, r.who.Phone) {
		if sixDigits.FindString(m.Text) == "" { // the bank's codes are not ours
			found[m.Channel+" "+m.Text]++
		}
	}
	return found
}

// unsent lists the notices without an outcome: their channel, whether an attempt has left no record, and how many tries it took.
func (w *world) unsent(t testing.TB) []string {
	t.Helper()
	rows, err := w.store.Pool().Query(t.Context(), `select concat_ws(' ', n.kind, n.channel, 'attempt of', n.sending_at, 'unknown', n.unknown_tries, 'message', o.attempts, o.last_error)
		from notices n left join outbox o on o.kind = 'notice' and o.ref = n.id where n.accepted_at is null and n.skipped_at is null`)
	require.NoError(t, err)
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return all
}

// announced waits for so many different letters, mails and SMS together.
func (r *reg) announced(n int) {
	r.t.Helper()
	r.eventually(r.t, func() bool { return len(r.letters()) >= n }, func() string {
		return fmt.Sprintf("%d letters, of which came %v; on their way: %v", n, r.letters(), r.world.unsent(r.t))
	})
}

// told requires so many different letters, each sent once.
func (r *reg) told(n int) {
	r.t.Helper()
	r.announced(n)
	letters := r.letters()
	require.Len(r.t, letters, n)
	for letter, times := range letters {
		require.Equal(r.t, 1, times, letter)
	}
}

// Every notice to an applicant, once a channel, in both languages, with workers that end while it is on its way.
func TestEveryNoticeOnce(t *testing.T) {
	t.Parallel()
	for _, locale := range []string{"zh-CN", "en"} {
		for name, c := range map[string]struct {
			day     time.Duration
			story   func(t *testing.T, w *world) *reg
			letters int
		}{
			"the window closes tomorrow, and closes": {1500 * time.Millisecond, func(t *testing.T, w *world) *reg {
				t.Helper()
				r := w.beforeCompany(t, locale, "6789")
				r.put("/company", r.company).ok(200)
				r.until("deposit_required")
				w.restartWorker(t)
				r.until("deposit_failed")
				return r
			}, 8},
			"the bank refuses": {0, func(t *testing.T, w *world) *reg {
				t.Helper()
				r := w.beforeCompany(t, locale, "0000")
				w.fault(t, "bank", "down") // a payment that has failed is not announced any more
				r.put("/company", r.company).ok(200)
				r.announced(2)
				w.heal(t)
				r.until("company_required")
				return r
			}, 4},
			"a correction, then a final rejection": {0, func(t *testing.T, w *world) *reg {
				t.Helper()
				r := w.openIn(t, "individual", locale)
				r.proveCard()
				r.details("id_card_front", "id_card_back")
				r.post("/submit", nil).inState("under_review")
				r.reject("name").ok(200)
				w.restartWorker(t)
				r.put("/name", map[string]any{"name": "海湾灯塔工作室"}).ok(200)
				r.post("/submit", nil).inState("under_review")
				return r.rejectedForGood()
			}, 2},
			"silence": {100 * time.Millisecond, func(t *testing.T, w *world) *reg {
				t.Helper()
				r := w.openIn(t, "enterprise", locale)
				r.eventually(t, func() bool { return len(r.letters()) > 0 }, func() string { return "the reminder" })
				w.restartWorker(t)
				r.until("expired")
				return r
			}, 2},
		} {
			t.Run(locale+"/"+name, func(t *testing.T) {
				t.Parallel()
				var with []setting
				if c.day > 0 {
					with = append(with, withDay(c.day))
				}
				w := newWorld(t, with...)
				r := c.story(t, w)
				w.restartWorker(t)
				r.told(c.letters)
			})
		}
	}
}

// openIn starts a registration in a language.
func (w *world) openIn(t testing.TB, kind, locale string) *reg {
	t.Helper()
	r := &reg{world: w, t: t, account: newAccount("acct-"), who: somebody(t)}
	body := r.application(kind)
	body["locale"] = locale
	r.id = w.platform(t).post("/v1/registrations", body).ok(201).Body["id"].(string)
	return r
}

// beforeCompany is an enterprise that is about to hand in a bank account.
func (w *world) beforeCompany(t testing.TB, locale, ending string) *reg {
	t.Helper()
	r := w.openIn(t, "enterprise", locale)
	r.verifyAdmin("legal_representative")
	r.until("company_required")
	r.company = someCompany(t, r.who.Name, ending)
	return r
}
