package api

import (
	"cmp"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"shiming/internal/chinaid"
	"shiming/internal/problem"
	"shiming/registration"
)

// The codes of field errors that have none of their own.
const (
	codeMissing      = "missing"
	codeInvalid      = "invalid"
	codePersonalData = "personal_data" // it says who somebody is, where nothing should
)

// checks collects what is wrong with a body. Nothing of the values goes into what it says.
type checks struct{ errs []registration.FieldError }

func (c *checks) add(location, code, message string) {
	c.errs = append(c.errs, registration.FieldError{Location: "body." + location, Code: code, Message: message})
}

// problem is nil if everything is right.
func (c *checks) problem() error {
	if len(c.errs) == 0 {
		return nil
	}
	return problem.FromFields(c.errs...)
}

// parser brings a value to its canonical form.
type parser func(string) (string, error)

// canonical makes a parser of an identifier's.
func canonical[T interface{ Value() string }](parse func(string) (T, error)) parser {
	return func(s string) (string, error) {
		v, err := parse(s)
		return v.Value(), err
	}
}

// text makes a parser for one line of lo to hi characters.
func text(lo, hi int) parser {
	return func(s string) (string, error) { return chinaid.CleanText(s, lo, hi) }
}

// take parses a field that must be there. code is what a wrong value is answered with, "" for none of its own.
func (c *checks) take(location string, code problem.Code, in string, parse parser) string {
	out, err := parse(in)
	if err != nil {
		c.add(location, cmp.Or(string(code), codeInvalid), explain(err))
	}
	return out
}

// part is take for a field that may be left out unless the body must be full; left out it is "".
func (c *checks) part(location string, code problem.Code, in *string, full bool, parse parser) string {
	switch {
	case in != nil:
		return c.take(location, code, *in, parse)
	case full:
		c.add(location, codeMissing, "This field is required.")
	}
	return ""
}

// explain gives the words of package chinaid, which never quote a value, and no others.
func explain(err error) string {
	if refused, ok := errors.AsType[*chinaid.Error](err); ok {
		return "The " + refused.Error() + "."
	}
	return "The value is not valid."
}

// residentID reads a resident ID number; its holder must have been born.
func residentID(now time.Time) parser {
	return func(s string) (string, error) {
		id, err := chinaid.ParseResidentID(s)
		if err != nil {
			return "", err
		}
		year, month, day := id.Birthdate()
		if born := time.Date(year, month, day, 0, 0, 0, 0, time.UTC); born.After(now) {
			return "", &chinaid.Error{Kind: chinaid.KindResidentID, Reason: chinaid.ReasonDate}
		}
		return id.Value(), nil
	}
}

var (
	errLong    = errors.New("api: too long")
	errEmpty   = errors.New("api: empty")
	errControl = errors.New("api: control character")
)

// prose takes free text of up to hi characters, lines and all: reviewers' and ops' own words. Control characters have no
// meaning there, and the database stores no NUL.
func prose(lo, hi int) parser {
	return func(s string) (string, error) {
		switch n := utf8.RuneCountInString(s); {
		case n > hi:
			return "", errLong
		case n < lo:
			return "", errEmpty
		case strings.ContainsFunc(s, noProse):
			return "", errControl
		}
		return s, nil
	}
}

// words takes what reviewers and ops write of somebody. Whatever becomes of it, it is to be read by more people than what was handed
// in: a number by which somebody is known has no place in it.
func (c *checks) words(location, in string, lo, hi int) {
	if _, found := chinaid.NumberIn(c.take(location, "", in, prose(lo, hi))); found {
		c.add(location, codePersonalData, "Do not write an ID, card, account or phone number here; name the field instead.")
	}
}

func noProse(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\n\r\t", r) }

// mustBeID refuses a path's id that none of ours, and no account's, can look like.
func mustBeID(id string) error {
	if !opaque(id) {
		return problem.New(registration.CodeNotFound)
	}
	return nil
}
