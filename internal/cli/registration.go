package cli

import (
	"fmt"
	"strconv"

	"shiming/registration"
)

// showRegistration lays out where a registration stands, and which command comes next.
func showRegistration(p *page, v registration.View) {
	p.list(
		pair{"registration", v.ID},
		pair{"account", fmt.Sprintf("%s (%s)", v.AccountID, v.Kind)},
		pair{"name", v.Name},
		pair{"state", fmt.Sprintf("%s, waiting on %s%s", v.State, v.WaitingOn, yes(v.Processing, ", still processing"))},
		pair{"due", due(v)},
		pair{"identity", identity(v.Identity)},
		pair{"company", company(v.Company)},
		pair{"bank account", bankAccount(v.Company)},
		pair{"contact", contact(v.Contact)},
		pair{"payout", payout(v.Payout)},
		pair{"review", review(v.Review)},
		pair{"last error", lastError(v.LastError)},
	)
	if v.Review != nil {
		showReasons(p, v.Review.Reasons)
	}
	showRequirements(p, v.Requirements)
	showDocuments(p, v.Documents)
	if next := nextCommands(v); len(next) > 0 {
		p.section("next")
		for _, command := range next {
			p.line("  " + clean(command))
		}
	}
}

func due(v registration.View) string {
	if v.DueAt == nil {
		return yes(v.Overdue, "overdue")
	}
	return words(at(*v.DueAt), yes(v.DueProvisional, "provisional"), yes(v.Overdue, "overdue"))
}

func identity(i *registration.IdentityView) string {
	if i == nil {
		return ""
	}
	proven := "not verified"
	if i.Verified {
		proven = "verified by " + string(i.Method)
	}
	role := ""
	if i.Role != nil {
		role = string(*i.Role)
	}
	return words(i.Holder, i.IDNumber, role, proven)
}

func company(c *registration.CompanyView) string {
	if c == nil {
		return ""
	}
	number := c.RegistrationNumber + " / " + c.OrganizationCode
	if c.USCC != nil {
		number = *c.USCC
	}
	return words(c.LegalName, number, "represented by "+c.LegalRepresentative, c.Address)
}

func bankAccount(c *registration.CompanyView) string {
	if c == nil {
		return ""
	}
	return words(c.Bank.AccountName, c.Bank.AccountNumber, c.Bank.BankName, c.Bank.CNAPSCode)
}

func contact(c *registration.ContactView) string {
	if c == nil {
		return ""
	}
	return words(c.Name, c.Email, c.Phone, c.Address)
}

func payout(p *registration.PayoutView) string {
	if p == nil {
		return ""
	}
	text := words(string(p.State), "to the account ending in "+p.BankAccountLast4, plural(p.AttemptsLeft, "attempt")+" left",
		or(p.Failure), yes(p.Overdue, "overdue"))
	if p.ExpectedBy != nil {
		text += ", expected by " + at(*p.ExpectedBy)
	}
	if p.WindowClosesAt != nil {
		text += ", taken until " + at(*p.WindowClosesAt)
	}
	return text
}

func review(r *registration.ReviewView) string {
	if r == nil {
		return ""
	}
	who := ""
	if r.Assignee != nil {
		who = "claimed by " + *r.Assignee
	}
	return words("round "+strconv.Itoa(r.Round), "submitted "+at(r.SubmittedAt), "due "+at(r.DueAt), who, or(r.Decision))
}

func lastError(e *registration.LastError) string {
	if e == nil {
		return ""
	}
	return fmt.Sprintf("%s: %s (%s)", e.Code, e.Message, at(e.At))
}

func showReasons(p *page, reasons []registration.Reason) {
	if len(reasons) == 0 {
		return
	}
	rows := make([][]string, len(reasons))
	for i, r := range reasons {
		rows[i] = []string{"  " + string(r.Field), r.Code, r.Message}
	}
	p.section("the reviewer asks for")
	p.table([]string{"  FIELD", "CODE", "MESSAGE"}, rows)
}

func showRequirements(p *page, required []registration.Requirement) {
	if len(required) == 0 {
		return
	}
	rows := make([][]string, len(required))
	for i, r := range required {
		rows[i] = []string{"  " + string(r.Field), r.Code, r.Message}
	}
	p.section("still required")
	p.table([]string{"  FIELD", "CODE", "MESSAGE"}, rows)
}

func showDocuments(p *page, documents []registration.Document) {
	if len(documents) == 0 {
		return
	}
	rows := make([][]string, len(documents))
	for i, d := range documents {
		rows[i] = []string{"  " + string(d.Slot), d.ContentType, size(d.Size), d.SHA256[:min(12, len(d.SHA256))], at(d.At)}
	}
	p.section("documents")
	p.table([]string{"  SLOT", "TYPE", "SIZE", "SHA-256", "UPLOADED"}, rows)
}

// size is a number of bytes as people read it.
func size(n int64) string {
	const kib, mib = 1 << 10, 1 << 20
	switch {
	case n >= mib:
		return fmt.Sprintf("%.1f MiB", float64(n)/mib)
	case n >= kib:
		return fmt.Sprintf("%.1f KiB", float64(n)/kib)
	}
	return fmt.Sprintf("%d B", n)
}
