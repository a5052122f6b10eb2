package registration_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	. "shiming/registration"
)

// later is a calendar on which a holiday has come up: every count of working days ends a day later.
type later struct{ plain }

func (l later) WorkingDays(from time.Time, n int) Deadline {
	return Deadline{At: l.plain.WorkingDays(from, n).At.AddDate(0, 0, 1), Provisional: true}
}

func TestAReviewIsLookedAtAfterEachDay(t *testing.T) {
	t.Parallel()
	r := NewReview(plain{}, on(1, 10))
	assert.Equal(t, Deadline{At: on(5, 0)}, r.Due())
	for _, c := range []struct {
		now     time.Time
		passed  int
		next    *time.Time
		overdue bool
	}{
		{on(1, 12), 0, at(3, 0), false},
		{on(3, 0).Add(-1), 0, at(3, 0), false},
		{on(3, 0), 1, at(4, 0), false},
		{on(4, 0), 2, at(5, 0), false},
		{on(5, 0).Add(-1), 2, at(5, 0), false},
		{on(5, 0), 2, nil, true},
		{on(9, 0), 2, nil, true},
	} {
		then := r.At(plain{}, c.now)
		assert.Equal(t, c.passed, then.DaysPassed(plain{}, c.now), c.now)
		assert.Equal(t, c.next, then.NextLook(plain{}, c.now), c.now)
		assert.Equal(t, c.overdue, then.Overdue, c.now)
	}
}

func TestAReviewsDeadlineMovesLaterOnly(t *testing.T) {
	t.Parallel()
	r := NewReview(plain{}, on(1, 10)).At(later{}, on(5, 1))
	assert.Equal(t, Deadline{At: on(6, 0), Provisional: true}, r.Due())
	assert.False(t, r.Overdue, "a day came up")
	r = r.At(plain{}, on(5, 1))
	assert.Equal(t, Deadline{At: on(6, 0)}, r.Due(), "what was announced stands, now for certain")
	r = r.At(plain{}, on(6, 0))
	assert.True(t, r.Overdue)
	assert.Equal(t, r, r.At(later{}, on(20, 0)), "what is overdue stays so")
}
