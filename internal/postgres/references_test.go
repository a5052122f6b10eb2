package postgres_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/dossier"
	"shiming/internal/notice"
	"shiming/internal/postgres"
	"shiming/internal/vault"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

// pair is two of everything that refers to sealed values, in one database.
type pair struct {
	t *testing.T
	w *workflowtest.World
}

// swapped has a column of two rows change places, asks for it, and changes them back.
func (p *pair) swapped(table, column, key, one, two string, ask func() error) {
	p.t.Helper()
	swap := `update ` + table + ` a set ` + column + ` = b.` + column + ` from ` + table + ` b where a.` + key + ` in ($1, $2) and b.` + key + ` in ($1, $2) and a.` + key + ` <> b.` + key
	require.NoError(p.t, ask(), "%s.%s as it was", table, column)
	for _, again := range []bool{false, true} {
		tag, err := p.w.Store.Pool().Exec(p.t.Context(), swap, one, two)
		require.NoError(p.t, err)
		require.EqualValues(p.t, 2, tag.RowsAffected(), "%s.%s", table, column)
		if !again {
			assert.ErrorIs(p.t, ask(), postgres.ErrForeign, "%s.%s", table, column)
		}
	}
	require.NoError(p.t, ask(), "%s.%s is whose it was again", table, column)
}

// take begins to send a notice that was sent before.
func (p *pair) take(noticeID string) func() error {
	return func() error {
		_, err := p.w.Store.Pool().Exec(p.t.Context(), `update notices set accepted_at = null, skipped_at = null, sending_at = null where id = $1`, noticeID)
		if err != nil {
			return err
		}
		n, err := p.w.Store.TakeNotice(p.t.Context(), noticeID, aMinute)
		if err == nil {
			assert.NotNil(p.t, n, "it was opened")
		}
		return err
	}
}

func (p *pair) view(id string) func() error {
	return func() error {
		_, err := p.w.Store.View(p.t.Context(), id)
		return err
	}
}

// covered are the columns that hold sealed values or references to them, each with the test that swaps it.
var covered = map[string]string{
	"registrations.applicant_ref":   "TestReferencesOpenForTheirOwnerAlone",
	"registrations.identity_ref":    "TestReferencesOpenForTheirOwnerAlone",
	"registrations.company_ref":     "TestReferencesOpenForTheirOwnerAlone",
	"registrations.contact_ref":     "TestReferencesOpenForTheirOwnerAlone",
	"payments.company_ref":          "TestPayeesOpenForTheirPaymentAlone",
	"payments.amount":               "TestPayeesOpenForTheirPaymentAlone",
	"acts.input_ref":                "TestInputsOpenForTheirActAlone",
	"clearings.claim_ref":           "TestReferencesOfClearingsOpenForTheirOwnerAlone",
	"clearings.conditions_ref":      "TestReferencesOfClearingsOpenForTheirOwnerAlone",
	"objections.token_ref":          "TestReferencesOfClearingsOpenForTheirOwnerAlone",
	"reports.body":                  "TestReportsOpenForTheirSessionAlone",
	"notices.sealed":                "TestReferencesOpenForTheirOwnerAlone",
	"findings.sealed_reason":        "TestReferencesOpenForTheirOwnerAlone",
	"payout_switches.sealed_reason": "TestAPausesReasonOpensForItAlone",
	"webhook_endpoints.secret":      "TestSecretsOpenForTheirEndpointAlone",
	"idempotency.body":              "TestAnswersOpenForTheirRequestAlone",
	"vault_items.sealed":            "TestReferencesOpenForTheirOwnerAlone",
	"vault_keys.wrapped":            "TestReferencesOpenForTheirOwnerAlone",
	"reviews.note":                  "is read by nobody yet",
	"payment_grants.sealed_reason":  "TestWhatOpsSaidOfAPaymentOpensForItAlone",
	"notice_words.sealed_reason":    "is read by nobody yet",
	"holds.sealed_reason":           "is read by nobody yet",
	"repairs.sealed_reason":         "is read by nobody yet",
	"lost_transfers.amount":         "TestLostTransfersOpenForTheirKeyAlone",
	// Keyed fingerprints open for nobody.
	"payments.bank_fingerprint": "", "payment_grants.bank_fingerprint": "", "registrations.refused_bank": "", "attempts.fingerprint": "",
	"identity_claims.fingerprint": "", "clearings.claim_fingerprint": "", "objections.token": "", "idempotency.key": "", "idempotency.body_mac": "",
	"act_addresses.address": "", "lost_transfer_refusals.bank_fingerprint": "", "lost_transfer_refusals.details": "", "findings.difference": "",
}

// A new column that holds sealed values, or refers to them, is swapped by a test, or it is said why not.
func TestEveryReferenceIsCovered(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	rows, err := s.Pool().Query(t.Context(), `select table_name || '.' || column_name from information_schema.columns
		where table_schema = 'public' and (data_type = 'bytea' or column_name like '%\_ref')`)
	require.NoError(t, err)
	defer rows.Close()
	count := 0
	for rows.Next() {
		var column string
		require.NoError(t, rows.Scan(&column))
		assert.Contains(t, covered, column, "say by which test it is covered")
		count++
	}
	require.NoError(t, rows.Err())
	assert.Len(t, covered, count, "a column that is gone")
}

func aMinute(notice.Channel) time.Duration { return time.Minute }

// Whoever writes the database can turn every reference elsewhere. None opens what it leads to then.
func TestReferencesOpenForTheirOwnerAlone(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	p := &pair{t, w}
	ctx := t.Context()
	var runs []*workflowtest.Run
	for i, account := range []string{"acct-1", "acct-2"} {
		r := w.Individual(account, i+1)
		r.ProveCard(i + 1)
		r.ToReview(i + 1)
		require.Nil(t, r.Reject("contact.email", "contact.phone"))
		r.Settle()
		runs = append(runs, r)
	}
	for i, account := range []string{"corp-1", "corp-2"} {
		r := w.Enterprise(account, i+3)
		r.ToDeposit(i + 3)
		runs = append(runs, r)
	}
	for _, r := range runs {
		defer r.Close()
	}
	one, two, firm, other := runs[0].App.RegistrationID, runs[1].App.RegistrationID, runs[2].App.RegistrationID, runs[3].App.RegistrationID
	contact := func() error {
		_, err := w.Store.SetContact(ctx, one, dossier.Contact{})
		return err
	}
	grant := func() error {
		_, err := w.Store.GrantPayout(ctx, firm, "ops:chen", "called the company")
		return err
	}
	mail := w.Strings(`select id from notices where registration_id = $1 and kind = 'correction_required' and channel = 'email' and recipient = 'registered'`, one)[0]
	other1 := w.Strings(`select id from notices where registration_id = $1 and kind = 'correction_required' and channel = 'email' and recipient = 'registered'`, two)[0]
	p.swapped("registrations", "applicant_ref", "id", one, two, p.take(mail))
	p.swapped("registrations", "identity_ref", "id", one, two, contact)
	p.swapped("registrations", "contact_ref", "id", one, two, contact)
	p.swapped("registrations", "company_ref", "id", firm, other, grant)
	p.swapped("registrations", "corrections", "id", one, two, p.view(one))
	p.swapped("reviews", "reasons", "subject_id", one, two, p.view(one))
	p.swapped("notices", "registration_id", "id", mail, other1, p.take(mail)) // somebody else's mailbox
	p.swapped("notices", "sealed", "id", mail, other1, p.take(mail))

	item, itsTwin := w.Strings(`select identity_ref from registrations where id = $1`, one)[0], w.Strings(`select identity_ref from registrations where id = $1`, two)[0]
	p.swapped("vault_items", "sealed", "ref", item, itsTwin, contact)
	p.swapped("vault_items", "subject", "ref", item, itsTwin, contact)
	p.swapped("vault_keys", "wrapped", "subject", one, two, func() error {
		if err := contact(); err != nil {
			require.ErrorIs(t, err, vault.ErrDataKey)
			return postgres.ErrForeign
		}
		return nil
	})

	var findings []string
	for _, subject := range []string{one, two} {
		require.NoError(t, w.Store.Find(ctx, registration.FindingRunBehind, subject, "", "looked twice"))
		id := w.Strings(`select id from findings where subject = $1`, subject)[0]
		require.NoError(t, w.Store.ResolveFinding(ctx, id, "ops:chen", "told the run by hand: "+subject))
		findings = append(findings, id)
	}
	p.swapped("findings", "sealed_reason", "id", findings[0], findings[1], func() error {
		_, err := w.Store.FindingOf(ctx, findings[0])
		return err
	})
}

// Yesterday's payee, or another company's, is paid nothing, whatever row says so. Nothing is lost: turned back, the payment goes on.
func TestPayeesOpenForTheirPaymentAlone(t *testing.T) {
	t.Parallel()
	for name, strangers := range map[string]bool{"the registration's own of before": false, "a stranger's": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := workflowtest.New(t, workflowtest.Monday(), nil)
			r := w.Enterprise("corp-1", 1)
			defer r.Close()
			r.ToPayout(1)
			r.BankSays("transfer.failed", "account_closed")
			stranger := w.Enterprise("corp-2", 2)
			defer stranger.Close()
			stranger.ToPayout(2)
			w.Mail.Down(true)
			w.SMS.Down(true)
			moved := workflowtest.Company(1)
			moved.Bank.AccountNumber = workflowtest.Company(3).Bank.AccountNumber
			require.Nil(t, r.Company(moved))
			r.Settle()
			before := len(w.Bank.Ledger())
			from := `(select company_ref from payments where registration_id = $1 and id <> $2)`
			if strangers {
				from = `(select company_ref from payments where registration_id <> $1 and id <> $2)`
			}
			own := w.Strings(`select company_ref from payments where id = $1`, r.Payment().ID)[0]
			tag, err := w.Store.Pool().Exec(t.Context(), `update payments set company_ref = `+from+` where id = $2`, r.App.RegistrationID, r.Payment().ID)
			require.NoError(t, err)
			require.EqualValues(t, 1, tag.RowsAffected())
			w.Mail.Down(false)
			w.SMS.Down(false)
			r.Sleep(time.Minute)
			require.NotNil(t, r.Payment().NotifiedAt, "it was announced, and is to be ordered")
			require.Len(t, w.Bank.Ledger(), before, "nothing was paid")
			_, err = w.Store.TakeOrder(t.Context(), r.Payment().ID)
			require.ErrorIs(t, err, postgres.ErrForeign)

			_, err = w.Store.Pool().Exec(t.Context(), `update payments set company_ref = $2 where id = $1`, r.Payment().ID, own)
			require.NoError(t, err)
			r.Sleep(time.Minute)
			require.Len(t, w.Bank.Ledger(), before+1)
			assert.Equal(t, moved.Bank.AccountNumber, w.Bank.Find(r.Payment().Key).AccountNumber)

			_, err = w.Store.Pool().Exec(t.Context(), `update payments set amount = (select amount from payments where id <> $1 limit 1), bank_state = 'requested' where id = $1`, r.Payment().ID)
			require.NoError(t, err)
			_, err = w.Store.TakeOrder(t.Context(), r.Payment().ID)
			require.ErrorIs(t, err, postgres.ErrForeign)
		})
	}
}

// What a registration has replaced is gone: no reference can be turned back to it.
func TestWhatWasReplacedIsGone(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("corp-1", 1)
	defer r.Close()
	r.ToPayout(1)
	require.Nil(t, r.SetContact(workflowtest.Contact(1)))
	r.BankSays("transfer.failed", "account_closed")
	moved := workflowtest.Company(1)
	moved.Bank.AccountNumber = workflowtest.Company(3).Bank.AccountNumber
	require.Nil(t, r.Company(moved))
	r.Settle()
	require.Nil(t, r.SetContact(workflowtest.Contact(2)))
	named := w.Strings(`select ref from vault_items v where purpose in ('identity', 'company', 'contact') and not exists
		(select from registrations r where v.ref in (r.identity_ref, r.company_ref, r.contact_ref))
		and not exists (select from payments p where v.ref = p.company_ref) and not exists (select from acts a where v.ref = a.input_ref)`)
	assert.Empty(t, named)
	assert.Equal(t, 2, w.Count(`select count(*) from payments p join vault_items v on v.ref = p.company_ref`), "each payment keeps its payee")
}

// An act is done with what was handed in with it, not with what came with another of the same registration.
func TestInputsOpenForTheirActAlone(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("corp-1", 1)
	defer r.Close()
	r.ToDeposit(1)
	var steps []registration.Step
	for _, fen := range []int64{r.WrongAmount(), r.Amount()} {
		step := registration.Step{Subject: r.App.RegistrationID, ActID: registration.NewID("act"), Actor: registration.ByApplicant}
		begun, refusal, err := w.Store.BeginAct(t.Context(), postgres.Act{ID: step.ActID, RegistrationID: step.Subject, Act: registration.ActDeposit, Actor: step.Actor},
			dossier.PurposeAmount, dossier.Amount{Fen: fen})
		require.NoError(t, err)
		require.Nil(t, refusal)
		step.InputRef = *begun.InputRef
		steps = append(steps, step)
	}
	steps[0].InputRef = steps[1].InputRef
	_, err := w.Store.Steps().EnterAmount(t.Context(), steps[0])
	require.ErrorIs(t, err, postgres.ErrForeign)
	assert.Equal(t, 3, r.Payment().AttemptsLeft)

	i := w.Individual("acct-1", 2)
	defer i.Close()
	require.Nil(t, i.Card(workflowtest.Card(2)))
	j := w.Individual("acct-2", 3)
	defer j.Close()
	require.Nil(t, j.Card(workflowtest.Card(3)))
	_, err = w.Store.Pool().Exec(t.Context(), `update registrations a set binding = jsonb_set(a.binding, '{card_ref}', b.binding -> 'card_ref')
		from registrations b where a.account_id = 'acct-1' and b.account_id = 'acct-2'`)
	require.NoError(t, err)
	_, err = w.Store.CardProven(t.Context(), registration.Step{Subject: i.App.RegistrationID, Actor: registration.ByApplicant, InputRef: "vlt_none"})
	require.ErrorIs(t, err, postgres.ErrForeign)
	assert.Equal(t, registration.CardCodeRequired, i.State())
}

func TestReferencesOfClearingsOpenForTheirOwnerAlone(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	p := &pair{t, w}
	ctx := context.Background()
	var ids []string
	for i, account := range []string{"corp-1", "corp-2"} {
		w.ApproveEnterprise(account, i+1)
		r := w.Clear(account, i+5)
		defer r.Abandon()
		require.Nil(t, r.Refused)
		r.ToReview(registration.AuthorizationLetter)
		require.Nil(t, r.ApproveAs("reviewer-1"))
		require.Nil(t, r.ApproveAs("reviewer-2"))
		r.Settle()
		ids = append(ids, r.Clearing.ClearingID)
	}
	p.swapped("clearings", "claim_ref", "id", ids[0], ids[1], func() error {
		_, err := w.Store.ClearingReason(ctx, ids[0])
		return err
	})
	p.swapped("clearings", "conditions_ref", "id", ids[0], ids[1], func() error {
		_, err := w.Store.ClearingView(ctx, ids[0])
		return err
	})
	asked := w.Strings(`select id from notices where kind = 'clearing_objection' and about = $1 and channel = 'email' and recipient = 'registered'`, ids[0])[0]
	p.swapped("objections", "token_ref", "clearing_id", ids[0], ids[1], p.take(asked))
}

// A scan proves whom the wallet named for that session, and nobody whose report was put in its place.
func TestReportsOpenForTheirSessionAlone(t *testing.T) {
	t.Parallel()
	for column, swap := range map[string]string{
		"body": `update reports a set body = b.body, sealed_for = b.sealed_for from reports b where a.key <> b.key`,
		"key":  `update reports a set key = b.key, registration_id = b.registration_id from reports b where a.key <> b.key`,
	} {
		for _, early := range []bool{false, true} { // before its session was stored, so that it is nobody's yet
			w := workflowtest.New(t, workflowtest.Monday(), nil)
			p := &pair{t, w}
			var ids []string
			for i, account := range []string{"corp-1", "corp-2"} {
				app := w.Application(registration.Enterprise, account, i+1)
				_, err := w.Store.Steps().Open(t.Context(), app)
				require.NoError(t, err)
				step := registration.Step{
					Subject: app.RegistrationID, ActID: registration.NewID("act"), Actor: registration.ByApplicant, Role: registration.LegalRepresentative,
				}
				_, _, err = w.Store.BeginAct(t.Context(), postgres.Act{ID: step.ActID, RegistrationID: app.RegistrationID, Act: registration.ActAdminSession, Actor: step.Actor}, "", nil)
				require.NoError(t, err)
				session := "qrs_" + account
				scan := postgres.Report{
					Source: "wallet", MessageID: "msg_" + account, Type: "session.verified", Key: session,
					Person: dossier.WalletReport{Holder: workflowtest.Person(i + 1).Holder, IDNumber: workflowtest.Person(i + 1).IDNumber},
				}
				if early {
					w.Report(scan)
				}
				_, err = w.Store.SessionOpened(t.Context(), step, postgres.AdminSession{SessionID: session, QRPayload: "x", ExpiresAt: w.Now().Add(time.Hour)})
				require.NoError(t, err)
				if !early {
					w.Report(scan)
				}
				ids = append(ids, app.RegistrationID)
			}
			_, err := w.Store.Pool().Exec(t.Context(), swap)
			require.NoError(t, err)
			_, err = w.Store.Steps().Look(t.Context(), registration.Step{Subject: ids[0], Actor: registration.ByWalletHub})
			require.ErrorIs(t, err, postgres.ErrForeign, "%s, early: %t", column, early)
			_, err = w.Store.Pool().Exec(t.Context(), swap) // back
			require.NoError(t, err)
			_, err = w.Store.Steps().Look(t.Context(), registration.Step{Subject: ids[0], Actor: registration.ByWalletHub})
			require.NoError(t, err)
			require.NoError(t, p.view(ids[0])())
		}
	}
}

func TestSecretsOpenForTheirEndpointAlone(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	p := &pair{t, w}
	for _, id := range []string{"whe_1", "whe_2"} {
		_, err := w.Store.AddEndpoint(t.Context(), "token:platform", &postgres.Endpoint{ID: id, URL: "https://example.com/" + id, Events: []registration.WebhookEvent{"registration.state_changed"}}, "whsec_"+id)
		require.NoError(t, err)
		_, err = w.Store.PingEndpoint(t.Context(), "token:platform", id, "whd_"+id)
		require.NoError(t, err)
	}
	p.swapped("webhook_endpoints", "secret", "id", "whe_1", "whe_2", func() error {
		_, err := w.Store.TakeDelivery(t.Context(), "whd_whe_1", 1)
		return err
	})
}

func TestAnswersOpenForTheirRequestAlone(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	require.NoError(t, s.NewSubject(t.Context(), postgres.IdempotencySubject))
	claim := func(path string) (*postgres.KeptAnswer, error) {
		_, kept, err := s.ClaimKey(t.Context(), request(path), time.Now(), time.Minute)
		return kept, err
	}
	for _, path := range []string{"/a", "/b"} {
		_, err := claim(path)
		require.NoError(t, err)
		require.NoError(t, s.AnswerKey(t.Context(), request(path), postgres.KeptAnswer{Status: 200, Body: []byte(path + "\n")}))
	}
	kept, err := claim("/a")
	require.NoError(t, err)
	require.Equal(t, "/a\n", string(kept.Body), "byte for byte")
	_, err = s.Pool().Exec(t.Context(), `update idempotency a set body = b.body from idempotency b where a.path <> b.path`)
	require.NoError(t, err)
	_, err = claim("/a")
	require.ErrorIs(t, err, vault.ErrSealed)
}

// request is one with the same key at another path.
func request(path string) postgres.Request {
	return postgres.Request{Caller: "token:platform", Method: "POST", Path: path, Key: []byte("key"), BodyMAC: []byte("body")}
}

// Values of a purpose look alike from outside, the shortest and the longest usual one.
func TestSealedSizesTellNothing(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	require.NoError(t, s.NewSubject(t.Context(), "reg_1"))
	sizeOf := func(purpose string, v any) int {
		ref, err := s.Put(t.Context(), postgres.Own("reg_1"), purpose, v)
		require.NoError(t, err, purpose)
		return one[int](t, s, `select octet_length(sealed) from vault_items where ref = $1`, ref)
	}
	for purpose, usual := range usualValues() {
		sizes := map[int]bool{}
		for _, v := range usual {
			sizes[sizeOf(purpose, v)] = true
		}
		assert.Len(t, sizes, 1, purpose)
	}
	for _, purpose := range dossier.Purposes() {
		if purpose != dossier.PurposeAnswer { // bytes, as they come
			assert.Contains(t, usualValues(), purpose)
		}
	}
	_, err := s.Put(t.Context(), postgres.Own("reg_1"), "whatever", "x")
	require.ErrorContains(t, err, "nothing is sealed for")
	var amounts []int
	for fen := range int64(100) {
		amounts = append(amounts, sizeOf(dossier.PurposeAmount, dossier.Amount{Fen: fen}))
	}
	assert.Len(t, slices.Compact(amounts), 1)
}
