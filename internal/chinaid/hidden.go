package chinaid

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unique"
)

// hidden is what every identifier is made of: a value that only Value gives away, and its mask for everybody else.
// The value lies behind a handle, which fmt prints as an address: it cannot find its way out of an unexported field
// either, where fmt calls no methods. Two hidden of the same value are equal with ==.
type hidden struct {
	value unique.Handle[string]
	mask  string
}

func hide(value, mask string) hidden { return hidden{value: unique.Make(value), mask: mask} }

// Value is the canonical form in clear. Keep it out of logs, errors, ids, metrics and Temporal.
func (h hidden) Value() string {
	if h.IsZero() {
		return ""
	}
	return h.value.Value()
}

// IsZero tells whether this is the zero value, which no parser returns without an error.
func (h hidden) IsZero() bool { return h == hidden{} }

// Masked is the form that may be shown and logged.
func (h hidden) Masked() string { return h.mask }

// String is Masked.
func (h hidden) String() string { return h.mask }

// GoString is Masked, quoted.
func (h hidden) GoString() string { return fmt.Sprintf("%q", h.mask) }

// Format prints the mask, whatever the verb: fmt would otherwise walk into the struct for verbs like %d.
func (h hidden) Format(f fmt.State, verb rune) {
	s := h.mask
	if verb == 'q' || verb == 'v' && f.Flag('#') {
		s = h.GoString()
	}
	_, _ = io.WriteString(f, s) // fmt.State keeps what it is given and has no error to report
}

// LogValue logs the mask.
func (h hidden) LogValue() slog.Value { return slog.StringValue(h.mask) }

// MarshalText gives the mask: identifiers are not meant to be marshalled, and must not leak if one is.
func (h hidden) MarshalText() ([]byte, error) { return []byte(h.mask), nil }

// MarshalJSON gives the mask, like MarshalText.
func (h hidden) MarshalJSON() ([]byte, error) { return json.Marshal(h.mask) }

// maskMiddle keeps the first so many characters and the last four of an ASCII string, with a star for each between.
func maskMiddle(s string, first int) string {
	return s[:first] + strings.Repeat("*", len(s)-first-4) + last4(s)
}

// maskLast4 is the usual form for card and account numbers, which does not tell their length.
func maskLast4(s string) string { return "****" + last4(s) }

func last4(s string) string { return s[len(s)-4:] }
