package activities_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/activities"
	"shiming/internal/postgres"
	"shiming/internal/wallet"
	"shiming/registration"
)

// openWallet opens a session whenever it is asked.
type openWallet struct{ asked int }

func (w *openWallet) OpenSession(context.Context, string, string) (wallet.Session, error) {
	w.asked++
	return wallet.Session{ID: "qrs-1"}, nil
}

// sessionBook is a database that is away until a time, and then says what fails.
type sessionBook struct {
	until time.Time
	fails error
	tried int
}

func (b *sessionBook) Finished(context.Context, registration.Step) (*registration.StepResult, error) {
	return nil, nil //nolint:nilnil // it was not taken before
}

func (b *sessionBook) RefuseAct(context.Context, registration.Refusing) (registration.StepResult, error) {
	return registration.StepResult{}, errors.New("nothing was refused")
}

func (b *sessionBook) SessionOpened(context.Context, registration.Step, postgres.AdminSession) (registration.StepResult, error) {
	b.tried++
	if time.Now().Before(b.until) {
		return registration.StepResult{}, errors.New("connection refused")
	}
	return registration.StepResult{}, b.fails
}

// A provider is not asked again because the database was away when it had answered, and its answer is not lost.
func TestAnAnswerOutlastsAShortOutageOfTheDatabase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		provider, book := &openWallet{}, &sessionBook{until: time.Now().Add(4 * time.Second)}
		sessions := &activities.Sessions{Wallet: provider, Book: book}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		result, err := sessions.OpenSession(ctx, registration.Step{ActID: "act_1"})
		require.NoError(t, err)
		assert.Equal(t, "act_1", result.ActID)
		assert.Equal(t, 1, provider.asked)
	})
}

// What trying again cannot cure is tried once; what stays away is given up with the activity's time.
func TestAStepIsNotInsistedOnForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		book := &sessionBook{fails: postgres.ErrErased}
		sessions := &activities.Sessions{Wallet: &openWallet{}, Book: book}
		_, err := sessions.OpenSession(t.Context(), registration.Step{ActID: "act_1"})
		require.ErrorIs(t, err, postgres.ErrErased)
		assert.Equal(t, 1, book.tried)

		book.until = time.Now().Add(time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err = sessions.OpenSession(ctx, registration.Step{ActID: "act_2"})
		require.ErrorContains(t, err, "connection refused")
	})
}
