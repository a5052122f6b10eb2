package api

import (
	"context"
	"errors"
	"net/http"

	"shiming/internal/postgres"
	"shiming/internal/problem"
	"shiming/registration"
)

const clearingTag = "Clearing"

// Where a clearing is: by its account, or by its own id, which is all that the claimant of a contested one has.
const (
	byAccountPath = "/v1/accounts/{account_id}/identity-clearing"
	byIDPath      = "/v1/identity-clearings/{id}"
)

// clearings makes the routes by which an identity is cleared.
func (s *server) clearings() {
	register(s, route{
		id: "preflight-clearing", method: http.MethodGet, path: byAccountPath + "/preflight", tag: clearingTag, summary: "Look whether an identity could be cleared",
		description: "Every condition, met or not, with what was found and, where time alone cures it, the earliest date. Nobody is compared: holder_request is null.",
		codes:       []problem.Code{registration.CodeProviderUnavailable},
	}, s.preflight)
	register(s, route{
		id: "open-clearing", method: http.MethodPost, path: byAccountPath, tag: clearingTag, status: http.StatusCreated, summary: "Ask for an identity to be cleared",
		description: "By the holder of the ID card, or by an authorised person of the company that the account is: then holder_request is not met, and a letter " +
			"of authorisation is among the requirements. Who asks is compared once every other condition is met; until then holder_request is null. Claims that do " +
			"not match are on the account's timeline and count, for the account and for the number: after five in 24 hours there is account_limit_reached, whatever " +
			"is claimed. With when_eligible also if only time is missing: the clearing waits, checks again and goes on by itself.",
		codes: []problem.Code{
			problem.CodeIDNumberInvalid, registration.CodeClearingExists, registration.CodeRegistrationExists, registration.CodeClearingNotEligible,
			registration.CodeAccountLimitReached, registration.CodeProviderUnavailable, registration.CodeHeldAfterRestore,
		},
	}, s.openClearing)
	register(s, route{
		id: "contest-identity", method: http.MethodPost, path: "/v1/identity-clearings", tag: clearingTag, status: http.StatusCreated, summary: "Claim an identity back",
		description: "By the true holder of a resident ID that is bound to an account that is not theirs. Names no account and learns none: " +
			"the answer is the same whether or not the identity is bound, and the account's owner is not kept from anything. A caller may claim one number five " +
			"times in 24 hours, and twenty in all.",
		codes: []problem.Code{problem.CodeIDNumberInvalid, registration.CodeAccountLimitReached, registration.CodeHeldAfterRestore},
	}, s.contest)
	register(s, route{
		id: "object-to-clearing", method: http.MethodPost, path: "/v1/identity-clearings/objections", tag: clearingTag, summary: "Object to a clearing",
		description: "By the single-use link of the notice; no bearer token. A token that was used, is over or never was: not_found.",
		public:      true, codes: []problem.Code{registration.CodeNotFound},
	}, s.object)
	register(s, route{
		id: "get-clearing-timeline", method: http.MethodGet, path: byIDPath + "/timeline", tag: clearingTag, summary: "Read a clearing's timeline",
		description: "Everything that happened to the clearing, oldest first, with each look at a document. For those who decide: not for the claimant, nor for the account's owner." + notOfOwn,
	}, s.clearingTimeline)
	s.objectionPage()
	clearingsAt[AtAccount, materialAtAccount](s, "", byAccountPath)
	clearingsAt[AtClearing, materialAtClearing](s, "contested-", byIDPath)
}

// AtAccount names a clearing by its account: the newest. Exported, like [ByID], for huma looks into no other embedded
// types.
type AtAccount struct {
	AccountID string `path:"account_id" doc:"The platform account" example:"acct-1001"`
}

// AtClearing names a clearing by its id.
type AtClearing struct {
	ID string `path:"id" doc:"The clearing's id" example:"clr_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
}

// place is a way to name a clearing.
type place interface {
	AtAccount | AtClearing
	clearing(ctx context.Context, s *server) (id string, err error)
}

func (p AtAccount) clearing(ctx context.Context, s *server) (string, error) {
	if err := mustBeID(p.AccountID); err != nil {
		return "", err
	}
	return s.Store.NewestClearing(ctx, p.AccountID)
}

func (p AtClearing) clearing(context.Context, *server) (string, error) {
	if !opaque(p.ID) || !registration.IsClearingID(p.ID) {
		return "", problem.New(registration.CodeNotFound)
	}
	return p.ID, nil
}

// clearingsAt makes the calls about a clearing that exists, named one way; M is a slot of it.
func clearingsAt[P place, M any](s *server, prefix, path string) {
	at := func(id, method, more, summary, description string, codes ...problem.Code) route {
		r := route{id: id + prefix + "clearing", method: method, path: path + more, tag: clearingTag, summary: summary, description: description}
		if r.mutates() {
			codes = append(codes, registration.CodeWrongState)
		}
		r.codes = codes
		return r
	}
	register(s, at("get-", http.MethodGet, "", "Read a clearing", "The clearing as it stands, with its conditions as last checked."),
		func(ctx context.Context, in *P) (*clearingAnswer, error) {
			id, err := (*in).clearing(ctx, s)
			if err != nil {
				return nil, err
			}
			return s.clearingStands(ctx, id, http.StatusOK, postgres.Leftover{})
		})
	submit := at("submit-", http.MethodPost, "/submit", "Submit the materials", "Checks the conditions again and freezes the materials as a review round.",
		registration.CodeRequirementsMissing, registration.CodeClearingNotEligible, registration.CodeAccountLimitReached, registration.CodeProviderUnavailable)
	submit.deferrable = true
	register(s, submit, clearingAct[P](s, registration.ActSubmit))
	withdraw := at("withdraw-", http.MethodPost, "/withdraw", "Withdraw the clearing", "Ends the clearing at the applicant's wish, until it is decided.")
	withdraw.deferrable = true
	register(s, withdraw, clearingAct[P](s, registration.ActWithdraw))
	upload := at("put-document-of-", http.MethodPut, "/documents/{slot}", "Upload a material",
		"A JPEG, PNG or PDF of at most 10 MiB; the content counts, not its name or declared type. A new file replaces the slot's old one.",
		problem.CodeDocumentTooLarge, problem.CodeDocumentTypeUnsupported, registration.CodeSubmittedLocked)
	upload.upload, upload.clearing = true, true
	register(s, upload, func(ctx context.Context, _ *M) (*struct{ Body DocumentReceipt }, error) { return s.putMaterial(ctx) })
}

// clearingAct handles an applicant's act on a clearing.
func clearingAct[P place](s *server, kind registration.Act) func(context.Context, *P) (*clearingAnswer, error) {
	return func(ctx context.Context, in *P) (*clearingAnswer, error) {
		id, err := (*in).clearing(ctx, s)
		if err != nil {
			return nil, err
		}
		a := act{registration: id, clearing: true, kind: kind}
		if kind == registration.ActSubmit {
			a.before = judged(s.submissionRefused)
		}
		done, err := s.run(ctx, a)
		if err != nil {
			return nil, s.withConditions(ctx, id, err)
		}
		return s.clearingStands(ctx, id, done.status(), done.left)
	}
}

// MaterialSlot names what a document of a clearing shows.
type MaterialSlot struct {
	Slot registration.Slot `path:"slot" enum:"id_card_front,id_card_back,handheld,authorization_letter" doc:"What the document shows" example:"handheld"`
}

type materialAtAccount struct {
	AtAccount
	MaterialSlot
}

type materialAtClearing struct {
	AtClearing
	MaterialSlot
}

// putMaterial makes the file that was received the slot's.
func (s *server) putMaterial(ctx context.Context) (*struct{ Body DocumentReceipt }, error) {
	up := requestOf(ctx).upload
	if err := s.actsFor(ctx, up.subject); err != nil {
		return nil, err
	}
	refusal, err := s.Store.SetClearingDocument(ctx, up.subject, up.doc)
	if refusal != nil {
		return nil, refusal
	}
	up.used = !full(err) // see putDocument
	if err != nil {
		return nil, err
	}
	d := up.doc.Document
	return &struct{ Body DocumentReceipt }{DocumentReceipt{Slot: d.Slot, SHA256: d.SHA256, Size: d.Size, ContentType: d.ContentType}}, nil
}

// clearingTimeline answers who did what when.
func (s *server) clearingTimeline(ctx context.Context, in *AtClearing) (*struct{ Body Timeline }, error) {
	id, err := in.clearing(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := s.mayReview(ctx, id); err != nil {
		return nil, err
	}
	entries, err := s.Store.ClearingTimeline(ctx, id)
	if err != nil {
		return nil, err
	}
	return &struct{ Body Timeline }{Timeline{Items: entries}}, nil
}

type clearingAnswer struct {
	Status int
	Body   *registration.ClearingView
}

// clearingStands answers with a clearing as it stands, and writes down what is left of what was done.
func (s *server) clearingStands(ctx context.Context, id string, status int, left postgres.Leftover) (*clearingAnswer, error) {
	view, err := after(ctx, s, left, func(ctx context.Context, left postgres.Leftover) (*registration.ClearingView, error) {
		return s.Store.ClearingViewAfter(ctx, id, left)
	})
	if err != nil {
		return nil, err
	}
	return &clearingAnswer{Status: status, Body: view}, nil
}

// withConditions adds the conditions to a refusal that is about them.
func (s *server) withConditions(ctx context.Context, id string, err error) error {
	var refusal *registration.Refusal
	if !errors.As(err, &refusal) || refusal.Code != registration.CodeClearingNotEligible {
		return err
	}
	view, viewErr := s.Store.ClearingView(ctx, id)
	if viewErr != nil {
		return viewErr
	}
	return notEligible(view.Conditions)
}

// notEligible refuses by conditions.
func notEligible(conditions []registration.Condition) error {
	return problem.New(registration.CodeClearingNotEligible, problem.WithConditions(conditions))
}
