package notice

// view is what the templates see: Data in words, cleaned.
type view struct {
	Name, Company string // "" where unknown
	Account       string // last four digits
	Time          string // the deadline, bare
	Deadline      string // the deadline with its zone
	HasDeadline   bool
	Failure       string
	AttemptsLeft  int
	Final         bool
	Outcome       string // the code
	ByLetter      bool
	Open          int
	Clearing      bool // it is about a clearing
	Before, After string
	Moved         []movedWords
	Reference     string
	AccountID     string
	Internal      bool
	HasReasons    bool
	Token         string // where there is no link that has it
}

// kindClearing is the Kind of what is about a clearing.
const kindClearing = "clearing"

// reasonWords is a Reason in words.
type reasonWords struct{ Field, Code, Message string }

// movedWords is a Moved in words.
type movedWords struct {
	What        string
	Count, Told int
}

// fact is a line of the short list under a notice.
type fact struct{ Label, Value string }

func newView(w *words, kind Kind, d Data) view {
	deadline := spellDeadline(w, kind, d)
	v := view{
		Account: lastFour(d.BankAccountLast4),
		Time:    deadline.bare, Deadline: deadline.full, HasDeadline: d.Deadline != nil,
		Failure:      w.failure(kind, d.Failure),
		AttemptsLeft: d.AttemptsLeft, Final: d.Final, Outcome: d.Outcome, ByLetter: d.ByLetter, Open: d.Open,
		Reference: opaque(d.RegistrationID), AccountID: opaque(d.AccountID),
		Internal: kind.internal(), HasReasons: len(d.Reasons) > 0,
		Clearing: d.Kind == kindClearing, Before: oneLine(d.CalendarBefore, maxMessage), After: oneLine(d.CalendarAfter, maxMessage),
	}
	for _, m := range d.Moved {
		v.Moved = append(v.Moved, movedWords{What: wordOr(w.deadlines, m.What, w.anyDeadline), Count: m.Count, Told: m.Told})
	}
	if d.Link == "" {
		v.Token = opaque(d.Token)
	}
	if !v.Internal { // reviewers and ops see no names in mail
		v.Name, v.Company = personal(d.DeveloperName), personal(d.CompanyName)
	}
	return v
}

func spellReasons(w *words, kind Kind, d Data) []reasonWords {
	switch kind {
	case CorrectionRequired, Rejected, ClearingDecided:
	default:
		return nil
	}
	reasons := make([]reasonWords, len(d.Reasons))
	for i, r := range d.Reasons {
		reasons[i] = reasonWords{Field: w.field(r.Field), Code: w.reason(r.Code), Message: oneLine(r.Message, maxMessage)}
	}
	return reasons
}

// facts lists what identifies the case; Detail is for the house alone.
func facts(w *words, kind Kind, d Data, v view) []fact {
	all := []fact{{w.labels.reference, v.Reference}}
	if v.Internal || kind == ClearingObjection {
		all = append(all, fact{w.labels.account, v.AccountID})
	}
	if v.Internal {
		all = append(all, fact{w.labels.kind, w.kinds[d.Kind]})
		if v.HasDeadline {
			all = append(all, fact{w.labels.due, v.Deadline})
		}
		all = append(all, fact{w.labels.detail, oneLine(d.Detail, maxMessage)})
	}
	known := all[:0]
	for _, f := range all {
		if f.Value != "" {
			known = append(known, f)
		}
	}
	return known
}
