package postgres

import (
	"cmp"

	"shiming/registration"
)

// requirements lists what is still to be handed in before a registration can be submitted, in the order of the steps.
// p is the newest payment, nil if there is none. A reviewer's words are among them if they were opened; what is for the engine or a
// row has none of them.
func requirements(r *record, p *payment, docs []registration.Document) []registration.FieldError {
	missing := []registration.FieldError{}
	if r.State.Final() || r.State == registration.UnderReview {
		return missing
	}
	need := func(f registration.Field, code, message string) {
		missing = append(missing, registration.FieldError{Location: string(f), Code: code, Message: message})
	}
	if r.Identity == nil && !r.Corrections.Awaits(registration.FieldIdentity) { // else the reviewer's words say why
		need(registration.FieldIdentity, "missing", registration.Explain("identity_missing", r.Locale))
	}
	switch {
	case r.Kind == registration.Individual:
	case r.awaitsCompany() && p.lost(): // until other company information opens another payment, whatever else is done
		missing = append(missing, p.objection(r.Locale))
	case r.Company == nil:
		need(registration.FieldCompany, "missing", registration.Explain("company_missing", r.Locale))
	case r.CompanyProof == nil:
		need(registration.FieldCompany, "unproven", registration.Explain("company_unproven", r.Locale))
	}
	if r.Contact == nil {
		need(registration.FieldContact, "missing", registration.Explain("contact_missing", r.Locale))
	}
	for _, slot := range registration.RequiredSlots(r.Kind, r.role()) {
		if !hasSlot(docs, slot) {
			need(registration.DocumentField(slot), "missing", registration.Explain("document_missing", r.Locale))
		}
	}
	for _, c := range r.Corrections {
		saidAbove := c.Field == registration.FieldCompany && r.CompanyProof == nil
		if !c.Done && !saidAbove {
			need(c.Field, c.Code, cmp.Or(c.Message, registration.Explain("correction_asked", r.Locale)))
		}
	}
	return missing
}

// awaitsCompany reports whether company information is to be handed in, now or after the administrator's scan.
func (r *record) awaitsCompany() bool {
	return r.CompanyProof == nil && (r.State == registration.CompanyRequired || r.State == registration.AdminIdentityRequired)
}

// lost reports whether there is a payment that the bank would not pay, or whose money came back.
func (p *payment) lost() bool { return p != nil && p.Lost() }

// objection is the field to correct by the bank's reason.
func (p *payment) objection(locale registration.Locale) registration.FieldError {
	why, field := *p.Failure, registration.FieldBankAccountNumber
	switch why {
	case "account_name_mismatch":
		field = registration.FieldBankAccountName
	case "bank_not_found":
		field = registration.FieldCNAPS
	}
	return registration.FieldError{Location: string(field), Code: why, Message: registration.Explain(registration.Code(why), locale)}
}
