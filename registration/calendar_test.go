package registration_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	. "shiming/registration"
)

// plain is a calendar on which every day is a working day and ends at midnight, UTC.
type plain struct{}

func (plain) WorkingDays(from time.Time, n int) Deadline {
	return Deadline{At: from.Truncate(24*time.Hour).AddDate(0, 0, max(n, 0)+1)}
}

func (plain) Days(from time.Time, n int) time.Time { return from.AddDate(0, 0, n) }

// on is a moment of June 2026.
func on(day, hour int) time.Time { return time.Date(2026, 6, day, hour, 0, 0, 0, time.UTC) }

func at(day, hour int) *time.Time { return new(on(day, hour)) }

func TestEarliest(t *testing.T) {
	t.Parallel()
	assert.Nil(t, Earliest())
	assert.Nil(t, Earliest(nil, nil))
	assert.Equal(t, at(1, 0), Earliest(nil, at(2, 0), at(1, 0), nil))
}
