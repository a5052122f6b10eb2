package registration_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	. "shiming/registration"
)

func TestActivity(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		activity Activity
		now      time.Time
		expires  time.Time
		next     time.Time
	}{
		"the last act counts":                {Activity{on(2, 10), on(1, 10)}, on(3, 0), on(32, 10), on(25, 10)},
		"the state, if it came later":        {Activity{on(1, 10), on(2, 10)}, on(3, 0), on(32, 10), on(25, 10)},
		"after the reminder it is the end":   {Activity{on(1, 10), on(1, 10)}, on(24, 10), on(31, 10), on(31, 10)},
		"before it by a moment, it is still": {Activity{on(1, 10), on(1, 10)}, on(24, 10).Add(-1), on(31, 10), on(24, 10)},
	} {
		assert.Equal(t, c.expires, c.activity.Expires(plain{}), name)
		assert.Equal(t, c.next, c.activity.NextLook(plain{}, c.now), name)
	}
}
