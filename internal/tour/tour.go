package tour

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"shiming/internal/client"
	"shiming/registration"
)

// Options says where the tour goes and who watches.
type Options struct {
	API      string // base URL of the API
	Sandbox  string // base URL of the sandbox
	Platform string // token of the role platform
	Reviewer string // token of the role reviewer
	// Row is told of a registration whenever something of it has changed. It may be called from several goroutines.
	Row func(Row)
	// Transition is told every line of the timelines once, in each registration's order; calls do not overlap.
	Transition func(Transition)
}

// Row is where one registration stands.
type Row struct {
	Number int // from 0, in the order of [Cast]
	Who    string
	View   registration.View // as the API last showed it; zero before the first answer
	Doing  string            // the step under way
	Err    error             // the step failed
}

// Transition is one line of a registration's timeline that moved it on.
type Transition struct {
	At             time.Time          `json:"at"`
	RegistrationID string             `json:"registration_id"`
	Who            string             `json:"who"`
	Event          string             `json:"event"`
	From           registration.State `json:"from"`
	To             registration.State `json:"to"`
	Actor          string             `json:"actor"`
}

// Summary is what the tour came to.
type Summary struct {
	Registrations int       `json:"registrations"`
	Approved      int       `json:"approved"`
	Transitions   int       `json:"transitions"`
	Seconds       float64   `json:"seconds"`
	Failed        []Failure `json:"failed"`
}

// Failure is a step that did not work.
type Failure struct {
	Who  string `json:"who"`
	Step string `json:"step"`
	Code string `json:"code"` // the problem's code, if the API refused
	Text string `json:"text"`
}

// StepError says which step of whose registration failed.
type StepError struct {
	Who, Step string
	Err       error
}

func (e *StepError) Error() string { return fmt.Sprintf("%s: %s: %v", e.Who, e.Step, e.Err) }

func (e *StepError) Unwrap() error { return e.Err }

// part is one registration of the tour: who registers, and how it goes.
type part struct {
	who  string
	play func(*actor, context.Context)
}

// parts are the four registrations (the guide's two kinds, each by both of its ways).
func parts() []part {
	return []part{
		{"individual, debit card", (*actor).individualByCard},
		{"individual, verified wallet", (*actor).individualByWallet},
		{"enterprise, legal representative", (*actor).enterpriseByRepresentative},
		{"enterprise, authorised agent", (*actor).enterpriseByAgent},
	}
}

// Cast names who registers, in the order of [Row.Number].
func Cast() []string {
	var names []string
	for _, p := range parts() {
		names = append(names, p.who)
	}
	return names
}

// Run takes the tour. Its error joins one [*StepError] for each registration that was not approved.
func Run(ctx context.Context, o Options) (Summary, error) {
	t := &tour{Options: o, run: strings.ToLower(rand.Text()[:10])}
	began := time.Now()
	all := parts()
	errs := make([]error, len(all))
	var playing sync.WaitGroup
	for i, p := range all {
		playing.Go(func() { errs[i] = t.play(ctx, i, p) })
	}
	playing.Wait()
	return t.summary(errs, time.Since(began)), errors.Join(errs...)
}

type tour struct {
	Options
	run string // makes accounts and idempotency keys this tour's own

	mu          sync.Mutex
	transitions int
}

func (t *tour) play(ctx context.Context, number int, p part) error {
	a := newActor(t, number, p.who)
	p.play(a, ctx)
	a.finish(ctx)
	return a.err
}

func (t *tour) note(n Transition) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.transitions++
	t.Transition(n)
}

func (t *tour) summary(errs []error, took time.Duration) Summary {
	s := Summary{Registrations: len(errs), Transitions: t.transitions, Seconds: took.Round(100 * time.Millisecond).Seconds(), Failed: []Failure{}}
	for _, err := range errs {
		var step *StepError
		if !errors.As(err, &step) {
			s.Approved++
			continue
		}
		f := Failure{Who: step.Who, Step: step.Step, Text: step.Err.Error()}
		if no := (*client.Problem)(nil); errors.As(err, &no) {
			f.Code = no.Code
		}
		s.Failed = append(s.Failed, f)
	}
	return s
}
