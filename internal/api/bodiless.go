package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"shiming/internal/problem"
	"shiming/registration"
)

// bodiless judges the body of a call that takes none: nothing, or an object without fields. Whoever sends more means
// something by it, and would take our yes for a yes to that.
func bodiless(body []byte) *problem.Problem {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	var fields map[string]json.RawMessage
	err := json.Unmarshal(body, &fields)
	if _, noObject := errors.AsType[*json.UnmarshalTypeError](err); noObject || err == nil && fields == nil {
		return problem.FromFields(registration.FieldError{Location: "body", Code: codeInvalid, Message: "Send no body, or an empty object."})
	}
	if err != nil {
		return problem.New(problem.CodeMalformedRequest)
	}
	var unknown []registration.FieldError
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		unknown = append(unknown, problem.UnknownField("body."+name))
	}
	if unknown == nil {
		return nil
	}
	return problem.FromFields(unknown...)
}
