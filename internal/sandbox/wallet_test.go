package sandbox_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/internal/chinaid"
	"shiming/internal/sandbox"
	"shiming/internal/wallet"
	"shiming/internal/workday"
)

func TestPaymentPassword(t *testing.T) {
	t.Parallel()
	inBubble(t, sandbox.Config{}, func(t *testing.T, w *world) {
		require.NoError(t, w.wallet.CheckPaymentPassword(t.Context(), "acc", "123456"))
		for _, wrong := range []string{"000000", "12345", "12345a", ""} {
			require.ErrorIs(t, w.wallet.CheckPaymentPassword(t.Context(), "acc", wrong), wallet.ErrPasswordIncorrect)
		}
	})
}

func TestVerifiedAccount(t *testing.T) {
	t.Parallel()
	inBubble(t, sandbox.Config{}, func(t *testing.T, w *world) {
		account := func(id string) wallet.Account {
			a, err := w.wallet.Account(t.Context(), id)
			require.NoError(t, err)
			return a
		}
		require.Equal(t, wallet.Account{}, account("plain"))
		require.Equal(t, wallet.Account{}, account("not-verified-x"), "a prefix stands in front")

		one, other := account("verified-carded-1"), account("verified-carded-2")
		require.True(t, one.Verified)
		require.NotEmpty(t, one.Holder)
		_, err := chinaid.ParseResidentID(one.IDNumber)
		require.NoError(t, err)
		require.NotEqual(t, one.IDNumber, other.IDNumber)
		require.Equal(t, one, account("verified-carded-1"), "the same each time")
		require.True(t, account("carded-verified-3").Verified, "prefixes chain in any order")

		require.NoError(t, w.wallet.ClearIdentity(t.Context(), "clear", "verified-carded-1"))
		require.NoError(t, w.wallet.ClearIdentity(t.Context(), "clear", "verified-carded-1"))
		require.Equal(t, wallet.Account{}, account("verified-carded-1"))
	})
}

func TestFactsFollowThePrefixes(t *testing.T) {
	t.Parallel()
	inBubble(t, sandbox.Config{}, func(t *testing.T, w *world) {
		now := time.Now()
		ago := func(days int) time.Time { return now.AddDate(0, 0, -days).UTC() }
		at := func(days int) *time.Time { d := ago(days); return &d }
		clean := wallet.Facts{OpenedAt: ago(400), Activated: true, CardsLast4: []string{}, Refundable: []time.Time{}}
		tests := map[string]func(*wallet.Facts){
			"plain":        func(*wallet.Facts) {},
			"verified-x":   func(*wallet.Facts) {},
			"frozen-x":     func(f *wallet.Facts) { f.LastFrozenAt = at(10) },
			"young-x":      func(f *wallet.Facts) { f.OpenedAt = ago(10) },
			"carded-x":     func(f *wallet.Facts) { f.CardsLast4 = []string{"8888"} },
			"funded-x":     func(f *wallet.Facts) { f.BalanceFen = 1234 },
			"refundable-x": func(f *wallet.Facts) { f.Refundable = []time.Time{ago(3)} },
			"intransit-x":  func(f *wallet.Facts) { f.WithdrawalsInTransit = 1 },
			"carded-funded-verified-x": func(f *wallet.Facts) {
				f.CardsLast4, f.BalanceFen = []string{"8888"}, 1234
			},
		}
		for id, differ := range tests {
			want := clean
			differ(&want)
			got, err := w.wallet.Facts(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, inUTC(want), inUTC(got), id)
		}
	})
}

func inUTC(f wallet.Facts) wallet.Facts {
	f.OpenedAt = f.OpenedAt.UTC()
	if f.LastFrozenAt != nil {
		at := f.LastFrozenAt.UTC()
		f.LastFrozenAt = &at
	}
	for i, at := range f.Refundable {
		f.Refundable[i] = at.UTC()
	}
	return f
}

func TestFactsKeepTheCalendarsScaleAndTimeCures(t *testing.T) {
	t.Parallel()
	inBubble(t, sandbox.Config{Calendar: compressed{}}, func(t *testing.T, w *world) {
		first, err := w.wallet.Facts(t.Context(), "young-x")
		require.NoError(t, err)
		require.Equal(t, 10*5*time.Second, time.Since(first.OpenedAt))
		after(21 * 5 * time.Second)
		later, err := w.wallet.Facts(t.Context(), "young-x")
		require.NoError(t, err)
		require.True(t, first.OpenedAt.Equal(later.OpenedAt), "the account grows older")
	})
}

// compressed makes the product's calendar of 5 s days when it is asked, inside the bubble's time.
type compressed struct{}

func (compressed) Days(from time.Time, n int) time.Time {
	return workday.NewCompressed(5*time.Second, from).Days(from, n)
}

func TestHoldIsIdempotentByKey(t *testing.T) {
	t.Parallel()
	inBubble(t, sandbox.Config{}, func(t *testing.T, w *world) {
		held := func() bool {
			var account struct{ Held bool }
			require.Equal(t, http.StatusOK, w.call(t, http.MethodGet, "/wallet/accounts/acc", "", &account))
			return account.Held
		}
		require.False(t, held())
		require.NoError(t, w.wallet.Hold(t.Context(), "k1", "acc"))
		require.True(t, held())
		require.NoError(t, w.wallet.Release(t.Context(), "k1", "acc"))
		require.False(t, held())
		require.NoError(t, w.wallet.Hold(t.Context(), "k1", "acc"))
		require.False(t, held(), "a late repeat holds nothing")
		require.NoError(t, w.wallet.Hold(t.Context(), "k2", "acc"))
		require.True(t, held())
		require.NoError(t, w.wallet.Release(t.Context(), "k1", "acc"))
		require.True(t, held(), "a late repeat releases nothing")
	})
}

func scan(t *testing.T, w *world, session, outcome string) int {
	t.Helper()
	body := `{"holder_name":"张测试","id_number":"11010119900307109X","outcome":"` + outcome + `"}`
	return w.call(t, http.MethodPost, "/wallet/sessions/"+session+"/scan", body, nil)
}

func TestSessions(t *testing.T) {
	t.Parallel()
	inBubble(t, sandbox.Config{}, func(t *testing.T, w *world) {
		first, err := w.wallet.OpenSession(t.Context(), "k1", "acc")
		require.NoError(t, err)
		require.Contains(t, first.QRPayload, first.ID)
		require.Equal(t, 5*time.Minute, time.Until(first.ExpiresAt))
		after(time.Second)
		again, err := w.wallet.OpenSession(t.Context(), "k1", "acc")
		require.NoError(t, err)
		require.Equal(t, first, again, "the same key, the same session")

		second, err := w.wallet.OpenSession(t.Context(), "k2", "acc")
		require.NoError(t, err)
		require.NotEqual(t, first.ID, second.ID)

		require.Equal(t, http.StatusOK, scan(t, w, second.ID, "failed"))
		require.Equal(t, http.StatusOK, scan(t, w, second.ID, "verified"), "tried again")
		require.Equal(t, http.StatusOK, scan(t, w, second.ID, "verified"), "twice")
		require.Equal(t, http.StatusOK, scan(t, w, first.ID, "verified"), "replaced: the phone does not know")
		synctest.Wait()
		got := w.product.reports(t)
		require.Len(t, got, 4)
		ids := map[string]bool{}
		for _, r := range got {
			ids[r.ID] = true
			require.Equal(t, "/wallet", r.Path)
			require.Equal(t, "张测试", r.HolderName)
			require.Equal(t, "11010119900307109X", r.IDNumber)
		}
		require.Len(t, ids, 4, "an id of its own each")

		require.Equal(t, http.StatusNotFound, scan(t, w, "none", "verified"))
		require.Equal(t, http.StatusUnprocessableEntity, scan(t, w, second.ID, "maybe"))
		after(5 * time.Minute)
		require.Equal(t, http.StatusGone, scan(t, w, second.ID, "verified"))
		synctest.Wait()
		require.Len(t, w.product.reports(t), 4, "an expired session reports nothing")
	})
}
