package api

import (
	"context"
	"net/http"

	"shiming/internal/chinaid"
	"shiming/internal/dossier"
	"shiming/internal/postgres"
	"shiming/internal/problem"
	"shiming/registration"
)

// details makes the routes that hand in what needs no message to the workflow.
func (s *server) details() {
	register(s, s.editRoute("set-name", "/name", "Change the developer name", "The name shown on the apps."), s.setName)
	register(s, s.editRoute("set-contact", "/contact", "Hand in the contact",
		"Whom to reach. In correction_required fields left out are kept. For an individual the name is optional and must be the verified holder's. "+
			"What differs from what is on file where it must not counts: after five in 24 hours there is account_limit_reached.",
		problem.CodePhoneInvalid, registration.CodeContactNameMismatch, registration.CodeAccountLimitReached), s.setContact)
	doc := s.editRoute("put-document", "/documents/{slot}", "Upload a document",
		"A JPEG, PNG or PDF of at most 10 MiB; the content counts, not its name or declared type. A new file replaces the slot's old one.",
		problem.CodeDocumentTooLarge, problem.CodeDocumentTypeUnsupported)
	doc.upload = true
	register(s, doc, s.putDocument)
}

func (s *server) editRoute(id, path, summary, description string, codes ...problem.Code) route {
	r := s.actRoute(id, http.MethodPut, path, summary, description, append(codes, registration.CodeSubmittedLocked)...)
	r.deferrable = false
	return r
}

type setName struct {
	ByID
	Body struct {
		Name string `json:"name" doc:"Developer or company name shown on the apps, 2 to 50 characters" example:"Harbour Light"`
	}
}

func (s *server) setName(ctx context.Context, in *setName) (*registrationAnswer, error) {
	var c checks
	name := c.take("name", "", in.Body.Name, text(shortestName, longestName))
	if err := c.problem(); err != nil {
		return nil, err
	}
	if err := mustBeID(in.ID); err != nil {
		return nil, err
	}
	look, err := s.Store.LookForEdit(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.handedIn(ctx, look, postgres.Edit{Name: &name})
}

// handedIn answers an edit of an applicant's.
func (s *server) handedIn(ctx context.Context, look *postgres.EditLook, edit postgres.Edit) (*registrationAnswer, error) {
	view, refusal, err := s.Store.EditLookedAt(ctx, look, requestOf(ctx).caller.name, edit)
	if refusal != nil || err != nil {
		return nil, refused(refusal, err)
	}
	return &registrationAnswer{Status: http.StatusOK, Body: view}, nil
}

// edited answers an edit that the database alone decides.
func (s *server) edited(ctx context.Context, id string, edit func() (*registration.Refusal, error)) (*registrationAnswer, error) {
	if err := mustBeID(id); err != nil {
		return nil, err
	}
	refusal, err := edit()
	switch {
	case err != nil:
		return nil, err
	case refusal != nil:
		return nil, refusal
	}
	return s.standing(ctx, id)
}

const longestAddress = 200

type setContact struct {
	ByID
	Body struct {
		Name    *string `json:"name,omitempty" nullable:"false" doc:"The contact's name; optional for an individual" example:"赵六"`
		Email   *string `json:"email,omitempty" nullable:"false" doc:"The contact's mailbox" example:"chen@example.com"`
		Phone   *string `json:"phone,omitempty" nullable:"false" doc:"The contact's mobile number" example:"13800138000"`
		Address *string `json:"address,omitempty" nullable:"false" doc:"The contact's address" example:"厦门市思明区例示路1号"`
	}
}

func (s *server) setContact(ctx context.Context, in *setContact) (*registrationAnswer, error) {
	if err := mustBeID(in.ID); err != nil {
		return nil, err
	}
	look, err := s.Store.LookForEdit(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	st := look.Standing()
	full := st.State != registration.CorrectionRequired
	var c checks
	contact := dossier.Contact{
		Name:    c.part("name", "", in.Body.Name, full && st.Kind == registration.Enterprise, chinaid.CleanName),
		Email:   c.part("email", "", in.Body.Email, full, canonical(chinaid.ParseEmail)),
		Phone:   c.part("phone", problem.CodePhoneInvalid, in.Body.Phone, full, canonical(chinaid.ParseMobile)),
		Address: c.part("address", "", in.Body.Address, full, text(1, longestAddress)),
	}
	if err := c.problem(); err != nil {
		return nil, err
	}
	return s.handedIn(ctx, look, postgres.Edit{Contact: &contact})
}

type putDocument struct {
	ByID
	Slot registration.Slot `path:"slot" enum:"id_card_front,id_card_back,business_licence,authorization_letter,qualification_1,qualification_2,qualification_3,qualification_4,qualification_5" doc:"What the document shows" example:"business_licence"`
}

// DocumentReceipt says what was received.
type DocumentReceipt struct {
	Slot        registration.Slot `json:"slot" doc:"What the document shows" example:"business_licence"`
	SHA256      string            `json:"sha256" doc:"Hex SHA-256 of the content" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	Size        int64             `json:"size" doc:"Bytes" example:"12345"`
	ContentType string            `json:"content_type" enum:"image/jpeg,image/png,application/pdf" doc:"Type, by content" example:"image/png"`
}

// putDocument makes the file that was received the slot's.
func (s *server) putDocument(ctx context.Context, in *putDocument) (*struct{ Body DocumentReceipt }, error) {
	up := requestOf(ctx).upload
	_, refusal, err := s.Store.EditLookedAt(ctx, up.look, requestOf(ctx).caller.name, postgres.Edit{Document: &up.doc})
	if refusal != nil {
		return nil, refusal
	}
	up.used = !full(err) // also after an error of which nobody knows what it came to: a file without a document is better than a document without its file
	if err != nil {
		return nil, err
	}
	d := up.doc.Document
	return &struct{ Body DocumentReceipt }{DocumentReceipt{Slot: d.Slot, SHA256: d.SHA256, Size: d.Size, ContentType: d.ContentType}}, nil
}
