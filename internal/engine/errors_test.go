package engine

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
)

// A Temporal that has too much to do says so; one that does not answer may as well be away.
func TestAnEngineThatHasTooMuchToDoIsToldFromOneThatIsAway(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		busy bool
	}{
		{serviceerror.NewResourceExhausted(enumspb.RESOURCE_EXHAUSTED_CAUSE_RPS_LIMIT, "too fast"), true},
		{serviceerror.NewUnavailable("away"), false},
		{serviceerror.NewDeadlineExceeded("late"), false},
		{context.DeadlineExceeded, false},
	} {
		_, err := answer(c.err)
		assert.ErrorIs(t, err, ErrUnavailable)
		assert.Equal(t, c.busy, errors.Is(err, ErrBusy), c.err.Error())
	}
}
