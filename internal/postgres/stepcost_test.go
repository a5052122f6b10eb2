package postgres_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/dossier"
	"shiming/internal/notice"
	"shiming/internal/postgres"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

// counter counts the statements of a store, BEGIN and COMMIT among them.
type counter struct {
	mu         sync.Mutex
	statements []string
}

func (c *counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.statements = append(c.statements, d.SQL)
	return ctx
}

func (*counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (c *counter) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (c *counter) TraceBatchQuery(ctx context.Context, conn *pgx.Conn, d pgx.TraceBatchQueryData) {
	c.TraceQueryStart(ctx, conn, pgx.TraceQueryStartData{SQL: d.SQL})
}

func (*counter) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// costs takes the steps of a registration as its run does, and counts what each costs.
type costs struct {
	*testing.T
	*workflowtest.World
	counted *postgres.Store
	counter *counter
	step    registration.Step
	total   int
}

func newCosts(t *testing.T) *costs {
	t.Helper()
	c := &costs{T: t, World: workflowtest.New(t, workflowtest.Monday(), nil), counter: &counter{}}
	var err error
	c.counted, err = c.Store.Traced(t.Context(), c.counter)
	require.NoError(t, err)
	t.Cleanup(c.counted.Close)
	return c
}

// takes holds a step to a number of statements.
func (c *costs) takes(most int, name string, do func() error) {
	c.Helper()
	c.counter.statements = nil
	require.NoError(c.T, do(), name)
	got := c.counter.statements
	c.total += len(got)
	if !assert.LessOrEqual(c.T, len(got), most, name) {
		c.Log(name + ":\n" + strings.Join(got, "\n"))
	}
}

func (c *costs) act(most int, kind registration.Act, purpose string, input any, do func(step registration.Step) (registration.StepResult, error)) {
	c.Helper()
	step := c.step
	step.ActID = registration.NewID("act")
	step.Role = registration.AuthorizedAgent
	begun, refusal, err := c.Store.BeginAct(c.Context(), postgres.Act{ID: step.ActID, RegistrationID: step.Subject, Act: kind, Actor: step.Actor}, purpose, input)
	require.NoError(c.T, err)
	require.Nil(c.T, refusal)
	if begun.InputRef != nil {
		step.InputRef = *begun.InputRef
	}
	c.takes(most, string(kind), func() error {
		result, err := do(step)
		require.Nil(c.T, result.Refusal)
		return err
	})
}

func (c *costs) open(most int, kind registration.Kind) {
	c.Helper()
	app := c.Application(kind, "acct-1", 1)
	c.step = registration.Step{Subject: app.RegistrationID, Actor: registration.ByApplicant, RunID: "run"}
	c.takes(most, "open", func() error { _, err := c.counted.Steps().Open(c.Context(), app); return err })
}

// details hands in what is still missing.
func (c *costs) details(slots ...registration.Slot) {
	_, err := c.Store.SetContact(c.Context(), c.step.Subject, dossier.Contact{Email: "a@example.com", Phone: "13800000000", Name: workflowtest.Person(1).Holder, Address: "x"})
	require.NoError(c.T, err)
	for _, slot := range slots {
		_, err := c.Store.SetDocument(c.Context(), c.step.Subject, postgres.NewDocument{
			Document: registration.Document{Slot: slot, SHA256: "x", Size: 1, ContentType: "image/png", At: c.Now()}, BlobKey: string(slot),
		})
		require.NoError(c.T, err)
	}
}

func (c *costs) review(submit, decide int) {
	c.act(submit, registration.ActSubmit, "", nil, func(step registration.Step) (registration.StepResult, error) {
		return c.counted.Steps().Submit(c.Context(), step)
	})
	c.step.Actor = registration.ByReviewer
	c.act(decide, registration.ActDecide, dossier.PurposeDecision, dossier.Decision{Decision: "approve", Reviewer: "zhang", Round: 1},
		func(step registration.Step) (registration.StepResult, error) {
			return c.counted.Steps().Decide(c.Context(), step)
		})
}

func TestAnIndividualsStepsTakeFewStatements(t *testing.T) {
	t.Parallel()
	c := newCosts(t)
	c.open(11, registration.Individual)
	c.act(6, registration.ActCard, dossier.PurposeCard, workflowtest.Card(1), func(step registration.Step) (registration.StepResult, error) {
		return c.counted.CardAccepted(t.Context(), step, "bnd-1")
	})
	c.act(11, registration.ActCardCode, dossier.PurposeCode, dossier.Code{Code: "123456"}, func(step registration.Step) (registration.StepResult, error) {
		return c.counted.CardProven(t.Context(), step)
	})
	c.details(registration.IDCardFront, registration.IDCardBack)
	c.review(8, 17)
	for _, id := range c.Strings(`select id from notices where accepted_at is null`) {
		c.takes(9, "message", func() error {
			_, err := c.counted.TakeNotice(t.Context(), id, func(notice.Channel) time.Duration { return time.Minute })
			require.NoError(t, err)
			return c.counted.NoticeAccepted(t.Context(), id, "msg-1")
		})
	}
	t.Log("statements of all steps:", c.total)
}

func TestAnEnterprisesStepsTakeFewStatements(t *testing.T) {
	t.Parallel()
	c := newCosts(t)
	look := func() error { _, err := c.counted.Steps().Look(t.Context(), c.step); return err }
	c.open(12, registration.Enterprise)
	c.act(10, registration.ActAdminSession, "", nil, func(step registration.Step) (registration.StepResult, error) {
		return c.counted.SessionOpened(t.Context(), step, postgres.AdminSession{SessionID: "qrs-1", QRPayload: "x", ExpiresAt: c.Now().Add(time.Hour)})
	})
	person := workflowtest.Person(1)
	report := postgres.Report{Source: "wallet", MessageID: "m1", Type: "session.verified", Key: "qrs-1", Person: dossier.WalletReport{Holder: person.Holder, IDNumber: person.IDNumber}}
	c.takes(7, "scan reported", func() error { _, err := c.counted.TakeReport(t.Context(), report); return err })
	c.takes(11, "scan followed", look)
	c.act(24, registration.ActCompany, dossier.PurposeCompany, workflowtest.Company(1), func(step registration.Step) (registration.StepResult, error) {
		return c.counted.Steps().TakeCompany(t.Context(), step)
	})
	payment := newest(c.World, c.step)
	c.takes(10, "notified", func() error { return c.counted.PaymentNotified(t.Context(), payment) })
	var order *postgres.Order
	c.takes(10, "order taken", func() (err error) { order, err = c.counted.TakeOrder(t.Context(), payment); return err })
	c.takes(6, "order answered", func() error { return c.counted.OrderAnswered(t.Context(), payment, "transfer.sent", "") })
	c.takes(10, "money reported", func() error {
		_, err := c.counted.TakeReport(t.Context(), postgres.Report{Source: "bank", MessageID: "m2", Type: "transfer.settled", Key: order.Key})
		return err
	})
	c.takes(11, "money followed", look)
	c.takes(5, "nothing new", look)
	c.act(14, registration.ActDeposit, dossier.PurposeAmount, dossier.Amount{Fen: order.AmountFen}, func(step registration.Step) (registration.StepResult, error) {
		return c.counted.Steps().EnterAmount(t.Context(), step)
	})
	c.details(registration.BusinessLicence, registration.AuthorizationLetter)
	c.review(9, 18)
	t.Log("statements of all steps:", c.total)
}
