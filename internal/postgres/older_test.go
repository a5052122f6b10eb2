package postgres_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/devstack/stacktest"
	"shiming/internal/devstack/storetest"
	"shiming/internal/dossier"
	"shiming/internal/postgres"
	"shiming/registration"
)

// older are the rows and the keys that the release before words were sealed left behind: its code wrote them, through its own
// steps. Names are what they are called, and what only its bank and its mailboxes knew.
const (
	older        = "testdata/before_sealed_words"
	olderVersion = 8 // of the schema
)

type olderNames struct {
	Corrected, Coded, Deposit, Clearing, Held, Scanned string
	Payment, Finding, Token, Account                   string
	Amount                                             int64
}

// openOlder opens those rows with the code of today.
func openOlder(t *testing.T) (*postgres.Store, olderNames) {
	t.Helper()
	url := stacktest.Database(t, func(ctx context.Context, url string) error { return postgres.MigrateTo(ctx, url, olderVersion) })
	rows, err := os.ReadFile(filepath.Join(older, "rows.sql"))
	require.NoError(t, err)
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "set session_replication_role = replica; "+string(rows))
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
	require.NoError(t, postgres.Migrate(t.Context(), url))
	keys := filepath.Join(t.TempDir(), "keys.json") // a checkout's files may be read by others
	content, err := os.ReadFile(filepath.Join(older, "keys.json"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(keys, content, 0o600))
	content, err = os.ReadFile(filepath.Join(older, "names.json"))
	require.NoError(t, err)
	var names olderNames
	require.NoError(t, json.Unmarshal(content, &names))
	monday := time.Date(2026, 6, 1, 15, 0, 0, 0, time.UTC)
	return openStore(t, url, keys).WithClock(func() time.Time { return monday }), names
}

// Everything that an older release has sealed opens, and goes on by the code of today.
func TestWhatAnOlderReleaseHasSealedGoesOn(t *testing.T) {
	t.Parallel()
	s, n := openOlder(t)
	ctx := t.Context()
	begin := func(id string, act registration.Act, purpose string, input any) registration.Step {
		step := registration.Step{Subject: id, ActID: registration.NewID("act"), Actor: registration.ByApplicant}
		begun, refusal, err := s.BeginAct(ctx, postgres.Act{ID: step.ActID, RegistrationID: id, Act: act, Actor: step.Actor}, purpose, input)
		require.NoError(t, err)
		require.Nil(t, refusal)
		step.InputRef = *begun.InputRef
		return step
	}
	err := s.PaymentNotified(ctx, n.Payment)
	require.NoError(t, err)
	order, err := s.TakeOrder(ctx, n.Payment)
	require.NoError(t, err)
	require.Equal(t, n.Account, order.Company.Bank.AccountNumber)
	require.NotZero(t, order.AmountFen)

	step := begin(n.Deposit, registration.ActDeposit, dossier.PurposeAmount, dossier.Amount{Fen: n.Amount})
	result, err := s.Steps().EnterAmount(ctx, step)
	require.NoError(t, err)
	require.Equal(t, registration.DetailsRequired, result.State)

	step = begin(n.Coded, registration.ActCardCode, dossier.PurposeCode, dossier.Code{Code: "123456"})
	result, err = s.CardProven(ctx, step)
	require.NoError(t, err)
	require.Equal(t, registration.DetailsRequired, result.State)

	result, err = s.Steps().Look(ctx, registration.Step{Subject: n.Scanned, Actor: registration.ByWalletHub})
	require.NoError(t, err)
	require.Equal(t, registration.CompanyRequired, result.State)

	_, err = s.SetContact(ctx, n.Corrected, dossier.Contact{Email: "new@example.com"})
	require.NoError(t, err)
	reason, err := s.ClearingReason(ctx, n.Clearing)
	require.NoError(t, err)
	require.Equal(t, "leaving", reason)
	clearing, err := s.ClearingView(ctx, n.Clearing)
	require.NoError(t, err)
	require.Len(t, clearing.Conditions, 7)
	require.NoError(t, s.Object(ctx, n.Token))
	_, kept, err := s.ClaimKey(ctx, request("/a"), time.Now(), time.Minute)
	require.NoError(t, err)
	require.True(t, bytes.Equal([]byte("{\"id\":\"x\"}\n"), kept.Body), "byte for byte")
	delivery, err := s.TakeDelivery(ctx, "whd_1", 1)
	require.NoError(t, err)
	require.Equal(t, "whsec_1", delivery.Secret)
}

// What an older release has sealed is opened for its owner alone too.
func TestWhatAnOlderReleaseHasSealedIsNobodyElses(t *testing.T) {
	t.Parallel()
	s, n := openOlder(t)
	_, err := s.Pool().Exec(t.Context(), `update payments set company_ref = (select company_ref from registrations where id = $2) where id = $1`, n.Payment, n.Deposit)
	require.NoError(t, err)
	_, err = s.TakeOrder(t.Context(), n.Payment)
	require.ErrorIs(t, err, postgres.ErrForeign)
	_, err = s.Pool().Exec(t.Context(), `update clearings set claim_ref = (select ref from vault_items where purpose = 'claim' and ref <> claim_ref
		union all select ref from vault_items where purpose = 'identity' limit 1)`)
	require.NoError(t, err)
	_, err = s.ClearingReason(t.Context(), n.Clearing)
	require.ErrorIs(t, err, postgres.ErrForeign)
}

// Its words stood in clear. Once sealed they stand nowhere, and are what they were.
func TestWordsOfAnOlderReleaseAreSealed(t *testing.T) {
	t.Parallel()
	s, n := openOlder(t)
	secrets := []string{"It bounces, in 2026 already.", "第二页模糊，请重拍。", "The company called us in May.", "Told it by hand in May.", "Nothing came in May."}
	dump := storetest.Dump(t, s)
	for _, words := range secrets {
		require.Contains(t, dump, words)
	}
	view := func() *registration.View {
		v, err := s.View(t.Context(), n.Corrected)
		require.NoError(t, err)
		return v
	}
	before := view()
	require.Equal(t, secrets[0], before.Requirements[0].Message, "until they are sealed")
	for range 2 {
		require.NoError(t, s.SealPlain(t.Context(), slog.New(slog.DiscardHandler)))
		storetest.RequireNowhere(t, storetest.Dump(t, s), secrets...)
	}
	assert.Equal(t, before, view())
	f, err := s.FindingOf(t.Context(), n.Finding)
	require.NoError(t, err)
	assert.Equal(t, secrets[3], *f.Reason)
	assert.Zero(t, one[int](t, s, `select count(*) from notices where data is not null`))
	assert.Equal(t, 1, one[int](t, s, `select count(*) from payment_grants where sealed_reason is not null and reason is null`))
	assert.Equal(t, 1, one[int](t, s, `select count(*) from notice_words where sealed_reason is not null and reason is null`))
	mail := one[string](t, s, `update notices set accepted_at = null where registration_id = $1 and kind = 'correction_required' and channel = 'email'
		and recipient = 'registered' returning id`, n.Corrected)
	taken, err := s.TakeNotice(t.Context(), mail, aMinute)
	require.NoError(t, err)
	assert.Equal(t, secrets[1], taken.Data.Reasons[1].Message)
}
