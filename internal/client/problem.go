package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Problem is a refusal as the API sends it (RFC 9457, and docs/openapi.json for the codes).
type Problem struct {
	Status       int         `json:"status"`
	Code         string      `json:"code"`
	Detail       string      `json:"detail"`
	AttemptsLeft *int        `json:"attempts_left"`
	RetryAt      *time.Time  `json:"retry_at"`
	State        string      `json:"state"`
	Errors       []Field     `json:"errors"`
	Conditions   []Condition `json:"conditions"`

	// Raw is the document as it came; nil if there was none.
	Raw json.RawMessage `json:"-"`
}

// Field is one field a refusal is about.
type Field struct {
	Location string `json:"location"`
	Code     string `json:"code"`
	Message  string `json:"message"`
}

// Condition is one condition of a clearing.
type Condition struct {
	Code       string     `json:"code"`
	Met        *bool      `json:"met"`
	Evidence   string     `json:"evidence"`
	EligibleAt *time.Time `json:"eligible_at"`
}

// CodeNoBody is the code of a refusal that came without a problem document: from a proxy, say.
const CodeNoBody = "no_problem_body"

func (p *Problem) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d %s", p.Status, p.Code)
	for _, e := range p.Errors {
		fmt.Fprintf(&text, " (%s: %s)", e.Location, e.Code)
	}
	return text.String()
}

func problemOf(status int, raw []byte) *Problem {
	var p Problem
	if err := json.Unmarshal(raw, &p); err != nil || p.Code == "" {
		return &Problem{Status: status, Code: CodeNoBody, Detail: http.StatusText(status)}
	}
	p.Status, p.Raw = status, raw
	return &p
}
