package api

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"shiming/internal/postgres"
	"shiming/internal/problem"
	"shiming/registration"
)

// registrationTag groups the calls about registrations.
const registrationTag = "Registrations"

// registrationAnswer is a registration as it stands.
type registrationAnswer struct {
	Status int
	Body   *registration.View
}

// ByID names a registration in the path.
type ByID struct {
	ID string `path:"id" doc:"The registration's id" example:"reg_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
}

// registrations makes the routes that open, read and end a registration.
func (s *server) registrations() {
	register(s, route{
		id: "open-registration", method: http.MethodPost, path: "/v1/registrations", tag: registrationTag, status: http.StatusCreated,
		summary: "Start a registration", description: "Starts the registration of an account and answers in its first waiting state.",
		codes: []problem.Code{
			problem.CodePhoneInvalid, registration.CodeRegistrationExists, registration.CodeClearingExists, registration.CodeIdentityInUse,
			registration.CodeAccountLimitReached, registration.CodeProviderUnavailable, registration.CodeHeldAfterRestore,
		},
	}, s.open)
	register(s, route{
		id: "get-registration", method: http.MethodGet, path: "/v1/registrations/{id}", tag: registrationTag,
		summary: "Read a registration", description: "The registration as it stands, personal data masked.",
	}, s.get)
	register(s, route{
		id: "list-registrations", method: http.MethodGet, path: "/v1/registrations", tag: registrationTag,
		summary: "List registrations", description: "Registrations, newest first, in pages that stay stable while registrations change.",
		codes: []problem.Code{registration.CodeInvalidRequest},
	}, s.list)
	register(s, route{
		id: "get-timeline", method: http.MethodGet, path: "/v1/registrations/{id}/timeline", tag: registrationTag,
		summary: "Read a registration's timeline", description: "Everything that happened to the registration, oldest first.",
	}, s.timeline)
	register(s, s.actRoute("submit-registration", http.MethodPost, "/submit", "Submit for review",
		"Freezes what was handed in as a review round.", registration.CodeRequirementsMissing), s.submit)
	register(s, s.actRoute("withdraw-registration", http.MethodPost, "/withdraw", "Withdraw the registration",
		"Ends the registration at the applicant's wish; what it claimed is free again."), s.withdraw)
}

// actRoute is the route of an applicant's act.
func (s *server) actRoute(id, method, path, summary, description string, codes ...problem.Code) route {
	return route{
		id: id, method: method, path: "/v1/registrations/{id}" + path, tag: registrationTag, summary: summary, description: description,
		codes: append(codes, registration.CodeWrongState), deferrable: true,
	}
}

func (s *server) get(ctx context.Context, in *ByID) (*registrationAnswer, error) {
	return s.standing(ctx, in.ID)
}

// standing answers with a registration as it stands.
func (s *server) standing(ctx context.Context, id string) (*registrationAnswer, error) {
	if err := mustBeID(id); err != nil {
		return nil, err
	}
	view, err := s.Store.View(ctx, id)
	if err != nil {
		return nil, err
	}
	return &registrationAnswer{Status: http.StatusOK, Body: view}, nil
}

// finished answers an act with the registration that it has left behind.
func (s *server) finished(ctx context.Context, a act) (*registrationAnswer, error) {
	done, err := s.run(ctx, a)
	if err != nil {
		return nil, err
	}
	view, err := after(ctx, s, done.left, func(ctx context.Context, left postgres.Leftover) (*registration.View, error) {
		return s.Store.ViewAfter(ctx, a.registration, left)
	})
	if err != nil {
		return nil, err
	}
	return &registrationAnswer{Status: done.status(), Body: view}, nil
}

// after reads the answer to an act that is over, and writes down with it what is left to be written of the act. A failure to do
// that changes no answer.
func after[T any](ctx context.Context, s *server, left postgres.Leftover, read func(context.Context, postgres.Leftover) (T, error)) (T, error) {
	if !left.Nothing() {
		reading, cancel := context.WithTimeout(detached(ctx), actMargin)
		defer cancel()
		answer, err := read(reading, left)
		if err == nil {
			return answer, nil
		}
		s.note(ctx, err)
	}
	reading, cancel := context.WithTimeout(detached(ctx), actMargin)
	defer cancel()
	return read(reading, postgres.Leftover{})
}

// optional is a query parameter that may be left out.
type optional[T any] struct {
	Value T
	IsSet bool
}

// Schema is the value's.
func (optional[T]) Schema(r huma.Registry) *huma.Schema {
	return huma.SchemaFromType(r, reflect.TypeFor[T]())
}

// Receiver is where huma puts the value.
func (o *optional[T]) Receiver() reflect.Value { return reflect.ValueOf(o).Elem().Field(0) }

// OnParamSet notes whether there was one.
func (o *optional[T]) OnParamSet(isSet bool, _ any) { o.IsSet = isSet }

func (o optional[T]) pointer() *T {
	if !o.IsSet {
		return nil
	}
	return &o.Value
}

// Paging is how every list is cut into pages.
type Paging struct {
	Cursor string `query:"cursor" maxLength:"200" doc:"next_cursor of the page before" example:"MjAyNi0wOS0zMFQwMjowMDowMFp8cmVnX2szdjU"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Items a page" example:"50"`
}

// shown is a list as the API shows it, empty and not null where there is nothing.
func shown[A, B any](all []A, show func(A) B) []B {
	list := make([]B, len(all))
	for i, one := range all {
		list[i] = show(one)
	}
	return list
}

// next is a page's cursor, null on the last.
func next(cursor string) *string {
	if cursor == "" {
		return nil
	}
	return &cursor
}

type listRegistrations struct {
	State   registration.State `query:"state" enum:"identity_required,card_code_required,admin_identity_required,company_required,payout_pending,deposit_required,deposit_failed,details_required,under_review,correction_required,approved,rejected,withdrawn,expired" doc:"Only those in this state" example:"under_review"`
	Kind    registration.Kind  `query:"kind" enum:"individual,enterprise" doc:"Only those of this kind" example:"enterprise"`
	Overdue optional[bool]     `query:"overdue" doc:"Only those that are overdue, or that are not" example:"true"`
	Paging
}

// RegistrationPage is a page of registrations.
type RegistrationPage struct {
	Items      []*registration.View `json:"items" doc:"Registrations, newest first"`
	NextCursor *string              `json:"next_cursor" doc:"Where the next page begins; null on the last" example:"MjAyNi0wOS0zMFQwMjowMDowMFp8cmVnX2szdjU"`
}

func (s *server) list(ctx context.Context, in *listRegistrations) (*struct{ Body RegistrationPage }, error) {
	page, err := s.Store.List(ctx, postgres.ListFilter{State: in.State, Kind: in.Kind, Overdue: in.Overdue.pointer(), Cursor: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	return &struct{ Body RegistrationPage }{RegistrationPage{Items: page.Items, NextCursor: next(page.NextCursor)}}, nil
}

// Timeline is a registration's or a clearing's audit timeline.
type Timeline struct {
	Items      []registration.TimelineEntry `json:"items" doc:"What happened, oldest first"`
	NextCursor *string                      `json:"next_cursor" doc:"Always null: a timeline comes whole"`
}

func (s *server) timeline(ctx context.Context, in *ByID) (*struct{ Body Timeline }, error) {
	if err := mustBeID(in.ID); err != nil {
		return nil, err
	}
	entries, err := s.Store.Timeline(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if !ofTheHouse(requestOf(ctx).caller.roles) {
		for i := range entries { // what ops says of a finding is said among ourselves
			entries[i].Reason = nil
		}
	}
	return &struct{ Body Timeline }{Timeline{Items: entries}}, nil
}

func (s *server) submit(ctx context.Context, in *ByID) (*registrationAnswer, error) {
	return s.finished(ctx, act{registration: in.ID, kind: registration.ActSubmit, before: judged(s.submissionRefused)})
}

func (s *server) submissionRefused(_ context.Context, look *postgres.ActLook) (*registration.Refusal, error) {
	return s.Store.SubmissionRefused(look)
}

func (s *server) withdraw(ctx context.Context, in *ByID) (*registrationAnswer, error) {
	return s.finished(ctx, act{registration: in.ID, kind: registration.ActWithdraw})
}
