package postgres_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/internal/devstack/stacktest"
	"shiming/internal/devstack/storetest"
	"shiming/internal/dossier"
	"shiming/internal/postgres"
	"shiming/internal/vault"
	"shiming/internal/workday"
	"shiming/registration"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(victimOf); url != "" { // this is the process that a test kills
		panic(work(context.Background(), url, os.Stdout))
	}
	stacktest.Main(m)
}

// newStore opens a store over a database of its own.
func newStore(t testing.TB) *postgres.Store {
	t.Helper()
	return storetest.Open(t)
}

func openStore(t testing.TB, url, keysFile string) *postgres.Store {
	t.Helper()
	keys, err := vault.LoadKeys(keysFile)
	require.NoError(t, err)
	cal, err := workday.New()
	require.NoError(t, err)
	store, err := postgres.Open(context.Background(), url, keys, cal)
	require.NoError(t, err)
	t.Cleanup(store.Close)
	return store
}

// clock is a time that passes when it is told to.
type clock struct{ at time.Time }

func newClock() *clock { return &clock{time.Date(2026, 6, 1, 10, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time { return c.at }

func (c *clock) pass(d time.Duration) { c.at = c.at.Add(d) }

// opened starts the registration of an account and returns its id.
func opened(t testing.TB, s *postgres.Store, account string) string {
	t.Helper()
	application := applying(t, s, account)
	result, err := s.Steps().Open(t.Context(), application)
	require.NoError(t, err)
	require.Nil(t, result.Refusal)
	return application.RegistrationID
}

// applying stores what an application for an individual refers to.
func applying(t testing.TB, s *postgres.Store, account string) registration.Application {
	t.Helper()
	id := registration.NewID("reg")
	require.NoError(t, s.NewSubject(t.Context(), id))
	ref, err := s.Put(t.Context(), postgres.Own(id), dossier.PurposeApplicant, dossier.Applicant{Name: "Harbour Light", Email: "a@example.com", Phone: "13800000000"})
	require.NoError(t, err)
	return registration.Application{
		RegistrationID: id, AccountID: account, Kind: registration.Individual, Locale: registration.Chinese, ApplicantRef: ref,
	}
}

// withdrawn ends a registration that was just opened.
func withdrawn(t testing.TB, s *postgres.Store, id string) {
	t.Helper()
	result, err := s.Steps().Withdraw(t.Context(), registration.Step{Subject: id, Actor: registration.ByApplicant})
	require.NoError(t, err)
	require.Equal(t, registration.Withdrawn, result.State)
}

// one reads a single value.
func one[T any](t testing.TB, s *postgres.Store, sql string, args ...any) (v T) {
	t.Helper()
	require.NoError(t, s.Pool().QueryRow(t.Context(), sql, args...).Scan(&v))
	return v
}
