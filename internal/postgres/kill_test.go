package postgres_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/devstack/stacktest"
	"shiming/internal/dossier"
	"shiming/internal/postgres"
	"shiming/internal/vault"
	"shiming/internal/workday"
	"shiming/registration"
)

// The environment of a process that is there to be killed: its database and its keys.
const (
	victimOf   = "SHIMING_VICTIM_OF"
	victimKeys = "SHIMING_VICTIM_KEYS"
)

// work opens and withdraws registrations until the process is killed, and says of each step that it was committed.
func work(ctx context.Context, url string, committed io.Writer) error {
	keys, err := vault.LoadKeys(os.Getenv(victimKeys))
	if err != nil {
		return err
	}
	cal, err := workday.New()
	if err != nil {
		return err
	}
	s, err := postgres.Open(ctx, url, keys, cal)
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		if err := openAndWithdraw(ctx, s, fmt.Sprintf("acct-%d-%d", os.Getpid(), i), committed); err != nil {
			return err
		}
	}
}

func openAndWithdraw(ctx context.Context, s *postgres.Store, account string, committed io.Writer) error {
	app := registration.Application{RegistrationID: registration.NewID("reg"), AccountID: account, Kind: registration.Individual, Locale: registration.Chinese}
	err := s.NewSubject(ctx, app.RegistrationID)
	if err != nil {
		return err
	}
	applicant := dossier.Applicant{Name: "Harbour Light", Email: "a@example.com", Phone: "13800000000"}
	if app.ApplicantRef, err = s.Put(ctx, postgres.Own(app.RegistrationID), dossier.PurposeApplicant, applicant); err != nil {
		return err
	}
	if _, err := s.Steps().Open(ctx, app); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(committed, app.RegistrationID); err != nil {
		return err
	}
	if _, err := s.Steps().Withdraw(ctx, registration.Step{Subject: app.RegistrationID, Actor: registration.ByApplicant}); err != nil {
		return err
	}
	_, err = fmt.Fprintln(committed, app.RegistrationID)
	return err
}

// A process that writes transitions is killed at any moment: every transition that it has said to be committed has its
// event, every event has its transition, and each is delivered once.
func TestKillingTheProcessLosesAndInventsNoEvent(t *testing.T) {
	t.Parallel()
	url := stacktest.Database(t, postgres.Migrate)
	keysFile := filepath.Join(t.TempDir(), "keys.json")
	require.NoError(t, vault.GenerateKeyFile(keysFile))
	s := openStore(t, url, keysFile)
	subscribed(t, s)
	committed := map[string]int{} // steps by registration
	for range 6 {
		killed(t, url, keysFile, committed)
	}
	require.NotEmpty(t, committed)
	for id, steps := range committed {
		assert.GreaterOrEqual(t, one[int](t, s, `select count(*) from events where registration_id = $1`, id), steps, "lost")
	}
	// The killed process's last transaction may still be ending in the server.
	require.Eventually(t, func() bool {
		return one[int](t, s, `select count(*) from pg_stat_activity where datname = current_database() and state <> 'idle' and pid <> pg_backend_pid()`) == 0
	}, 20*time.Second, 20*time.Millisecond)
	transitions := one[int](t, s, `select count(*) from timeline where sequence is not null and from_state <> to_state`)
	assert.Equal(t, transitions, one[int](t, s, `select count(*) from events e join timeline t using (registration_id, sequence)
		where e.from_state = t.from_state and e.to_state = t.to_state`), "an event for each transition")
	assert.Equal(t, transitions, one[int](t, s, `select count(*) from events`), "and no other")
	assert.Len(t, relayed(t, s), transitions)
	assert.Empty(t, relayed(t, s))
}

// killed runs a process that works, counts what it has committed, and kills it somewhere in the middle of the next.
func killed(t *testing.T, url, keysFile string, committed map[string]int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), victimOf+"="+url, victimKeys+"="+keysFile)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	left := 3 + rand.IntN(10)
	for left > 0 && lines.Scan() {
		committed[lines.Text()]++
		left--
	}
	time.AfterFunc(time.Duration(rand.IntN(6000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
	for lines.Scan() {
		committed[lines.Text()]++
	}
	require.Error(t, cmd.Wait(), "killed")
	require.Zero(t, left, "it died by itself")
}
