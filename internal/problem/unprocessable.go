package problem

import (
	"net/http"

	"shiming/registration"
)

// unprocessable are the 422s: readable, but what it says is not right.
func unprocessable() []Entry { //nolint:funlen // a table
	entries := []Entry{
		{
			Code: registration.CodeInvalidRequest, Title: "The request has invalid fields",
			Detail: "Correct what is listed under errors.",
		},
		{
			Code: CodeIDNumberInvalid, Title: "The resident ID number is not valid",
			Detail: "Check the 18 characters for a typing error.",
		},
		{
			Code: CodeUSCCInvalid, Title: "The unified social credit code is not valid",
			Detail: "Check the 18 characters on the licence for a typing error.",
		},
		{
			Code: CodePhoneInvalid, Title: "The phone number is not valid",
			Detail: "Send an 11-digit mobile number of mainland China.",
		},
		{
			Code: CodeCardInvalid, Title: "The card number is not valid",
			Detail: "Check the number for a typing error.",
		},
		{
			Code: registration.CodeCardNotDebit, Title: "The card is not a debit card",
			Detail: "Use a personal debit card.",
		},
		{
			Code: registration.CodeCardIsCorporate, Title: "The card belongs to a corporate account",
			Detail: "Use a personal debit card.",
		},
		{
			Code: registration.CodeCardUnusable, Title: "The bank does not allow this card",
			Detail: "Use another personal debit card, or ask the bank.",
		},
		{
			Code: registration.CodeCardElementsMismatch, Title: "The details do not match the bank's records",
			Detail: "Check name, ID number and the phone on file at the bank.",
		},
		{
			Code: registration.CodeCodeIncorrect, Title: "The code is wrong",
			Detail: "Enter the code of the newest SMS from the bank; attempts_left says how often.",
		},
		{
			Code: registration.CodeCodeExpired, Title: "The code has expired",
			Detail: "Ask for a new code.",
		},
		{
			Code: registration.CodeAdminMustBeAgent, Title: "The administrator is not the legal representative",
			Detail: "Choose the role of an authorised agent, or correct the legal representative.",
		},
		{
			Code: CodeLicenceNumbersMustBeUSCC, Title: "A unified licence has one number only",
			Detail: "Send the unified social credit code as registration number and as organisation code.",
		},
		{
			Code: registration.CodeBankAccountNameMismatch, Title: "The bank account has another name than the company",
			Detail: "Use the company's own account, named as on the licence.",
		},
		{
			Code: registration.CodeContactNameMismatch, Title: "The contact is not the verified person",
			Detail: "Leave the name out, or send the verified holder's.",
		},
		{
			Code: registration.CodeDepositMismatch, Title: "The amount is wrong",
			Detail: "Look it up on the account's statement; attempts_left says how often it can be entered.",
		},
		{
			Code: registration.CodeDepositExceeded, Title: "The amount was wrong too often",
			Detail: "This payment is void. Ask for a new one, or correct the company information.",
		},
		{
			Code: registration.CodeRequirementsMissing, Title: "Something is missing",
			Detail: "Hand in what is listed under errors, then submit again.",
		},
		{
			Code: CodeIdempotencyKeyReused, Title: "The idempotency key was used with another body",
			Detail: "Use a new key for a new request.",
		},
	}
	return withStatus(http.StatusUnprocessableEntity, entries)
}
