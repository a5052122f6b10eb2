package cli

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

type payoutsCommands struct {
	Status payoutsStatusCommand `cmd:"" default:"withargs" help:"Show whether payments are paused, and what was spent today."`
	Pause  payoutsPauseCommand  `cmd:"" help:"Stop every payment that has not been ordered, and refuse new ones. What was asked for waits."`
	Resume payoutsResumeCommand `cmd:"" help:"Let payments go on."`
}

// payoutPause is whether payments are paused, and what was spent today.
type payoutPause struct {
	Paused  bool       `json:"paused"`
	Since   *time.Time `json:"since"`
	By      *string    `json:"by"`
	Reason  *string    `json:"reason"`
	Waiting int        `json:"waiting"`
	DayEnds time.Time  `json:"day_ends"`
	Today   []struct {
		Kind    string `json:"kind"`
		Used    int64  `json:"used"`
		Ceiling int64  `json:"ceiling"`
	} `json:"today"`
}

func showPayoutPause(p *page, v payoutPause) {
	state := "go on"
	if v.Paused {
		state = "paused"
	}
	all := []pair{
		{"payments", state}, {"since", atOr(v.Since)}, {"by", or(v.By)}, {"reason", or(v.Reason)}, {"waiting", strconv.Itoa(v.Waiting)}, {"today ends", at(v.DayEnds)},
	}
	for _, s := range v.Today {
		all = append(all, pair{s.Kind + " today", fmt.Sprintf("%d of %d", s.Used, s.Ceiling)})
	}
	p.list(all...)
}

type payoutsStatusCommand struct{ apiFlags }

// Run shows whether payments are paused.
func (c *payoutsStatusCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return get(ctx, s, "/v1/payouts/pause", showPayoutPause)
}

// payoutsWord is what ops says of payments.
type payoutsWord struct {
	changeFlags
	Reason string `required:"" help:"Why; name nobody."`
}

func (c payoutsWord) say(ctx context.Context, o *IO, word string) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return change(ctx, s, http.MethodPost, "/v1/payouts/"+word, map[string]any{"reason": c.Reason}, showPayoutPause)
}

type payoutsPauseCommand struct{ payoutsWord }

// Run pauses payments.
func (c *payoutsPauseCommand) Run(ctx context.Context, o *IO) error { return c.say(ctx, o, "pause") }

type payoutsResumeCommand struct{ payoutsWord }

// Run resumes payments.
func (c *payoutsResumeCommand) Run(ctx context.Context, o *IO) error { return c.say(ctx, o, "resume") }
