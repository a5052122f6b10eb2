package api

import (
	"time"

	"shiming/internal/problem"
	"shiming/registration"
)

// sampleNow is when the examples of the document happen.
func sampleNow() time.Time {
	return time.Date(2026, time.September, 30, 10, 0, 0, 0, time.FixedZone("CST", 8*60*60))
}

// sample is a problem as a caller may get it, with the members that go with its code.
func sample(code problem.Code) *problem.Problem {
	field := func(location, fieldCode, message string) problem.Option {
		return problem.WithErrors(registration.FieldError{Location: location, Code: fieldCode, Message: message})
	}
	until := func(d time.Duration) problem.Option { return problem.WithRetryAt(sampleNow().Add(d), sampleNow()) }
	var with []problem.Option
	switch code {
	case registration.CodeInvalidRequest:
		with = append(with, field("body.name", codeMissing, "This field is required."))
	case problem.CodeIDNumberInvalid:
		with = append(with, field("body.id_number", string(code), "The resident ID number has a wrong check character."))
	case problem.CodeUSCCInvalid:
		with = append(with, field("body.uscc", string(code), "The unified social credit code has a wrong check character."))
	case problem.CodePhoneInvalid:
		with = append(with, field("body.phone", string(code), "The mobile number is not a mobile number of mainland China."))
	case problem.CodeCardInvalid:
		with = append(with, field("body.card_number", string(code), "The card number has a wrong check digit."))
	case registration.CodeRequirementsMissing:
		with = append(with, field("documents.id_card_front", codeMissing, "Upload this document."))
	case registration.CodeCodeIncorrect, problem.CodePaymentPasswordIncorrect:
		with = append(with, problem.WithAttemptsLeft(4))
	case registration.CodeDepositMismatch:
		with = append(with, problem.WithAttemptsLeft(2))
	case registration.CodeWrongState:
		with = append(with, problem.WithState(string(registration.Withdrawn)))
	case registration.CodeSubmittedLocked:
		with = append(with, problem.WithState(string(registration.UnderReview)))
	case registration.CodeCardAttemptsExceeded, registration.CodeActsExceeded:
		with = append(with, until(24*time.Hour))
	case registration.CodePayoutLimitReached:
		with = append(with, until(30*24*time.Hour))
	case registration.CodeClearingNotEligible:
		with = append(with, problem.WithConditions([]registration.Condition{sampleCondition()}))
	}
	return problem.New(code, with...)
}

func sampleCondition() registration.Condition {
	unmet, at := false, sampleNow().AddDate(0, 0, 20)
	return registration.Condition{
		Code: registration.AccountAge, Met: &unmet, EligibleAt: &at, Evidence: "Opened on 20 Sep 2026; cleared can be what is older than 30 days.",
	}
}
