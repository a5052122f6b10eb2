package storm

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"shiming/internal/notice"
	"shiming/registration"
)

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time { return noon.Add(time.Duration(seconds * float64(time.Second))) }

// lived is a process that ended at a moment; 0: it lives.
func lived(until float64) *life {
	l := &life{}
	if until > 0 {
		l.endedAt = at(until)
	}
	return l
}

func TestWhatAProcessCannotHaveKept(t *testing.T) {
	t.Parallel()
	outage := []span{{at(1), at(9)}}
	for name, c := range map[string]struct {
		call    messageCall
		outages []span
		want    bool
	}{
		"answered and alive":                     {messageCall{Answered: true, Status: 202, Ended: at(1), By: lived(0)}, nil, false},
		"no answer":                              {messageCall{Ended: at(1), By: lived(0)}, nil, true},
		"killed right after the yes":             {messageCall{Answered: true, Status: 202, Ended: at(1), By: lived(1.2)}, nil, true},
		"killed long after the yes":              {messageCall{Answered: true, Status: 202, Ended: at(1), By: lived(8)}, nil, false},
		"killed while the database was away":     {messageCall{Answered: true, Status: 202, Ended: at(1.5), By: lived(8)}, outage, true},
		"killed long after the database is back": {messageCall{Answered: true, Status: 202, Ended: at(1.5), By: lived(15)}, outage, false},
		"a clear no, then killed":                {messageCall{Answered: true, Status: 503, Ended: at(1), By: lived(1.2)}, nil, false},
	} {
		assert.Equal(t, c.want, c.call.unknown(c.outages), name)
	}
}

// approved is an account whose approval was mailed so many times, with so many tries of unknown outcome.
func approvedScene(mails, unknown int) *scene {
	who := personOf(1)
	s := &scene{Sights: []*sight{{
		Account: "acct-1", Who: who, View: &registration.View{Kind: registration.Individual, State: registration.Approved},
		Timeline: []registration.TimelineEntry{{Event: string(registration.ApprovedByReviewer), From: registration.UnderReview, To: registration.Approved}},
	}}}
	for range mails {
		s.Inbox = append(s.Inbox, message{Channel: "email", To: who.Email, Subject: "开发者注册已通过审核"})
	}
	for range unknown {
		s.Calls = append(s.Calls, &messageCall{Channel: "email", To: who.Email, Kind: "approved", By: lived(0)})
	}
	return s
}

func TestANoticeComesTwiceOnlyWithAnExcuse(t *testing.T) {
	t.Parallel()
	assert.Empty(t, notices(approvedScene(1, 0)))
	assert.Empty(t, notices(approvedScene(2, 1)))
	assert.Len(t, notices(approvedScene(0, 1)), 1, "lost after one try of unknown outcome")
	given := approvedScene(0, 2)
	assert.Empty(t, notices(given), "given up after two")
	given.Listed = true
	assert.Len(t, notices(given), 1, "and nobody was told")
	given.Sights[0].Findings = []finding{{Kind: "message_unsure"}}
	assert.Empty(t, notices(given))
	assert.Len(t, notices(approvedScene(2, 0)), 1, "without an excuse")
	assert.Len(t, notices(approvedScene(3, 1)), 1, "one excuse for two")
	assert.Len(t, notices(approvedScene(3, 5)), 1, "three times is too often whatever the excuse")
	assert.Len(t, notices(approvedScene(0, 0)), 1, "lost")
	assert.Equal(t, 1, excused(approvedScene(2, 1)))
}

func TestNoticesAreKnownByTheirWords(t *testing.T) {
	t.Parallel()
	deadline := noon
	m, err := notice.Render(notice.PaymentRequested, "zh-CN", notice.Data{Deadline: &deadline, BankAccountLast4: "6789", DeveloperName: "港湾"})
	require.NoError(t, err)
	assert.Equal(t, "payment_requested", kinds.ofSubject(m.Subject))
	assert.Equal(t, "payment_requested", kinds.ofTemplate(m.SMSTemplate))
	assert.Equal(t, "payment_requested", kinds.ofText("【实名】"+notice.SMSText(m.SMSTemplate, m.SMSParams)))
	assert.Empty(t, kinds.ofText("【沙盒银行】您正在绑定银行卡,验证码 123456"))
}

func TestFindingsMustMatchWhatWasDone(t *testing.T) {
	t.Parallel()
	s := approvedScene(1, 1)
	s.Findings = []finding{{Kind: "message_unsure", AccountID: "acct-1"}}
	assert.Empty(t, findingsMatch(s))
	s.Calls = nil
	assert.Len(t, findingsMatch(s), 1)
	s.Findings = []finding{{Kind: "message_unsure", AccountID: "acct-1", Subject: "ntc_1", Since: at(5)}}
	s.Writers = map[string][]*life{"ntc_1": {lived(0), lived(6)}, "ntc_2": {lived(4)}}
	assert.Len(t, findingsMatch(s), 1, "nobody died who had begun")
	s.Writers["ntc_1"] = []*life{lived(0), lived(4)}
	assert.Empty(t, findingsMatch(s), "killed between its beginning and its call")
	s.Findings = []finding{{Kind: "run_missing", AccountID: "acct-1"}}
	assert.Len(t, findingsMatch(s), 1)
}

// pending is a company that waits for its money.
func pending(payout registration.PayoutState, statement ...entry) *sight {
	return &sight{
		Account: "corp-1", Statement: statement,
		View: &registration.View{State: registration.PayoutPending, Payout: &registration.PayoutView{State: payout, BankAccountLast4: "6789"}},
	}
}

func TestWhatIsStuck(t *testing.T) {
	t.Parallel()
	money := func(state string) entry { return entry{Account: "62256789", State: state} }
	assert.Len(t, stuck(pending(registration.PayoutRequestedState)), 1, "never ordered")
	assert.Empty(t, stuck(pending(registration.PayoutSent, money("sent"))), "the bank takes its time")
	assert.Len(t, stuck(pending(registration.PayoutSent, money("settled"))), 1)
	held := pending(registration.PayoutRequestedState)
	held.Findings = []finding{{Kind: "message_unsure"}}
	assert.Empty(t, stuck(held), "ops knows")
	assert.Len(t, stuck(&sight{View: &registration.View{State: registration.UnderReview, Processing: true}}), 1)

	scanned := &sight{View: &registration.View{State: registration.AdminIdentityRequired}, Scanned: at(5)}
	assert.Len(t, stuck(scanned), 1)
	scanned.Told = []told{{Act: "admin_session", Began: at(6)}}
	assert.Empty(t, stuck(scanned), "another session is waiting")
}

func TestWhichRunIsBehind(t *testing.T) {
	t.Parallel()
	running, completed := enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED
	under := registration.UnderReview
	assert.Empty(t, lag("a", "run", runSight{Status: running, State: "under_review", Facts: &runFacts{State: under}}, under))
	assert.Len(t, lag("a", "run", runSight{Status: running, State: "details_required"}, under), 1)
	assert.Len(t, lag("a", "run", runSight{Status: running, State: "under_review", Facts: &runFacts{State: registration.DetailsRequired}}, under), 1)
	assert.Len(t, lag("a", "run", runSight{Status: running, State: "under_review", Failing: 3}, under), 1)
	assert.Len(t, lag("a", "run", runSight{}, under), 1, "missing")
	assert.Len(t, lag("a", "run", runSight{Status: completed, State: "under_review"}, under), 1, "ended too early")
	assert.Len(t, lag("a", "run", runSight{Status: running, State: "approved"}, registration.Approved), 1, "not ended")
}

func TestPromisesAreHeldAgainstTheTimeline(t *testing.T) {
	t.Parallel()
	yes, nobodyKnows, givenUp := told{Act: "submit", Status: 200}, told{Act: "submit"}, told{Act: "submit", Abandoned: true}
	submitted := registration.TimelineEntry{Event: string(registration.Submitted)}
	story := func(entries int, asked ...told) *sight {
		s := &sight{View: &registration.View{Kind: registration.Individual}, Told: asked}
		for range entries {
			s.Timeline = append(s.Timeline, submitted)
		}
		return s
	}
	assert.Empty(t, promises(story(1, yes)))
	assert.Len(t, promises(story(0, yes)), 1, "told, and not there")
	assert.Len(t, promises(story(2, yes)), 1, "done twice")
	assert.Empty(t, promises(story(1, nobodyKnows)))
	assert.Empty(t, promises(story(0, nobodyKnows)))
	assert.Len(t, promises(story(1, givenUp)), 1, "answered 503 and done all the same")
}

func TestGuessesAreNotLostToABusyAPI(t *testing.T) {
	t.Parallel()
	wrong := told{Act: "deposit", Status: 422, problem: problem{Code: string(registration.CodeDepositMismatch)}, payment: 1}
	story := func(left int, asked ...told) *sight {
		return &sight{
			Payments: 1, Timeline: []registration.TimelineEntry{{Event: string(registration.CompanyAccepted)}}, Told: asked,
			View: &registration.View{Payout: &registration.PayoutView{AttemptsLeft: left}},
		}
	}
	assert.Empty(t, guesses(story(2, wrong)))
	assert.Len(t, guesses(story(1, wrong)), 1)
	assert.Len(t, guesses(story(3, wrong)), 1)
	assert.Empty(t, guesses(story(3, told{Act: "deposit", Abandoned: true})))
	assert.Len(t, guesses(story(2, told{Act: "deposit", Abandoned: true})), 1, "answered 503 and counted all the same")
	assert.Empty(t, guesses(story(2, told{Act: "deposit"})), "nobody has been told yet")
}

func TestTransfersAreNoMoreThanPayments(t *testing.T) {
	t.Parallel()
	s := pending(registration.PayoutSettled, entry{Key: "1"}, entry{Key: "2"})
	s.Timeline = []registration.TimelineEntry{{Event: string(registration.CompanyAccepted)}}
	assert.Len(t, transfers(s), 1)
	s.Timeline = append(s.Timeline, registration.TimelineEntry{Event: string(registration.PayoutRequested)})
	assert.Empty(t, transfers(s))
}
