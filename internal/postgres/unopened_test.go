package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/dossier"
	"shiming/internal/postgres"
	"shiming/registration"
)

// handedIn keeps an applicant for whom nothing comes to be.
func handedIn(t testing.TB, s *postgres.Store, prefix string) (subject string) {
	t.Helper()
	subject = registration.NewID(prefix)
	require.NoError(t, s.NewSubject(t.Context(), subject))
	_, err := s.Put(t.Context(), postgres.Own(subject), dossier.PurposeApplicant, dossier.Applicant{Name: "Harbour Light", Email: "a@example.com"})
	require.NoError(t, err)
	return subject
}

// forgets runs rounds of a few keys until one has nothing left to look at, and returns how many were forgotten.
func forgets(t testing.TB, s *postgres.Store) (all int) {
	t.Helper()
	for range 10 {
		n, err := s.ForgetUnopened(t.Context(), 2)
		require.NoError(t, err)
		all += n
	}
	return all
}

// What was handed in for an opening that came to nothing is forgotten, though nobody was there to forget it at once: not before
// the opening is over for certain, and never what has come to be.
func TestWhatAnOpeningThatCameToNothingHasLeftIsForgotten(t *testing.T) {
	t.Parallel()
	at := &clock{time.Now()} // data keys are dated by the database
	s := newStore(t).WithClock(at.now)
	require.NoError(t, s.NewSubject(t.Context(), postgres.IdempotencySubject))
	stands := opened(t, s, "acct-1")
	for range 3 {
		handedIn(t, s, "reg")
	}
	handedIn(t, s, "clr")
	at.pass(9 * time.Minute)
	assert.Zero(t, forgets(t, s), "an opening may still be under way")
	at.pass(2 * time.Minute)
	assert.Equal(t, 4, forgets(t, s))
	assert.Equal(t, 2, one[int](t, s, `select count(*) from vault_keys`), "the registration's, and the one of kept answers")
	assert.Equal(t, 1, one[int](t, s, `select count(distinct subject) from vault_items`))
	var applicant dossier.Applicant
	ref := one[string](t, s, `select applicant_ref from registrations where id = $1`, stands)
	require.NoError(t, s.Get(t.Context(), postgres.Own(stands), ref, dossier.PurposeApplicant, &applicant))
	late := handedIn(t, s, "reg")
	at.pass(11 * time.Minute)
	assert.Equal(t, 1, forgets(t, s), "it goes on where it was")
	_, err := s.DataKey(t.Context(), late)
	assert.ErrorIs(t, err, postgres.ErrNotFound)
}
