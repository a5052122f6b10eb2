package notice_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"shiming/internal/notice"
)

// TestRules repeats process.md ("Notices", "Review") by hand.
func TestRules(t *testing.T) {
	t.Parallel()
	both := []notice.Channel{notice.Email, notice.SMS}
	mail := []notice.Channel{notice.Email}
	want := map[notice.Kind]struct {
		audience notice.Audience
		channels []notice.Channel
	}{
		notice.PaymentRequested:        {notice.Applicant, both},
		notice.MoneyArrived:            {notice.Applicant, both},
		notice.WindowClosing:           {notice.Applicant, both},
		notice.PaymentFailed:           {notice.Applicant, both},
		notice.WindowClosed:            {notice.Applicant, both},
		notice.ExpiryReminder:          {notice.Applicant, both},
		notice.Approved:                {notice.ApplicantAndContact, mail},
		notice.CorrectionRequired:      {notice.ApplicantAndContact, mail},
		notice.Rejected:                {notice.ApplicantAndContact, mail},
		notice.ClearingDecided:         {notice.ApplicantAndContact, mail},
		notice.DeadlineMoved:           {notice.Applicant, both},
		notice.ClearingObjection:       {notice.Applicant, both},
		notice.ReviewReminder:          {notice.Reviewers, mail},
		notice.ReviewOverdue:           {notice.Ops, mail},
		notice.ClearingObjected:        {notice.Reviewers, mail},
		notice.PayoutOverdue:           {notice.Ops, mail},
		notice.PayoutReturned:          {notice.Ops, mail},
		notice.WebhookEndpointDisabled: {notice.Ops, mail},
		notice.ReportUnmatched:         {notice.Ops, mail},
		notice.CalendarChanged:         {notice.Ops, mail},
		notice.Finding:                 {notice.Ops, mail},
		notice.PayoutsResumed:          {notice.Ops, mail},
	}
	assert.Len(t, notice.Kinds(), len(want))
	for _, kind := range notice.Kinds() {
		assert.Equal(t, want[kind].audience, kind.Audience(), kind)
		assert.Equal(t, want[kind].channels, kind.Channels(), kind)
	}
	assert.Empty(t, notice.Kind("no_such").Channels())
	assert.Empty(t, notice.Kind("no_such").Audience())
}
