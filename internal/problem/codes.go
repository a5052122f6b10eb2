package problem

import "shiming/registration"

// Code is the machine-readable code of a problem. The domain's own codes are package registration's.
type Code = registration.Code

// The codes that only the HTTP side answers with.
const (
	CodeMalformedRequest         Code = "malformed_request"
	CodeUnauthorized             Code = "unauthorized"
	CodeForbidden                Code = registration.CodeOwnCase // the domain has one reason for it, roles are the other
	CodePaymentPasswordIncorrect Code = "payment_password_incorrect"
	CodeClearingNotEligible      Code = "clearing_not_eligible"
	CodeDocumentTooLarge         Code = "document_too_large"
	CodeDocumentTypeUnsupported  Code = "document_type_unsupported"
	CodeIDNumberInvalid          Code = "id_number_invalid"
	CodeUSCCInvalid              Code = "uscc_invalid"
	CodePhoneInvalid             Code = "phone_invalid"
	CodeCardInvalid              Code = "card_invalid"
	CodeLicenceNumbersMustBeUSCC Code = "licence_numbers_must_be_uscc"
	CodeIdempotencyKeyReused     Code = "idempotency_key_reused"
	CodeRateLimited              Code = "rate_limited"
	CodeEngineUnavailable        Code = "engine_unavailable"
	CodeEngineBusy               Code = "engine_busy"
	CodeStorageUnavailable       Code = "storage_unavailable"

	// CodeInternal answers a fault of ours. The contract has no code for it, since no caller can plan for one.
	CodeInternal Code = "internal_error"
)
