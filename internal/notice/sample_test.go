package notice_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/internal/notice"
)

// deadline is 10 October 2026, 24:00 in Beijing: the example of process.md ("Working days").
func deadline() *time.Time {
	t := time.Date(2026, time.October, 10, 16, 0, 0, 0, time.UTC)
	return &t
}

// sample is what a caller would typically hand in for a kind. People and companies are made up.
func sample(kind notice.Kind) notice.Data {
	d := notice.Data{
		RegistrationID: "reg_01jc5v0example", AccountID: "acct-2026",
		DeveloperName: "晨星工作室", CompanyName: "晨星软件（示例）有限公司", Kind: "enterprise",
		BankAccountLast4: "6789", Deadline: deadline(), AttemptsLeft: 3,
		Link: "https://open.example.com/registration",
	}
	switch kind {
	case notice.PaymentFailed:
		d.Failure = notice.FailureAccountNameMismatch
	case notice.WindowClosed:
		d.Failure = notice.FailureWindowClosed
	case notice.CorrectionRequired, notice.Rejected:
		d.Reasons = []notice.Reason{
			{Field: "documents.business_licence", Code: "unreadable", Message: "The lower edge is cut off / 下边缘被裁掉"},
			{Field: "company.bank.account_name", Code: "mismatch"},
		}
	case notice.ClearingDecided:
		d.RegistrationID, d.Kind, d.Outcome = "clr_01jc5v0example", "clearing", notice.OutcomeCleared
	case notice.ClearingObjection:
		d.RegistrationID, d.Kind, d.Link = "clr_01jc5v0example", "clearing", "https://open.example.com/object#single-use"
		d.Token = "k3v5m2q7w4x6y2z7a5b3c4d5e6"
	case notice.ClearingObjected:
		d.RegistrationID, d.Kind = "clr_01jc5v0example", "clearing"
	case notice.WebhookEndpointDisabled:
		d = notice.Data{Detail: "whe_01jc5v0example"}
	case notice.ReportUnmatched:
		d = notice.Data{Detail: "bank, transfer.settled"}
	case notice.CalendarChanged:
		d = notice.Data{
			RegistrationID: "calendar-2", CalendarBefore: "2002–2027", CalendarAfter: "2002–2027; HOLIDAYS_FILE: 2028 (国办发明电〔2027〕9号)",
			Moved: []notice.Moved{{What: "deposit_window", Count: 12, Told: 11}, {What: "review", Count: 3}},
		}
	case notice.Finding:
		d = notice.Data{RegistrationID: "reg_01jc5v0example", AccountID: "acct-2026", Detail: "run_failing", Open: 3}
	case notice.PayoutsResumed:
		d = notice.Data{Detail: "by ops:chen; 3 payments waited"}
	case notice.PayoutOverdue:
		d.Detail = "not settled 3 working days after the notice"
	}
	return d
}

type sampled struct {
	kind notice.Kind
	data notice.Data
}

// samples are one of each kind, and one more where who asks makes the words.
func samples() map[string]sampled {
	all := map[string]sampled{}
	for _, kind := range notice.Kinds() {
		all[string(kind)] = sampled{kind, sample(kind)}
	}
	byLetter := sample(notice.ClearingObjection)
	byLetter.ByLetter = true
	all["clearing_objection_by_letter"] = sampled{notice.ClearingObjection, byLetter}
	objection := sample(notice.DeadlineMoved)
	objection.RegistrationID, objection.Kind = "clr_01jc5v0example", "clearing"
	all["deadline_moved_objection"] = sampled{notice.DeadlineMoved, objection}
	all["calendar_changed_none_moved"] = sampled{notice.CalendarChanged, notice.Data{CalendarAfter: "2002–2027"}}
	return all
}

func render(t *testing.T, kind notice.Kind, locale string, d notice.Data) notice.Message {
	t.Helper()
	m, err := notice.Render(kind, locale, d)
	require.NoError(t, err)
	return m
}

func bothLocales() []string { return []string{"zh-CN", "en"} }
