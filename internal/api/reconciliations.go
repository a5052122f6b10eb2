package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"shiming/internal/postgres"
	"shiming/internal/problem"
	"shiming/internal/statement"
	"shiming/registration"
)

const reconciliationTag = "Reconciliations"

// oldestStatement is how many days back a statement can be asked for: accounts are kept by the year, and a bank has no older one.
const oldestStatement = 400

// reconciliations makes the routes about the bank's statement, held against the payments.
func (s *server) reconciliations() {
	register(s, route{
		id: "list-reconciliations", method: http.MethodGet, path: "/v1/reconciliations", tag: reconciliationTag, summary: "List the days that were compared",
		description: "The days of Asia/Shanghai whose bank statement was held against the payments, or is to be, newest first.",
		codes:       []problem.Code{registration.CodeInvalidRequest},
	}, s.listReconciliations)
	register(s, route{
		id: "get-reconciliation", method: http.MethodGet, path: "/v1/reconciliations/{day}", tag: reconciliationTag, summary: "Read a day's comparison",
		description: "What became of a day, with what was found on it. A day that was never compared nor asked for: not_found.",
	}, s.getReconciliation)
	register(s, route{
		id: "reconcile-day", method: http.MethodPost, path: "/v1/reconciliations/{day}", tag: reconciliationTag, summary: "Compare a day now",
		description: "Has a worker ask the bank for the day's statement and hold it against the payments, within seconds if the bank answers. Read the day until pending is false. " +
			"A day that is not over is compared as far as it has come, and again when it is over.",
	}, s.reconcileDay)
}

// Reconciliation is a day's bank statement, held against the payments.
type Reconciliation struct {
	Day        statement.Day `json:"day" format:"date" doc:"A day of Asia/Shanghai" example:"2026-09-29"`
	Pending    bool          `json:"pending" doc:"Somebody has asked for a comparison that is still to come" example:"false"`
	AskedAt    *time.Time    `json:"asked_at" doc:"When somebody last asked for it; null: nobody has" example:"2026-09-30T10:00:00+08:00"`
	AskedBy    *string       `json:"asked_by" doc:"Who" example:"ops:zhang"`
	ComparedAt *time.Time    `json:"compared_at" doc:"When the statement that was compared last was asked for; null: none yet" example:"2026-09-30T10:00:03+08:00"`
	Whole      bool          `json:"whole" doc:"The day was over then: nothing can be added to its statement" example:"true"`
	Entries    int           `json:"entries" doc:"Transfers on the statement" example:"120"`
	Matched    int           `json:"matched" doc:"Of them, those that are a payment of ours" example:"120"`
	Out        string        `json:"out" doc:"What went out, in CNY: of payments whose amount is no secret any more" example:"57.31"`
	Back       string        `json:"back" doc:"What of it came back" example:"0.42"`
	Withheld   int           `json:"withheld" doc:"Transfers whose amount the applicant has still to enter: they are in neither sum" example:"3"`
	Waiting    int           `json:"waiting" doc:"Payments that are on no statement yet and may come to stand on a later one" example:"0"`
	Open       int           `json:"open" doc:"Differences that are open, as findings" example:"0"`
	Trouble    *string       `json:"trouble" doc:"Why the bank gave no statement when it was last asked; null if it did" example:"bank: unavailable, nothing was done: busy, status 503"`
	NextAt     *time.Time    `json:"next_at" doc:"When it is compared next, by itself; null: not any more" example:"2026-10-01T00:10:00+08:00"`
}

func reconciliationOf(d *postgres.StatementDay) Reconciliation {
	return Reconciliation{
		Day: d.Day, Pending: d.Pending(), AskedAt: d.AskedAt, AskedBy: d.AskedBy, ComparedAt: d.ComparedAt, Whole: d.Whole(), Entries: d.Entries,
		Matched: d.Matched, Out: yuan(d.OutFen), Back: yuan(d.BackFen), Withheld: d.Withheld, Waiting: d.Waiting, Open: d.Open, Trouble: d.LastError, NextAt: d.NextAt,
	}
}

// yuan writes fen as CNY with two decimals.
func yuan(fen int64) string { return fmt.Sprintf("%d.%02d", fen/100, fen%100) }

// ReconciliationPage is a page of days.
type ReconciliationPage struct {
	Items      []Reconciliation `json:"items" doc:"Days, newest first"`
	NextCursor *string          `json:"next_cursor" doc:"Where the next page begins; null on the last" example:"MjAyNi0wOS0yOVQwNDowMDowMFp8MjAyNi0wOS0yOQ"`
}

func (s *server) listReconciliations(ctx context.Context, in *Paging) (*struct{ Body ReconciliationPage }, error) {
	page, err := s.Store.StatementDays(ctx, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return &struct{ Body ReconciliationPage }{ReconciliationPage{Items: shown(page.Items, reconciliationOf), NextCursor: next(page.NextCursor)}}, nil
}

// ReconciliationDay is one day with what was found on it.
type ReconciliationDay struct {
	Reconciliation
	Findings []Finding `json:"findings" doc:"What was found on the day, the open ones first; at most 200"`
}

type reconciliationAnswer struct{ Body ReconciliationDay }

// byDay names a day in the path.
type byDay struct {
	Day string `path:"day" doc:"A day of Asia/Shanghai that has begun, at most 400 days ago" example:"2026-09-29"`
}

// day reads it; a day without a statement is refused.
func (s *server) day(in byDay) (statement.Day, error) {
	day, err := statement.ParseDay(in.Day)
	today := statement.DayOf(s.Now())
	if err != nil || day > today || day < today.Add(-oldestStatement) {
		return "", problem.FromFields(registration.FieldError{
			Location: "path.day", Code: codeInvalid, Message: "Send a day of Asia/Shanghai that has begun, at most 400 days ago, such as " + string(today.Add(-1)) + ".",
		})
	}
	return day, nil
}

func (s *server) getReconciliation(ctx context.Context, in *byDay) (*reconciliationAnswer, error) {
	day, err := s.day(*in)
	if err != nil {
		return nil, err
	}
	return s.reconciliation(ctx, day)
}

func (s *server) reconciliation(ctx context.Context, day statement.Day) (*reconciliationAnswer, error) {
	known, err := s.Store.StatementDayOf(ctx, day)
	if err != nil {
		return nil, err
	}
	found, err := s.Store.FindingsOfDay(ctx, day)
	if err != nil {
		return nil, err
	}
	out := ReconciliationDay{Reconciliation: reconciliationOf(known), Findings: shown(found, s.finding)}
	return &reconciliationAnswer{out}, nil
}

func (s *server) reconcileDay(ctx context.Context, in *byDay) (*reconciliationAnswer, error) {
	day, err := s.day(*in)
	if err != nil {
		return nil, err
	}
	if err := s.Store.AskStatement(ctx, day, byOps(ctx)); err != nil {
		return nil, err
	}
	return s.reconciliation(ctx, day)
}
