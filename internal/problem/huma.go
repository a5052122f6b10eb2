package problem

import (
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"shiming/registration"
)

// FromHuma makes a problem of what huma finds by itself: unreadable bodies, schema violations. Assign it to
// huma.NewError. Of huma's texts only the fixed part is kept, for the rest may quote what was handed in.
func FromHuma(status int, _ string, errs ...error) huma.StatusError {
	for _, err := range errs {
		if own, ok := errors.AsType[*Problem](err); ok {
			return own
		}
	}
	p := New(codeOf(status))
	if p.Code == registration.CodeInvalidRequest {
		WithErrors(schemaErrors(errs)...)(p)
	}
	return p
}

// codeOf finds the contract's code for a status that came without one. A content type that huma cannot read is a
// body that is not JSON, whatever status huma gives it.
func codeOf(status int) Code {
	switch status {
	case http.StatusUnauthorized:
		return CodeUnauthorized
	case http.StatusForbidden:
		return CodeForbidden
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return registration.CodeNotFound
	case http.StatusRequestEntityTooLarge:
		return CodeDocumentTooLarge
	case http.StatusUnprocessableEntity:
		return registration.CodeInvalidRequest
	case http.StatusTooManyRequests:
		return CodeRateLimited
	case http.StatusServiceUnavailable:
		return CodeEngineUnavailable
	}
	if status >= http.StatusBadRequest && status < http.StatusInternalServerError {
		return CodeMalformedRequest
	}
	return CodeInternal
}

// The codes of field errors that the schema finds.
const (
	fieldMissing = "missing"
	fieldUnknown = "unknown"
	fieldInvalid = "invalid"
)

// UnknownField says that a body has a field that nobody reads.
func UnknownField(location string) registration.FieldError {
	return registration.FieldError{Location: location, Code: fieldUnknown, Message: "There is no such field."}
}

func schemaErrors(errs []error) []registration.FieldError {
	var fields []registration.FieldError
	for _, err := range errs {
		var detailer huma.ErrorDetailer
		if !errors.As(err, &detailer) {
			continue
		}
		d := detailer.ErrorDetail()
		fields = append(fields, schemaError(d.Location, d.Message))
	}
	return fields
}

func schemaError(location, message string) registration.FieldError {
	fixed, _, _ := strings.Cut(message, ": ") // what follows may quote the value
	switch {
	case strings.HasPrefix(fixed, "expected required property "):
		name, _, _ := strings.Cut(strings.TrimPrefix(fixed, "expected required property "), " ")
		return registration.FieldError{Location: strings.TrimPrefix(location+"."+name, "."), Code: fieldMissing, Message: "This field is required."}
	case strings.HasPrefix(fixed, "required "):
		return registration.FieldError{Location: location, Code: fieldMissing, Message: "This field is required."}
	case strings.HasPrefix(fixed, "unexpected property"):
		return UnknownField(location)
	case strings.HasPrefix(fixed, "expected "):
		return registration.FieldError{Location: location, Code: fieldInvalid, Message: fixed}
	}
	return registration.FieldError{Location: location, Code: fieldInvalid, Message: "The value is not valid."}
}
