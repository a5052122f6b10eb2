package problem

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"shiming/registration"
)

// Entry is what the catalogue says of a code.
type Entry struct {
	Code   Code
	Status int
	Title  string // what is wrong, the same every time
	Detail string // what to do about it

	// RetryAfter is the pause to ask for when no date is known. Every 429 and 503 has one.
	RetryAfter time.Duration
}

// catalogue is read only.
var catalogue = index(slices.Concat(general(), conflicts(), unprocessable(), later()))

func index(entries []Entry) map[Code]Entry {
	byCode := make(map[Code]Entry, len(entries))
	for _, e := range entries {
		byCode[e.Code] = e
	}
	return byCode
}

// Entries lists the codes a problem can have, by status and code. The codes of a last_error alone are not among
// them; package registration explains those.
func Entries() []Entry {
	all := make([]Entry, 0, len(catalogue))
	for _, e := range catalogue {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Status, b.Status), cmp.Compare(a.Code, b.Code))
	})
	return all
}

// lookUp takes a code that the catalogue lacks for a fault of ours.
func lookUp(code Code) Entry {
	if e, ok := catalogue[code]; ok {
		return e
	}
	return catalogue[CodeInternal]
}

func general() []Entry {
	return []Entry{
		{
			Code: CodeMalformedRequest, Status: http.StatusBadRequest, Title: "The request is not readable",
			Detail: "Send the body as valid JSON.",
		},
		{
			Code: CodeUnauthorized, Status: http.StatusUnauthorized, Title: "Authentication failed",
			Detail: "Send a valid bearer token, or a valid signature with a webhook.",
		},
		{
			Code: CodeForbidden, Status: http.StatusForbidden, Title: "The caller may not do this",
			Detail: "Use a token with the role this call needs. A case is decided by somebody who neither opened it nor handed anything in for it.",
		},
		{
			Code: CodePaymentPasswordIncorrect, Status: http.StatusForbidden, Title: "The payment password is wrong",
			Detail: "Enter the wallet's payment password again. Five wrong ones in 24 hours lock this step for that time.",
		},
		{
			Code: registration.CodeNotFound, Status: http.StatusNotFound, Title: "There is no such thing here",
			Detail: "Check the address and the id.",
		},
		{
			Code: CodeDocumentTooLarge, Status: http.StatusRequestEntityTooLarge, Title: "The document is too large",
			Detail: "Send a file of at most 10 MiB.",
		},
		{
			Code: CodeDocumentTypeUnsupported, Status: http.StatusUnsupportedMediaType, Title: "The document's type is not supported",
			Detail: "Send a JPEG, PNG or PDF file; the content counts, not the name.",
		},
		{
			Code: CodeInternal, Status: http.StatusInternalServerError, Title: "Something went wrong on our side",
			Detail: "Try again with the same idempotency key. If it happens again, tell the operator when it happened.",
		},
	}
}
