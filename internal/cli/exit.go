package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"shiming/internal/client"
)

// The exit codes.
const (
	Done    = 0
	Refused = 1 // or failed: the service is not there, say
	Usage   = 2
)

// UsageError says that a command was called wrongly: an argument, a setting or an input is missing or no good.
type UsageError struct{ Text string }

func (e *UsageError) Error() string { return e.Text }

func usage(format string, args ...any) error { return &UsageError{fmt.Sprintf(format, args...)} }

// ExitCode is the exit code that an error calls for.
func ExitCode(err error) int {
	var wrong *UsageError
	var unparsed *kong.ParseError
	switch {
	case err == nil:
		return Done
	case errors.As(err, &wrong), errors.As(err, &unparsed):
		return Usage
	}
	return Refused
}

// Report tells a person of an error: a refusal with its code first, then what to do, then what it is about.
func Report(w io.Writer, program string, err error) {
	var no *client.Problem
	if !errors.As(err, &no) {
		_, _ = fmt.Fprintf(w, "%s: %v\n", program, err) // nobody is left to tell
		return
	}
	_, _ = fmt.Fprint(w, refusal(no)) // as above
}

// refusal puts a problem into lines.
func refusal(no *client.Problem) string {
	var b strings.Builder
	fmt.Fprintf(&b, "refused: %s", clean(no.Code))
	if no.Detail != "" {
		fmt.Fprintf(&b, ": %s", clean(no.Detail))
	}
	if more := particulars(no); len(more) > 0 {
		fmt.Fprintf(&b, " (%s)", strings.Join(more, "; "))
	}
	b.WriteByte('\n')
	for _, e := range no.Errors {
		fmt.Fprintf(&b, "  %s: %s: %s\n", clean(e.Location), clean(e.Code), clean(e.Message))
	}
	for _, c := range no.Conditions {
		fmt.Fprintf(&b, "  %s: %s: %s%s\n", clean(c.Code), met(c.Met), clean(c.Evidence), since(c.EligibleAt))
	}
	return b.String()
}

func particulars(no *client.Problem) []string {
	var more []string
	if no.Code == client.CodeNoBody {
		more = append(more, fmt.Sprintf("HTTP %d, and not from this API: is SHIMING_URL right?", no.Status))
	}
	if no.AttemptsLeft != nil {
		more = append(more, plural(*no.AttemptsLeft, "attempt")+" left")
	}
	if no.RetryAt != nil {
		more = append(more, "again from "+at(*no.RetryAt))
	}
	if no.State != "" {
		more = append(more, "state "+clean(no.State))
	}
	return more
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

func since(t *time.Time) string {
	if t == nil {
		return ""
	}
	return " (from " + at(*t) + ")"
}
