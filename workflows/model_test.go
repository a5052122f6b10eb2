package workflows_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"shiming/internal/bank"
	"shiming/internal/dossier"
	"shiming/internal/postgres"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

// shards run at once, each with a world of its own; -rapid.checks (100 unless told) says how many sequences each plays.
const shards = 10

// TestModel plays random sequences of acts, reports, faults and time, for two accounts that share people, companies and
// bank accounts, and holds what must always be so after each.
func TestModel(t *testing.T) {
	t.Parallel()
	for shard := range shards {
		t.Run(fmt.Sprint(shard), func(t *testing.T) {
			t.Parallel()
			w := workflowtest.New(t, workflowtest.Monday(), nil)
			played := 0
			rapid.Check(t, func(rt *rapid.T) {
				played++
				w.T = rt
				m := &model{w: w, base: played * 4}
				defer m.close()
				for i, op := range rapid.SliceOfN(drawOp(), 6, 22).Draw(rt, "ops") {
					rt.Logf("%d: %s", i, m.play(op))
					m.hold(m.runs[op.Who])
				}
				m.calm()
			})
			w.T = t
			t.Log(w.Strings(`select 'in ' || state || ': ' || count(*) from registrations group by state`),
				w.Strings(`select event || ': ' || count(*) from timeline group by event`))
		})
	}
}

// op is one thing that happens: the deed is chosen by what, its details by the rest.
type op struct{ What, Who, A, B int }

func (o op) pick(n int) int { return o.A % n }

func drawOp() *rapid.Generator[op] {
	return rapid.Custom(func(t *rapid.T) op {
		dice := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "dice"), 0)) // rapid's own draws favour small numbers
		return op{What: dice.IntN(100), Who: dice.IntN(2), A: dice.IntN(5040), B: dice.IntN(5040)}
	})
}

// model is one sequence: two accounts, and what must not change any more.
type model struct {
	w     *workflowtest.World
	base  int // people, companies and bank accounts of this sequence are numbered from here
	runs  [2]*workflowtest.Run
	ids   []string
	final map[string]registration.State
	seen  []string // QR sessions
}

func (m *model) close() {
	m.w.Trouble(false)
	for _, r := range m.runs {
		if r != nil {
			r.Close()
		}
	}
	m.w.Forget()
}

// calm ends all trouble, lets everything be done, and looks once more.
func (m *model) calm() {
	m.w.Trouble(false)
	const untold = `select count(*) from payments p where registration_id = any($1) and state = 'returned' and not exists
		(select from notices where event_key in ('payment_returned/' || p.id, 'payout_returned/' || p.id))`
	for range 5 { // a letter that met trouble is taken again after a while
		for _, r := range m.runs {
			if r != nil {
				r.Sleep(2 * time.Minute)
			}
		}
		if m.count(untold) == 0 {
			break
		}
	}
	m.hold(m.runs[:]...)
	require.Zero(m.w.T, m.count(untold), "money came back and nobody was told")
	require.Equal(m.w.T, m.w.Count(`select count(*) from notices where accepted_at is not null`), m.w.Mail.Sent()+m.w.SMS.Sent(), "a notice was sent twice")
}

func (m *model) count(sql string) int { return m.w.Count(sql, m.ids) }

func (m *model) account(who int) string { return fmt.Sprintf("acct-%d-%d", m.base, who) }

// play does one thing, if it can be done now, and says what.
func (m *model) play(o op) string {
	r := m.runs[o.Who]
	if ended := r != nil && m.over(r); r == nil || ended {
		if r != nil && o.What < 30 {
			return m.late(r, o)
		}
		return m.open(o)
	}
	switch {
	case o.What < 45:
		return m.advance(r, o)
	case o.What < 60:
		return m.stray(r, o)
	case o.What < 72:
		return m.report(r, o)
	case o.What < 84:
		return m.trouble(o)
	default:
		return m.wait(r, o)
	}
}

func (m *model) over(r *workflowtest.Run) bool {
	ended, err := r.Ended()
	require.NoError(m.w.T, err)
	return ended
}

func (m *model) open(o op) string {
	kind := registration.Enterprise
	if o.A%3 == 0 {
		kind = registration.Individual
	}
	app := m.w.Application(kind, m.account(o.Who), m.base+o.Who)
	if o.B%4 == 0 {
		app = m.w.Verified(app, workflowtest.Person(m.base+o.B%3))
	}
	if old := m.runs[o.Who]; old != nil {
		old.Close()
	}
	r := m.w.Start(app)
	m.runs[o.Who] = r
	if r.Refused != nil {
		m.runs[o.Who] = nil
		r.Close()
		return "opening refused: " + string(r.Refused.Code)
	}
	m.ids = append(m.ids, app.RegistrationID)
	return "open " + string(kind)
}

// advance does what the state waits for, rightly.
func (m *model) advance(r *workflowtest.Run, o op) string {
	state := r.State()
	var refusal *registration.Refusal
	switch state {
	case registration.IdentityRequired:
		refusal = r.Card(workflowtest.Card(m.base + o.pick(3)))
	case registration.CardCodeRequired:
		refusal = r.Code(workflowtest.RightCode)
	case registration.AdminIdentityRequired:
		r.ProveAdministratorIfTold(m.role(o), m.base+o.pick(3))
	case registration.CompanyRequired:
		refusal = r.Company(m.company(o))
	case registration.PayoutPending:
		r.Settle()
		if paid := m.w.Bank.Find(r.Payment().Key); paid != nil { // else its time will come
			r.BankSays("transfer.settled", "")
		}
	case registration.DepositRequired:
		if paid := m.w.Bank.Find(r.Payment().Key); paid != nil { // else ops called it settled, and nobody can know
			refusal = r.Deposit((paid.AmountFen+int64(o.B%2)-1)%99 + 1) // right, or one more
		}
	case registration.DepositFailed:
		refusal = r.Payout()
	case registration.DetailsRequired, registration.CorrectionRequired:
		_ = r.SetContact(m.contact(r, o))
		m.uploadWhatIsRequired(r)
		if state == registration.CorrectionRequired {
			_ = r.Company(m.correction(o))
		}
		refusal = r.Submit()
	case registration.UnderReview:
		refusal = m.decide(r, o)
	}
	return fmt.Sprintf("advance from %s: %v", state, refusal)
}

// uploadWhatIsRequired can always be done: what is asked for is never locked.
func (m *model) uploadWhatIsRequired(r *workflowtest.Run) {
	for _, q := range r.View().Requirements {
		if slot, is := strings.CutPrefix(string(q.Field), "documents."); is {
			require.Nil(m.w.T, r.Upload(registration.Slot(slot)), "%s is required and locked", q.Field)
		}
	}
}

func (m *model) role(o op) registration.Role {
	if o.B%3 == 0 {
		return registration.LegalRepresentative
	}
	return registration.AuthorizedAgent
}

// company is one of three companies, with one of three bank accounts.
func (m *model) company(o op) dossier.Company {
	c := workflowtest.Company(m.base + o.pick(3))
	c.Bank.AccountNumber = workflowtest.Company(m.base + o.B%2).Bank.AccountNumber
	return c
}

// correction is a company, or only another legal representative.
func (m *model) correction(o op) dossier.Company {
	if o.A%2 == 0 {
		return m.company(o)
	}
	return newRepresentative(m.base + o.pick(3))
}

func (m *model) contact(r *workflowtest.Run, o op) dossier.Contact {
	c := workflowtest.Contact(m.base + o.pick(3))
	if r.App.Kind == registration.Individual {
		c.Name = ""
	}
	return c
}

func (m *model) decide(r *workflowtest.Run, o op) *registration.Refusal {
	fields := []registration.Field{
		registration.FieldIdentity, registration.FieldName, registration.FieldContactEmail, registration.DocumentField(registration.IDCardFront),
		"company", registration.FieldLegalRep, registration.FieldUSCC, registration.FieldBankAccountNumber, registration.FieldLegalName, registration.DocumentField(registration.BusinessLicence),
	}
	if r.App.Kind == registration.Individual {
		fields = fields[:4]
	}
	switch o.B % 4 {
	case 0:
		return r.Approve()
	case 1:
		return r.Decide(dossier.Decision{Decision: "reject", Final: true, Reasons: []registration.Reason{{Field: registration.FieldName, Code: "other"}}})
	}
	return r.Reject(fields[o.pick(len(fields))], fields[o.B%len(fields)])
}

// stray does anything, whether it is its time or not.
func (m *model) stray(r *workflowtest.Run, o op) string {
	deeds := []func() *registration.Refusal{
		func() *registration.Refusal { return r.Card(workflowtest.Card(m.base + o.B%3)) },
		func() *registration.Refusal { return r.Code("000000") },
		func() *registration.Refusal {
			id, refusal := r.Session(m.role(o))
			m.seen = append(m.seen, id)
			return refusal
		},
		func() *registration.Refusal { return r.Company(m.company(o)) },
		func() *registration.Refusal { return r.Deposit(int64(o.B%99) + 1) },
		r.Payout, r.Submit, r.Withdraw, r.Approve,
		func() *registration.Refusal { return r.SetContact(m.contact(r, o)) },
		func() *registration.Refusal { return r.Upload(registration.IDCardFront) },
	}
	n := o.pick(len(deeds))
	return fmt.Sprintf("stray %d: %v", n, deeds[n]())
}

// report has bank, wallet or ops say something, of any payment or session of this sequence.
func (m *model) report(r *workflowtest.Run, o op) string {
	if o.B%4 == 0 && len(m.seen) > 0 {
		p := workflowtest.Person(m.base + o.A%3)
		kind := []string{"session.verified", "session.failed"}[o.A%2]
		m.w.Report(postgres.Report{Source: "wallet", Type: kind, Key: m.seen[o.A%len(m.seen)], Person: dossier.WalletReport{Holder: p.Holder, IDNumber: p.IDNumber}})
		r.Settle()
		return kind
	}
	if o.B%8 == 1 {
		outcome := []string{"settled", "failed", "returned"}[o.pick(3)]
		_, err := m.w.Store.ResolvePayout(context.Background(), r.App.RegistrationID, registration.NewID("act"), "ops:chen", outcome, "by hand")
		require.NoError(m.w.T, err)
		r.Settle()
		return "ops " + outcome
	}
	keys := m.w.Strings(`select key from payments where registration_id = any($1) and ordered_at is not null order by requested_at`, m.ids)
	if len(keys) == 0 {
		return "nothing to report"
	}
	kind := []string{"sent", "settled", "settled", "failed", "returned"}[o.pick(5)]
	key := keys[o.B%len(keys)]
	m.w.Bank.Progress(key, bank.TransferState(kind), bank.ReasonAccountClosed)
	m.w.Report(postgres.Report{Source: "bank", Type: "transfer." + kind, Key: key, Reason: "account_closed"})
	if o.A%2 == 0 { // the run hears of it at once, or later
		r.Settle()
	}
	return "bank " + kind
}

// late reports on what has ended.
func (m *model) late(r *workflowtest.Run, o op) string { return "after the end: " + m.report(r, o) }

// trouble makes a party fail, or ends that.
func (m *model) trouble(o op) string {
	w := m.w
	troubles := []func(){
		func() { w.Faults.LoseAfter("", 1+o.B%2) },
		func() { w.Faults.LoseBefore("", 1+o.B%2) },
		func() { w.Bank.Ask(func(b *workflowtest.Bank) { b.Busy = 1 + o.B%8 }) },
		func() { w.Bank.Ask(func(b *workflowtest.Bank) { b.Mute = 1 + o.B%2 }) },
		func() { w.Bank.Ask(func(b *workflowtest.Bank) { b.RefuseTransfer = bank.ReasonAccountNotFound }) },
		func() { w.Bank.Ask(func(b *workflowtest.Bank) { b.RefuseTransfer = "" }) },
		func() { w.Mail.Down(o.B%2 == 0) },
		func() { w.SMS.Down(o.B%2 == 0) },
		func() { w.Wallet.TurnAway(1 + o.B%6) },
		func() {
			if r := m.runs[o.Who]; r != nil {
				r.MayContinue()
			}
		},
	}
	n := o.pick(len(troubles))
	troubles[n]()
	return fmt.Sprintf("trouble %d", n)
}

// wait lets time pass; providers do not stay away for days, which would only cost the test time.
func (m *model) wait(r *workflowtest.Run, o op) string {
	d := []time.Duration{time.Second, time.Minute, time.Hour, 26 * time.Hour, 80 * time.Hour, 8 * day, 31 * day}[o.pick(7)]
	if d > time.Hour {
		m.w.Trouble(false)
	}
	r.Sleep(d)
	return "wait " + d.String()
}

// hold checks what must always be so; of the runs given, that they believe what is stored.
func (m *model) hold(runs ...*workflowtest.Run) {
	w := m.w
	w.T.Helper()
	for _, broken := range w.Strings(invariants, m.ids) {
		require.Fail(w.T, "broken: "+broken)
	}
	for _, paid := range w.Bank.Ledger() {
		require.LessOrEqual(w.T, paid.Calls, 1, "ordered twice")
	}
	if m.final == nil {
		m.final = map[string]registration.State{}
	}
	for id, state := range w.States(m.ids) {
		was, final := m.final[id]
		require.True(w.T, !final || was == state, "a final state changed: %s to %s", was, state)
		if state.Final() {
			m.final[id] = state
		}
	}
	for _, r := range runs {
		if r != nil {
			r.AgreesWithTheDatabase()
		}
	}
}

// invariants names what is broken among the registrations $1.
const invariants = `
with r as (select * from registrations where id = any($1)), p as (select * from payments where registration_id = any($1))
select 'two payments open' from p where state in ('requested', 'sent', 'settled') group by registration_id having count(*) > 1
union all select 'an open payment after the end' from p join r on r.id = p.registration_id where r.ended_at is not null and p.state in ('requested', 'sent', 'settled')
union all select 'more than three wrong entries' from deposit_entries e join p on p.id = e.payment_id where not e.matched group by p.id having count(*) > 3
union all select 'attempts do not add up' from p where attempts_left <> 3 - (select count(*) from deposit_entries e where e.payment_id = p.id and not e.matched)
union all select 'more than two payments to a bank account in 30 days' from p a where accepted_at is not null and
  (select count(*) from payments b where b.bank_fingerprint = a.bank_fingerprint and b.accepted_at > a.accepted_at - interval '30 days' and b.accepted_at <= a.accepted_at
    and not exists (select from payment_grants g where g.used_by = b.id)) > 2
union all select 'approved without an identity' from r where state = 'approved' and (identity ->> 'verified')::boolean is not true
union all select 'approved without proof of the account on file' from r where state = 'approved' and kind = 'enterprise' and not exists
  (select from p where p.id = r.company_proof and p.confirmed_at is not null and right(r.company -> 'bank' ->> 'account_number', 4) = p.bank_last4)
union all select 'approved and not bound' from r where state = 'approved' and
  (select count(*) from identity_claims c where c.registration_id = r.id and c.bound) <> case kind when 'enterprise' then 2 else 1 end
union all select 'verified and not claimed' from r where ended_at is null and identity is not null and not exists
  (select from identity_claims c where c.registration_id = r.id and c.subject = 'person')
union all select 'proven and not claimed' from r where ended_at is null and company_proof is not null and not exists
  (select from identity_claims c where c.registration_id = r.id and c.subject = 'organization')
union all select 'proven by nothing' from r where company_proof is not null and state in ('company_required', 'payout_pending', 'deposit_required', 'deposit_failed')
union all select 'claimed after the end' from r join identity_claims c on c.registration_id = r.id where r.ended_at is not null and r.state <> 'approved'
union all select 'a review open outside the review' from reviews v join r on r.id = v.subject_id where v.closed_at is null and r.state <> 'under_review'
union all select 'no review open' from r where state = 'under_review' and not exists (select from reviews v where v.subject_id = r.id and v.closed_at is null)
union all select 'payout_pending without a payment' from r where state in ('payout_pending', 'deposit_required') and not exists
  (select from p where p.registration_id = r.id and p.state in ('requested', 'sent', 'settled', 'failed', 'returned'))
union all select 'the timeline has a gap' from (select from_state, lag(to_state) over (partition by registration_id order by sequence) as before
  from timeline where registration_id = any($1) and sequence is not null) l where before is not null and before <> from_state
union all select 'the timeline does not end at the state' from r where state <>
  (select to_state from timeline l where l.registration_id = r.id and l.sequence is not null order by l.sequence desc limit 1)
union all select 'ordered without a notice' from p where ordered_at is not null and not exists
  (select from notices n where n.event_key = 'payment_requested/' || p.id and n.accepted_at is not null)
`
