package tour

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"shiming/internal/client"
	"shiming/registration"
)

// actor plays one registration: the applicant, the platform's backend that forwards what the applicant does, and the
// reviewer. After the first error its verbs do nothing, so that a part reads as prose.
type actor struct {
	tour     *tour
	number   int
	who      string
	platform *client.Client
	reviewer *client.Client
	outside  outside
	person   person

	view  registration.View
	known int // lines of the timeline already told
	doing string
	calls int
	err   error
}

func newActor(t *tour, number int, who string) *actor {
	return &actor{
		tour: t, number: number, who: who,
		platform: client.New(client.Options{Base: t.API, Token: t.Platform}), reviewer: client.New(client.Options{Base: t.API, Token: t.Reviewer}),
		outside: outside{client.New(client.Options{Base: t.Sandbox})},
	}
}

// step does something under a name, unless an earlier step failed.
func (a *actor) step(name string, do func() error) {
	if a.err != nil {
		return
	}
	a.doing = name
	a.show()
	if err := do(); err != nil {
		a.err = &StepError{Who: a.who, Step: name, Err: err}
		a.show()
	}
}

// act makes a call of the platform that is answered with the registration.
func (a *actor) act(ctx context.Context, method, path string, body any) error {
	raw, err := jsonBody(body)
	if err != nil {
		return err
	}
	var view registration.View
	err = a.call(ctx, a.platform, client.Request{Method: method, Path: path, Body: raw, ContentType: "application/json", Into: &view})
	if err != nil {
		return err
	}
	return a.saw(ctx, view)
}

// call makes a mutating call with an Idempotency-Key of its own, which its repeats share.
func (a *actor) call(ctx context.Context, as *client.Client, r client.Request) error {
	a.calls++
	r.Key = fmt.Sprintf("tour-%s-%d-%d", a.tour.run, a.number, a.calls)
	return as.Do(ctx, r)
}

func (a *actor) path(rest string) string { return "/v1/registrations/" + a.view.ID + rest }

// reach waits until the registration is in one of the states.
func (a *actor) reach(ctx context.Context, states ...registration.State) error {
	if slices.Contains(states, a.view.State) {
		return nil
	}
	err := await(ctx, fmt.Sprintf("state %s", states[0]), func(ctx context.Context) (bool, error) {
		if err := a.look(ctx); err != nil {
			return false, err
		}
		return slices.Contains(states, a.view.State), nil
	})
	if err != nil {
		return fmt.Errorf("in state %s: %w%s", a.view.State, err, a.lastError())
	}
	return nil
}

func (a *actor) lastError() string {
	if a.view.LastError == nil {
		return ""
	}
	return fmt.Sprintf(" (last_error %s)", a.view.LastError.Code)
}

// look reads the registration.
func (a *actor) look(ctx context.Context) error {
	var view registration.View
	if err := a.platform.Do(ctx, client.Request{Method: http.MethodGet, Path: a.path(""), Into: &view}); err != nil {
		return err
	}
	return a.saw(ctx, view)
}

// saw takes up a newer picture of the registration, and what its timeline says about the way there.
func (a *actor) saw(ctx context.Context, view registration.View) error {
	if view.ID == "" {
		return fmt.Errorf("the answer holds no registration")
	}
	changed := view.State != a.view.State || !view.UpdatedAt.Equal(a.view.UpdatedAt)
	a.view = view
	a.show()
	if !changed {
		return nil
	}
	return a.readTimeline(ctx)
}

func (a *actor) readTimeline(ctx context.Context) error {
	var lines []registration.TimelineEntry
	if err := a.platform.Do(ctx, client.Request{Method: http.MethodGet, Path: a.path("/timeline"), Into: &timeline{&lines}}); err != nil {
		return err
	}
	for _, l := range lines[min(a.known, len(lines)):] {
		if transition(a.view.Kind, l) {
			a.tour.note(Transition{
				At: l.At, RegistrationID: a.view.ID, Who: a.who, Event: l.Event, From: l.From, To: l.To, Actor: l.Actor,
			})
		}
	}
	a.known = len(lines)
	return nil
}

// timeline reads a list, bare or as a page: {items, next_cursor}.
type timeline struct{ lines *[]registration.TimelineEntry }

func (t *timeline) UnmarshalJSON(raw []byte) error {
	var page struct {
		Items []registration.TimelineEntry `json:"items"`
	}
	if err := json.Unmarshal(raw, &page); err == nil {
		*t.lines = page.Items
		return nil
	}
	return json.Unmarshal(raw, t.lines)
}

// transition tells a step of the state machine from the other lines of a timeline, such as a look at a document.
func transition(kind registration.Kind, l registration.TimelineEntry) bool {
	return slices.ContainsFunc(registration.Table(kind), func(t registration.Transition) bool {
		return string(t.Event) == l.Event && t.From == l.From && t.To == l.To
	})
}

func (a *actor) show() {
	a.tour.Row(Row{Number: a.number, Who: a.who, View: a.view, Doing: a.doing, Err: a.err})
}

// finish takes a last look, so that no transition is missed.
func (a *actor) finish(ctx context.Context) {
	a.step("read the timeline", func() error {
		if a.view.State != registration.Approved {
			return fmt.Errorf("ended in state %s", a.view.State)
		}
		return a.readTimeline(ctx)
	})
	if a.err == nil {
		a.doing = "done"
		a.show()
	}
}

func jsonBody(body any) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	return json.Marshal(body)
}
