package restore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"shiming/internal/bank"
	"shiming/internal/engine"
	"shiming/internal/postgres"
	"shiming/registration"
)

// Bank is asked what it has paid.
type Bank interface {
	Statement(ctx context.Context, day time.Time) ([]bank.StatementEntry, error)
	FindTransfer(ctx context.Context, key string) (status bank.TransferStatus, found bool, err error)
}

// What a repair finds, by what it does about it.
const (
	FoundRebuilt      = "run_rebuilt"     // a run that may be ahead of its row was ended, and another starts where the row stands
	FoundStarted      = "run_started"     // an open row had no run
	FoundWentBack     = "case_went_back"  // a person must judge
	FoundLost         = "case_lost"       // a person must judge
	FoundReport       = "report_imported" // the bank knew more of a payment than its row
	FoundTransfer     = "transfer_lost"   // the bank has paid for a row that is lost: held until it is taken over, or released by a person
	FoundUnpaid       = "payment_started" // the bank has never heard of it: it is made once the hold is over
	FoundNoticeSent   = "notice_sent"     // not sent again
	FoundNoticeUnsure = "notice_unsure"   // a person must judge
	FoundDelivered    = "delivery_made"   // not made again
	FoundEnded        = "workflow_ended"  // a workflow whose row is lost
)

// Judged are those that wait for a person, as findings.
func (r Report) Judged() []Found {
	var all []Found
	for _, f := range r.Found {
		if slices.Contains([]string{FoundWentBack, FoundLost, FoundTransfer, FoundNoticeUnsure}, f.What) {
			all = append(all, f)
		}
	}
	return all
}

// Found is one disagreement. It names ids alone.
type Found struct {
	What    string `json:"what"`
	ID      string `json:"id"`
	Account string `json:"account_id,omitempty"`
	Detail  string `json:"detail,omitempty"`
}

// Report is what a repair came to.
type Report struct {
	Verdict      string     `json:"verdict"`
	Why          string     `json:"why,omitempty"`
	RestorePoint *time.Time `json:"restore_point,omitempty"`
	DryRun       bool       `json:"dry_run,omitempty"`
	Found        []Found    `json:"found"`
}

// Repairer repairs a database that is behind its engine, or an engine that is behind its database.
type Repairer struct {
	Keeper
	Bank Bank
	// Since has the database be taken for one that was restored to then, whatever the marks say; zero: they are believed.
	Since  time.Time
	DryRun bool // say what would be done, and do nothing
	By     string
	Reason string
	Now    func() time.Time
	Say    func(what string) // progress

	mu     sync.Mutex
	report Report
	point  time.Time // what happened later may be missing
	began  time.Time // the hold
}

// skew is by how much the clocks of database, engine and bank may differ.
const skew = 5 * time.Minute

// All repairs everything. It may be interrupted and repeated: the hold ends last.
func (r *Repairer) All(ctx context.Context) (Report, error) {
	r.report = Report{Found: []Found{}, DryRun: r.DryRun}
	v, err := r.judge(ctx)
	if err != nil {
		return r.report, err
	}
	r.report.Verdict = v.String()
	switch v {
	case Held, DatabaseBehind:
		return r.report, r.behind(ctx)
	case EngineBehind:
		if r.DryRun {
			return r.report, nil
		}
		r.Say("the engine is behind: rebuilding its runs from their rows")
		return r.report, r.Rebuild(ctx)
	}
	return r.report, nil
}

// judge says how the two stand, and has the database held if it is behind.
func (r *Repairer) judge(ctx context.Context) (Verdict, error) {
	hold, err := r.Book.HoldNow(ctx)
	if err != nil {
		return Held, err
	}
	v, why := Held, ""
	if hold == nil {
		if v, why, err = r.suspected(ctx); err != nil || v != DatabaseBehind {
			r.report.Why = why
			return v, err
		}
	}
	if hold, err = r.held(ctx, hold, why); err != nil {
		return v, err
	}
	r.report.Why, r.report.RestorePoint = hold.Why, &hold.RestorePoint
	r.point, r.began = hold.RestorePoint, hold.Since
	return v, nil
}

// suspected judges a database that is not held, by a person's word or as at a start.
func (r *Repairer) suspected(ctx context.Context) (v Verdict, why string, err error) {
	if !r.Since.IsZero() {
		return DatabaseBehind, "said to be restored, by " + r.By, nil
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return r.Keeper.judge(ctx, true)
}

// held has the database held since the moment that a person says, if that is earlier than what is known; a dry run only says how it would be.
func (r *Repairer) held(ctx context.Context, hold *postgres.Hold, why string) (*postgres.Hold, error) {
	switch {
	case hold == nil && r.DryRun:
		point, err := r.Book.RestorePoint(ctx)
		hold = &postgres.Hold{Why: why, RestorePoint: point}
		if !r.Since.IsZero() {
			hold.RestorePoint = r.Since
		}
		return hold, err
	case hold == nil:
	case r.Since.IsZero():
		return hold, nil
	case !r.Since.Before(hold.RestorePoint):
		r.Say("it is held already, as of " + hold.RestorePoint.UTC().Format(time.RFC3339) + ": the earlier of the two moments counts")
		return hold, nil
	case r.DryRun:
		hold.RestorePoint = r.Since
		return hold, nil
	default:
		r.Say("it is held already, as of " + hold.RestorePoint.UTC().Format(time.RFC3339) + ": that is moved to " + r.Since.UTC().Format(time.RFC3339))
	}
	if err := r.Book.Hold(ctx, why, r.Since); err != nil {
		return nil, err
	}
	return r.Book.HoldNow(ctx)
}

// behind repairs a database that is behind.
func (r *Repairer) behind(ctx context.Context) error {
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"holding the engine's workflows against their rows", r.workflows},
		{"looking for open rows without a run", r.rows},
		{"asking the bank for its statement", r.statement},
		{"asking the bank about payments that it has not answered", r.unanswered},
	} {
		r.Say(step.what)
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	if r.DryRun {
		return nil
	}
	r.Say("ending the hold")
	return r.end(ctx)
}

// end ends the hold. The engine keeps the new mark first: without it the database would be found behind again.
func (r *Repairer) end(ctx context.Context) error {
	db, err := r.Book.AnchorNow(ctx)
	if err != nil {
		return err
	}
	kept, err := r.kept(ctx)
	if err != nil {
		return err
	}
	mark := registration.Mark{DatabaseID: db.DatabaseID, Number: db.Number + 1}
	if kept != nil {
		mark.Number = max(mark.Number, kept.Number+1)
	}
	if err := r.Engine.KeepMark(ctx, mark); err != nil {
		return err
	}
	return r.Book.EndHold(ctx, r.By, r.Reason, mark.Number)
}

// found puts a disagreement on the report.
func (r *Repairer) found(what, id, account, detail string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := Found{What: what, ID: id, Account: account, Detail: detail}
	if !slices.Contains(r.report.Found, f) {
		r.report.Found = append(r.report.Found, f)
	}
}

// file puts a disagreement on the report and has a person told of it.
func (r *Repairer) file(ctx context.Context, kind registration.FindingKind, what, id, account, detail string) error {
	r.found(what, id, account, detail)
	if r.DryRun {
		return nil
	}
	return r.Book.FindOnce(ctx, kind, id, account, detail, r.began)
}

// workflows holds each workflow of the engine's that runs, or has ended since the restore point, against its row.
func (r *Repairer) workflows(ctx context.Context) error {
	var all []engine.Listed
	err := r.Engine.Since(ctx, r.point.Add(-skew), func(l engine.Listed) error { all = append(all, l); return nil })
	if err != nil {
		return err
	}
	return sideBySide(ctx, all, r.workflow)
}

func (r *Repairer) workflow(ctx context.Context, l engine.Listed) error {
	_, id, _ := strings.Cut(l.WorkflowID, "/")
	switch l.Type {
	case registration.IndividualWorkflow, registration.EnterpriseWorkflow, registration.ClearingWorkflow:
		return r.caseRun(ctx, l)
	case registration.PayoutWorkflow:
		known, announced, err := r.Book.PaymentKnown(ctx, id)
		if err != nil || announced {
			return err
		}
		if known { // its workflow may be past what the row knows, and would order what was never announced: another begins with the row
			return r.endPayout(ctx, l)
		}
		if err := r.file(ctx, registration.FindingCaseLost, FoundLost, id, "", "a payment was begun that no row knows"); err != nil {
			return err
		}
		return r.endRun(ctx, l)
	case registration.NoticesWorkflow:
		return r.notice(ctx, l, id)
	case registration.WebhookWorkflow:
		return r.delivery(ctx, l, id)
	}
	return nil
}

// caseRun holds the run of a registration or a clearing against its row.
func (r *Repairer) caseRun(ctx context.Context, l engine.Listed) error {
	l, err := r.Engine.Now(ctx, l)
	if err != nil {
		return orNone(err) // forgotten meanwhile
	}
	origin, err := r.Engine.Origin(ctx, l)
	if err != nil {
		return orNone(err) // forgotten meanwhile
	}
	id := origin.ID
	last, err := r.Engine.LastEvent(ctx, l)
	if err != nil {
		return orNone(err)
	}
	run, err := r.Book.RunOf(ctx, id)
	switch {
	case errors.Is(err, postgres.ErrNotFound):
		return r.caseLost(ctx, l, origin, last)
	case err != nil:
		return err
	case run.Ended:
		return r.nudge(ctx, l, id)
	case !l.Runs && !l.Completed:
		return nil
	case last.Before(r.point.Add(-skew)): // it has moved nothing that the row does not know, and may be behind its row
		return r.nudge(ctx, l, id)
	}
	attempts := r.attempts(ctx, l)
	if origin.Stood && l.State != run.State {
		detail := fmt.Sprintf("the run had come to %s, the row stands at %s%s", l.State, run.State, underHold(l, id, attempts))
		if err := r.file(ctx, registration.FindingCaseWentBack, FoundWentBack, id, run.AccountID, detail); err != nil {
			return err
		}
	}
	if !l.Runs { // another is started with the other rows that have none
		return nil
	}
	r.found(FoundRebuilt, id, run.AccountID, "")
	if r.DryRun {
		return nil
	}
	if err := r.Engine.End(ctx, l.WorkflowID, l.RunID, "repair after a restore: the run may know more than its row"); err != nil {
		return err
	}
	if l.Type == registration.ClearingWorkflow {
		if err := r.Book.SkipAttempts(ctx, id, attempts); err != nil {
			return err
		}
	}
	return r.resume(ctx, run)
}

// attempts is how often a clearing's run has begun to clear, by its own word: each attempt has a hold of its own in the wallet, and a
// key that held once does not hold again. 0 if there was none, or if the run does not say.
func (r *Repairer) attempts(ctx context.Context, l engine.Listed) int {
	if l.Type != registration.ClearingWorkflow || !l.Runs {
		return 0
	}
	ctx, cancel := context.WithTimeout(ctx, askedWithin)
	defer cancel()
	n, err := r.Engine.Attempts(ctx, l.WorkflowID)
	if err != nil {
		return 0
	}
	return n
}

// underHold says of a clearing that was being carried out under which key the wallet may hold its account.
func underHold(l engine.Listed, id string, attempts int) string {
	switch {
	case l.Type != registration.ClearingWorkflow || l.State != registration.Clearing:
		return ""
	case attempts == 0:
		return "; the wallet may hold the account, under the key " + id + "-1 or a later number"
	}
	return fmt.Sprintf("; the wallet may hold the account, under the key %s-%d", id, attempts)
}

// freshly is how old a run is at least before it is taken for one that no worker will ever open.
const freshly = time.Minute

// caseLost names a case that had a row and has none, and ends its run. An opening that nobody took up is no case: its caller was
// answered so.
func (r *Repairer) caseLost(ctx context.Context, l engine.Listed, origin engine.Origin, last time.Time) error {
	id := origin.ID
	if !origin.Stood {
		if l.Runs && last.Before(r.Now().Add(-freshly)) {
			return r.endRun(ctx, l)
		}
		return nil
	}
	_, account, _ := strings.Cut(l.WorkflowID, "/")
	if account == id { // a contested claim names none
		account = ""
	}
	if err := r.file(ctx, registration.FindingCaseLost, FoundLost, id, account, "the run had come to "+string(l.State)+", and no row knows it"+underHold(l, id, r.attempts(ctx, l))); err != nil {
		return err
	}
	return r.endRun(ctx, l)
}

// endRun ends a workflow whose row is lost.
func (r *Repairer) endRun(ctx context.Context, l engine.Listed) error {
	if !l.Runs {
		return nil
	}
	r.found(FoundEnded, l.WorkflowID, "", "")
	if r.DryRun {
		return nil
	}
	return r.Engine.End(ctx, l.WorkflowID, l.RunID, "repair after a restore: no row knows it")
}

// endPayout ends the workflow of a payment whose row is at its beginning. If the bank has never heard of it, another is started.
func (r *Repairer) endPayout(ctx context.Context, l engine.Listed) error {
	if !l.Runs || r.DryRun {
		return nil
	}
	return r.Engine.End(ctx, l.WorkflowID, l.RunID, "repair after a restore: it may know more than its row")
}

func (r *Repairer) nudge(ctx context.Context, l engine.Listed, id string) error {
	if r.DryRun || !l.Runs {
		return nil
	}
	return orNone(r.Engine.Nudge(ctx, l.WorkflowID, id))
}

// notice believes the engine that a notice was sent.
func (r *Repairer) notice(ctx context.Context, l engine.Listed, id string) error {
	known, err := r.Book.NoticeKnown(ctx, id)
	switch {
	case err != nil:
		return err
	case !known:
		return r.endRun(ctx, l)
	case !l.Completed && !l.Failed || r.DryRun:
		return nil
	}
	news, err := r.Book.NoticesWereSent(ctx, id, l.Completed)
	for _, id := range news {
		r.found(map[bool]string{true: FoundNoticeSent, false: FoundNoticeUnsure}[l.Completed], id, "", "")
	}
	return err
}

// delivery believes the engine that a delivery to a subscriber was made.
func (r *Repairer) delivery(ctx context.Context, l engine.Listed, id string) error {
	id, _, again := strings.Cut(id, "/")
	known, err := r.Book.DeliveryKnown(ctx, id)
	switch {
	case err != nil:
		return err
	case !known:
		return r.endRun(ctx, l)
	case !l.Completed || again || r.DryRun: // one that was asked for again is made again
		return nil
	}
	news, err := r.Book.DeliveryWasMade(ctx, id)
	if news {
		r.found(FoundDelivered, id, "", "")
	}
	return err
}

// rows starts a run for each open row that has none.
func (r *Repairer) rows(ctx context.Context) error { return r.eachOpen(ctx, r.row) }

func (r *Repairer) row(ctx context.Context, id string) error {
	run, err := r.Book.RunOf(ctx, id)
	if err != nil || run.Ended {
		return err
	}
	seen, err := r.Engine.Look(ctx, run.WorkflowID)
	if err != nil || seen.Runs {
		return err
	}
	r.found(FoundStarted, id, run.AccountID, "")
	if r.DryRun {
		return nil
	}
	return r.resume(ctx, run)
}

// ours marks the keys of payments that this product has ordered; the account may pay other things too.
const ours = "shm_"

// statement takes over what the bank has paid since the restore point.
func (r *Repairer) statement(ctx context.Context) error {
	now := r.Now() // of all days: time goes on meanwhile, and the last day would never come
	for day := r.point.AddDate(0, 0, -1); ; day = day.AddDate(0, 0, 1) {
		day = earlier(day, now)
		entries, err := r.Bank.Statement(ctx, day)
		if err != nil {
			return err
		}
		if err := r.entries(ctx, entries); err != nil || !day.Before(now) {
			return err
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func (r *Repairer) entries(ctx context.Context, entries []bank.StatementEntry) error {
	entries = slices.DeleteFunc(entries, func(e bank.StatementEntry) bool { return !strings.HasPrefix(e.Key, ours) })
	keys := make([]string, len(entries))
	for i, e := range entries {
		keys[i] = e.Key
	}
	known, err := r.Book.KnownKeys(ctx, keys)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if id, is := known[e.Key]; is {
			err = r.stated(ctx, id, e)
		} else {
			err = r.lost(ctx, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lost holds the account of a transfer that no payment knows.
func (r *Repairer) lost(ctx context.Context, e bank.StatementEntry) error {
	detail := "to an account that ends in " + e.AccountLast4 + ", " + string(e.State)
	if r.DryRun {
		r.found(FoundTransfer, e.Key, "", detail)
		return nil
	}
	held, err := r.Book.KeepLost(ctx, postgres.LostTransfer{
		Key: e.Key, At: e.At, AccountLast4: e.AccountLast4, AmountFen: e.AmountFen, State: string(e.State), Reference: e.Reference,
	})
	if held {
		r.found(FoundTransfer, e.Key, "", detail)
	}
	return err
}

// stated takes over what the statement says of a payment that a row knows. Why money came back it does not say: the bank is asked.
func (r *Repairer) stated(ctx context.Context, id string, e bank.StatementEntry) error {
	status := bank.TransferStatus{Key: e.Key, State: e.State}
	if e.State == bank.TransferReturned || e.State == bank.TransferFailed {
		now, _, err := r.Bank.FindTransfer(ctx, e.Key)
		if err != nil {
			return err
		}
		status.Reason = now.Reason
	}
	return r.takeOver(ctx, id, status)
}

// takeOver takes over what the bank says of a payment that a row knows.
func (r *Repairer) takeOver(ctx context.Context, id string, status bank.TransferStatus) error {
	if r.DryRun {
		return nil
	}
	news, err := r.Book.TransferFound(ctx, id, status.State.Report(), string(status.Reason))
	if news {
		r.found(FoundReport, id, "", string(status.State))
	}
	return err
}

// unanswered asks the bank about each payment that it has not answered, and has those made that it has never heard of.
func (r *Repairer) unanswered(ctx context.Context) error {
	all, err := r.Book.OpenPayments(ctx, r.point)
	if err != nil {
		return err
	}
	return sideBySide(ctx, all, func(ctx context.Context, p postgres.OpenPayment) error {
		status, found, err := r.Bank.FindTransfer(ctx, p.Key)
		switch {
		case err != nil:
			return err
		case found:
			return r.takeOver(ctx, p.ID, status)
		case !p.Wanted:
			return nil
		}
		return r.startPayment(ctx, p)
	})
}

// startPayment starts the workflow of a payment anew that the bank has never heard of. It waits until the hold is over.
func (r *Repairer) startPayment(ctx context.Context, p postgres.OpenPayment) error {
	id := registration.PayoutWorkflowID(p.ID)
	seen, err := r.Engine.Look(ctx, id)
	if err != nil || seen.Runs {
		return err
	}
	r.found(FoundUnpaid, p.ID, "", "of "+p.RegistrationID)
	if r.DryRun {
		return nil
	}
	return r.Engine.Restart(ctx, registration.PayoutWorkflow, id, "Started again after a restore", p.ID)
}

// Counts says how often each kind was found, for people.
func (r Report) Counts() string {
	var words []string
	for _, what := range []string{
		FoundRebuilt, FoundStarted, FoundEnded, FoundReport, FoundUnpaid, FoundNoticeSent, FoundDelivered,
		FoundWentBack, FoundLost, FoundTransfer, FoundNoticeUnsure,
	} {
		n := 0
		for _, f := range r.Found {
			if f.What == what {
				n++
			}
		}
		if n > 0 {
			words = append(words, what+" "+strconv.Itoa(n))
		}
	}
	return strings.Join(words, ", ")
}
