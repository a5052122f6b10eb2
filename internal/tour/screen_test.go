package tour

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"shiming/registration"
)

func TestTableSaysWhoWaitsForWhomUntilWhen(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	due := now.Add(42 * time.Second)
	lines := Table([]Row{
		{Who: "somebody", Doing: "wait for the money", View: registration.View{
			State: registration.PayoutPending, WaitingOn: registration.Bank, DueAt: &due,
		}},
		{Who: "another", Err: errors.New("submit: 422 requirements_missing")},
	}, now)
	text := strings.Join(lines, "\n")
	assert.Regexp(t, `somebody +payout_pending +bank +\d\d:\d\d:42 \(in 42s\) +wait for the money`, text)
	assert.Contains(t, text, "FAILED: submit: 422 requirements_missing")
}

// On a terminal the table is taken away by as many lines as it was drawn with.
func TestTableIsDrawnInItsPlace(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := NewScreen(&out, true)
	end := s.Start()
	s.Line("above")
	end()
	s.Line("below")

	height := len(Table(make([]Row, len(Cast())), time.Now()))
	_, rest, _ := strings.Cut(out.String(), "\x1b[")
	assert.Contains(t, rest, "A\r"+eraseBelow+"above\n")
	assert.Equal(t, height, strings.Count(before(out.String(), "A\r"), "\n"), "the first table")
	assert.True(t, strings.HasSuffix(out.String(), "below\n"))
}

func before(s, sep string) string {
	head, _, _ := strings.Cut(s, sep)
	return head
}

func TestElsewhereLinesAreOnlyAdded(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := NewScreen(&out, false)
	end := s.Start()
	s.Row(Row{Number: 0, Who: "somebody"})
	s.Transition(Transition{Who: "somebody", Event: "opened", To: registration.IdentityRequired, Actor: "applicant"})
	end()
	assert.NotContains(t, out.String(), "\x1b")
	assert.Contains(t, out.String(), "(new)")
	assert.Equal(t, 1, strings.Count(out.String(), "\n"))
}
