package postgres

import "shiming/registration"

// What follows refuses an act by what it was looked at with, before anything is written, and its step again under the lock.

// missing refuses a submission for what is missing, if anything is.
func missing(fields []registration.FieldError) *registration.Refusal {
	if len(fields) == 0 {
		return nil
	}
	return registration.Refuse(registration.CodeRequirementsMissing).At(fields...)
}

// depositRefused says that no amount is awaited yet, or any more.
func depositRefused(rec *record, p *payment) *registration.Refusal {
	if p.open() && p.State != registration.PayoutRequestedState {
		return nil
	}
	return &registration.Refusal{Code: registration.CodeWrongState, State: rec.State}
}
