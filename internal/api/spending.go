package api

import (
	"context"
	"net/http"
	"time"

	"shiming/internal/postgres"
)

const payoutsTag = "Payouts"

// spending makes the routes by which ops stops payments, lets them go on, and sees what was spent today.
func (s *server) spending() {
	register(s, route{
		id: "get-payout-pause", method: http.MethodGet, path: "/v1/payouts/pause", tag: payoutsTag, summary: "See whether payments are paused",
		description: "Whether ops has paused payments, by whose word and why, and what was spent today of the day's ceilings.",
	}, func(ctx context.Context, _ *struct{}) (*payoutPauseAnswer, error) { return s.payoutPause(ctx) })
	register(s, route{
		id: "pause-payouts", method: http.MethodPost, path: "/v1/payouts/pause", tag: payoutsTag, summary: "Pause payments",
		description: "From this answer on no payment is announced or ordered, until they are resumed; a call to the bank that is under way is finished. " +
			"Acts that would make a new one are refused with spending_paused. Pausing twice keeps the first.",
	}, s.pausePayouts)
	register(s, route{
		id: "resume-payouts", method: http.MethodPost, path: "/v1/payouts/resume", tag: payoutsTag, summary: "Resume payments",
		description: "What was asked for before goes on within seconds. Resuming what is not paused changes nothing.",
	}, s.resumePayouts)
}

// PayoutPause is whether payments are paused, and what was spent today.
type PayoutPause struct {
	Paused  bool       `json:"paused" doc:"Whether payments are paused" example:"true"`
	Since   *time.Time `json:"since" doc:"Since when they are paused, or resumed; null if they never were" example:"2026-09-30T10:00:00+08:00"`
	By      *string    `json:"by" doc:"Who paused or resumed them" example:"ops:zhang"`
	Reason  *string    `json:"reason" doc:"Why" example:"The bank has asked us to stop."`
	Waiting int        `json:"waiting" doc:"Payments that were asked for and have not been ordered" example:"3"`
	DayEnds time.Time  `json:"day_ends" doc:"When today ends, and what may be spent is counted anew" example:"2026-10-01T00:00:00+08:00"`
	Today   []Spent    `json:"today" doc:"What was spent today, over all"`
}

// Spent is how much of a day's ceiling is used.
type Spent struct {
	Kind    postgres.Spending `json:"kind" enum:"payments,sms,mails" doc:"What was spent: payments asked for, SMS and e-mails to applicants" example:"payments"`
	Used    int64             `json:"used" doc:"How many" example:"57"`
	Ceiling int64             `json:"ceiling" doc:"How many a day at most" example:"2000"`
}

type payoutPauseAnswer struct{ Body PayoutPause }

func (s *server) payoutPause(ctx context.Context) (*payoutPauseAnswer, error) {
	p, err := s.Store.PayoutPauseNow(ctx)
	if err != nil {
		return nil, err
	}
	spent, ends, err := s.Store.SpentToday(ctx)
	if err != nil {
		return nil, err
	}
	out := PayoutPause{Paused: p.Paused, Waiting: p.Waiting, DayEnds: ends, Today: make([]Spent, len(spent))}
	if p.By != "" {
		out.Since, out.By, out.Reason = &p.Since, &p.By, &p.Reason
	}
	for i, of := range spent {
		out.Today[i] = Spent(of)
	}
	return &payoutPauseAnswer{out}, nil
}

type switchPayouts struct {
	Body struct {
		Reason string `json:"reason" doc:"Why; name nobody" example:"The bank has asked us to stop."`
	}
}

func (s *server) pausePayouts(ctx context.Context, in *switchPayouts) (*payoutPauseAnswer, error) {
	return s.switchedPayouts(ctx, in, s.Store.PausePayouts)
}

func (s *server) resumePayouts(ctx context.Context, in *switchPayouts) (*payoutPauseAnswer, error) {
	return s.switchedPayouts(ctx, in, s.Store.ResumePayouts)
}

func (s *server) switchedPayouts(ctx context.Context, in *switchPayouts, say func(ctx context.Context, by, reason string) error) (*payoutPauseAnswer, error) {
	if err := checkReason(in.Body.Reason); err != nil {
		return nil, err
	}
	if err := say(ctx, byOps(ctx), in.Body.Reason); err != nil {
		return nil, err
	}
	return s.payoutPause(ctx)
}
