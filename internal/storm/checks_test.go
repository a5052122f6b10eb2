package storm

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"

	"shiming/registration"
)

// trouble is a promise that was not kept.
type trouble struct{ Rule, Account, Text string }

func (t trouble) String() string { return fmt.Sprintf("[%s] %s: %s", t.Rule, t.Account, t.Text) }

// The rules.
const (
	ruleStuck    = "stuck"
	ruleBehind   = "behind"
	ruleOnce     = "one transfer a payment"
	ruleNotices  = "each notice once"
	rulePromises = "what was told is so"
	ruleGuesses  = "guesses"
	ruleFindings = "findings"
	ruleEnds     = "every registration ends"
)

func decode(body []byte, into any) error { return json.Unmarshal(body, into) }

// judge holds a scene against all rules.
func judge(s *scene) (all []trouble) {
	for _, one := range s.Sights {
		all = slices.Concat(all, stuck(one), behind(one), promises(one), guesses(one), transfers(one))
	}
	return slices.Concat(all, orphans(s), keysOnce(s), notices(s), findingsMatch(s))
}

// keysOnce looks for a key that was executed twice.
func keysOnce(s *scene) (all []trouble) {
	keys := map[string]int{}
	for _, e := range s.Ledger {
		keys[e.Key]++
	}
	for key, n := range keys {
		if n > 1 {
			all = append(all, trouble{ruleOnce, key, fmt.Sprintf("%d transfers of one key", n)})
		}
	}
	return all
}

// stuck is what should have moved by itself by now.
func stuck(s *sight) (all []trouble) {
	stands := func(format string, args ...any) {
		all = append(all, trouble{ruleStuck, s.Account, fmt.Sprintf(format, args...)})
	}
	if s.Clearing != nil {
		switch {
		case s.Clearing.Processing:
			stands("its clearing still processes an act")
		case s.Clearing.State == registration.Clearing:
			stands("its clearing does not come to an end")
		}
	}
	v := s.View
	if v == nil {
		return all
	}
	if v.Processing {
		stands("%s still processes an act", v.State)
	}
	if v.State == registration.AdminIdentityRequired && v.LastError == nil && s.Scanned.After(s.since()) && !s.askedSince(s.Scanned, "admin_session") {
		stands("scanned, and nobody took notice")
	}
	if v.Payout != nil && len(s.Findings) == 0 {
		payout(s, stands)
	}
	return all
}

// since is when the registration came into its state.
func (s *sight) since() (at time.Time) {
	for _, e := range s.Timeline {
		if e.From != e.To {
			at = e.At
		}
	}
	return at
}

// askedSince reports whether an act was asked for after a moment.
func (s *sight) askedSince(at time.Time, act string) bool {
	return slices.ContainsFunc(s.Told, func(t told) bool { return t.Act == act && t.Began.After(at) })
}

func last4(account string) string { return account[max(0, len(account)-4):] }

// payout looks whether the registration is where its money is.
func payout(s *sight, stands func(string, ...any)) {
	v := s.View
	if v.State == registration.PayoutPending && v.Payout.State == registration.PayoutRequestedState {
		stands("its payment was never ordered")
		return
	}
	paid := ""
	for _, e := range s.Statement {
		if last4(e.Account) == v.Payout.BankAccountLast4 {
			paid = e.State
		}
	}
	switch {
	case v.State == registration.PayoutPending && (paid == "settled" || paid == "returned"):
		stands("it waits for money that was %s", paid)
	case paid == "returned" && slices.Contains([]registration.State{registration.DepositRequired, registration.DetailsRequired, registration.CorrectionRequired, registration.UnderReview}, v.State):
		stands("%s with money that was returned", v.State)
	}
}

// behind is a run that does not stand where its row stands.
func behind(s *sight) (all []trouble) {
	if s.View == nil {
		if s.Run.running() {
			all = append(all, trouble{ruleBehind, s.Account, "a run without a registration"})
		}
		return all
	}
	all = lag(s.Account, "its run", s.Run, s.View.State)
	if s.Clearing != nil {
		all = append(all, lag(s.Account, "its clearing's run", s.ClearingRun, s.Clearing.State)...)
	}
	return all
}

func lag(account, what string, r runSight, row registration.State) (all []trouble) {
	is := func(format string, args ...any) {
		all = append(all, trouble{ruleBehind, account, what + " " + fmt.Sprintf(format, args...)})
	}
	switch {
	case r.Err != nil:
		is("does not answer: %v", r.Err)
	case r.Status == enumspb.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED:
		is("is missing, the row stands in %s", row)
	case r.running() && row.Final():
		is("goes on although the row has ended as %s", row)
	case !r.running() && !row.Final():
		is("has ended as %s, the row stands in %s", r.Status, row)
	}
	if r.State != "" && r.State != string(row) {
		is("is shown in %s, the row stands in %s", r.State, row)
	}
	if r.Facts != nil && r.Facts.State != row {
		is("stands in %s, the row in %s", r.Facts.State, row)
	}
	if r.Failing > 0 {
		is("cannot finish its task (try %d)", r.Failing)
	}
	return all
}

// orphans are workflows that run for nobody.
func orphans(s *scene) (all []trouble) {
	known := map[string]bool{}
	for _, one := range s.Sights {
		known[one.Run.ID], known[one.ClearingRun.ID] = true, true
	}
	for _, kind := range s.types() {
		for _, id := range s.Running[kind] {
			switch {
			case kind == registration.PayoutWorkflow, kind == registration.NoticesWorkflow:
				if len(s.Findings) == 0 {
					all = append(all, trouble{ruleStuck, id, kind + " still runs"})
				}
			case !known[id] && slices.Contains([]string{registration.IndividualWorkflow, registration.EnterpriseWorkflow, registration.ClearingWorkflow}, kind):
				all = append(all, trouble{ruleBehind, id, "a run of no account"})
			}
		}
	}
	return all
}

// transfers are no more than payments were opened.
func transfers(s *sight) (all []trouble) {
	payments := s.payments()
	if len(s.Statement) > payments {
		all = append(all, trouble{ruleOnce, s.Account, fmt.Sprintf("%d transfers for %d payments", len(s.Statement), payments)})
	}
	return all
}

// payments counts those that were opened.
func (s *sight) payments() int {
	return s.count(registration.CompanyAccepted, registration.PayoutRequested)
}

func (s *sight) count(events ...registration.Event) (n int) {
	for _, e := range slices.Concat(s.Timeline, s.ClearingTimeline) {
		if slices.Contains(events, registration.Event(e.Event)) {
			n++
		}
	}
	return n
}

// leaves is what an act leaves on the timeline.
var leaves = map[string][]registration.Event{
	"open": {registration.Opened, registration.OpenedVerified}, "card": {registration.CardAccepted}, "card_code": {registration.IdentityVerified, registration.IdentityRefused},
	"company": {registration.CompanyAccepted, registration.CompanyUpdated}, "deposit": {registration.DepositConfirmed, registration.OrganizationRefused},
	"payout": {registration.PayoutRequested}, "submit": {registration.Submitted}, "withdraw": {registration.WithdrawnByApplicant},
	"approve": {registration.ApprovedByReviewer}, "correct": {registration.CorrectionsRequested}, "reject": {registration.RejectedByReviewer},
	"clearing_open": {"clearing_opened", "clearing_opened_early"}, "clearing_submit": {registration.Submitted}, "clearing_withdraw": {registration.WithdrawnByApplicant},
	"clearing_approve": {registration.ApprovedByReviewer}, "clearing_reject": {registration.RejectedByReviewer},
}

// promises holds the timeline and the view against what the callers were told: all that was answered 2xx is there, and nothing
// is that nobody asked for.
func promises(s *sight) (all []trouble) {
	missing := func(format string, args ...any) {
		all = append(all, trouble{rulePromises, s.Account, fmt.Sprintf(format, args...)})
	}
	if s.View == nil {
		if s.said("open") > 0 {
			missing("it was opened and is not there")
		}
		return all
	}
	for act, events := range leaves {
		timeline := s.Timeline
		if strings.HasPrefix(act, "clearing_") {
			timeline = s.ClearingTimeline
		}
		there := 0
		for _, e := range timeline {
			if slices.Contains(events, registration.Event(e.Event)) {
				there++
			}
		}
		if act == "card_code" && s.View.Kind == registration.Enterprise { // there the scan verifies
			continue
		}
		yes, unsure := s.said(act), s.unsure(act)
		if there < yes || there > yes+unsure {
			missing("%s was answered with yes %d times (%d without an answer) and stands on the timeline %d times", act, yes, unsure, there)
		}
	}
	if s.said("contact") > 0 && s.View.Contact == nil {
		missing("its contact was taken and is gone")
	}
	return append(all, documents(s)...)
}

// documents compares the newest that was taken for each slot.
func documents(s *sight) (all []trouble) {
	newest := map[string]told{}
	for _, t := range s.Told {
		if t.Act == "document" {
			newest[t.slot] = t
		}
	}
	for slot, t := range newest {
		i := slices.IndexFunc(s.View.Documents, func(d registration.Document) bool { return string(d.Slot) == slot })
		if t.Status == http.StatusOK && (i < 0 || s.View.Documents[i].SHA256 != t.sha256) {
			all = append(all, trouble{rulePromises, s.Account, slot + " was taken and is not what is on file"})
		}
	}
	return all
}

// said counts the answers of yes to an act.
func (s *sight) said(act string) (n int) {
	for _, t := range s.Told {
		if t.Act == act && (t.Status == http.StatusOK || t.Status == http.StatusCreated) {
			n++
		}
	}
	return n
}

// unsure counts the acts whose outcome nobody was told. An act given up after a 503 is none: it must not have happened.
func (s *sight) unsure(act string) (n int) {
	for _, t := range s.Told {
		if t.Act == act && t.Status == 0 && !t.Abandoned {
			n++
		}
	}
	return n
}

// guesses are as many fewer as wrong amounts were answered: one that was answered 503 at its first try, and not sent again,
// costs nothing.
func guesses(s *sight) (all []trouble) {
	if s.View == nil || s.View.Payout == nil || s.Payments != s.payments() {
		return nil // its driver has not heard yet which payment is the newest
	}
	wrong := 0
	for _, t := range s.Told {
		counted := t.Code == string(registration.CodeDepositMismatch) || t.Code == string(registration.CodeDepositExceeded)
		if t.Act == "deposit" && t.payment == s.Payments && counted {
			wrong++
		}
	}
	most := registration.AmountGuesses - wrong
	if left := s.View.Payout.AttemptsLeft; left > most || left < most-s.unsure("deposit") {
		all = append(all, trouble{ruleGuesses, s.Account, fmt.Sprintf("%d wrong amounts were answered and %d are left (%s)", wrong, left, s.heardOf("deposit"))})
	}
	return all
}

// heardOf is what was answered to each try of the acts of a kind.
func (s *sight) heardOf(act string) string {
	var all []string
	for _, t := range s.Told {
		if t.Act == act {
			all = append(all, strings.Join(t.Heard, ", "))
		}
	}
	return strings.Join(all, "; ")
}

// unended is whatever has no end although its people went on to it.
func unended(s *scene, drivers []*driver) (all []trouble) {
	for i, d := range drivers {
		if d.ended {
			continue
		}
		state := "no registration"
		if v := s.Sights[i].View; v != nil {
			state = string(v.State)
		}
		all = append(all, trouble{ruleEnds, d.account, fmt.Sprintf("%s (the last surprise: %s)", state, d.last)})
	}
	return all
}
