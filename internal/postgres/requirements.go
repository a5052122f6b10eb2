package postgres

import "shiming/registration"

// requirements lists what is still to be handed in before a registration can be submitted, in the order of the steps.
func requirements(r *record, docs []registration.Document) []registration.FieldError {
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
	case r.State == registration.CompanyRequired && r.LastError != nil && r.LastError.Code == registration.CodePaymentFailed:
		missing = append(missing, r.LastError.Errors...)
	case r.Company == nil:
		need("company", "missing", registration.Explain("company_missing", r.Locale))
	case r.CompanyProof == nil:
		need("company", "unproven", registration.Explain("company_unproven", r.Locale))
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
		saidAbove := c.Field == fieldCompany && r.CompanyProof == nil
		if !c.Done && !saidAbove {
			need(c.Field, c.Code, c.Message)
		}
	}
	return missing
}
