package main

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/tour"
	"shiming/registration"
)

// tourWithin is how long a whole demo may take on a machine that is busy with other tests.
const tourWithin = 5 * time.Minute

// demoHolds is how much memory a whole demo may hold.
const demoHolds = 3 << 29 // 1.5 GiB

// demoOutput is what a demo wrote to stdout.
type demoOutput struct {
	transitions []tour.Transition
	summary     demoSummary
}

func readDemo(t testing.TB, stdout string) demoOutput {
	t.Helper()
	var out demoOutput
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	for i, line := range lines {
		if i == len(lines)-1 {
			var last struct{ Summary *demoSummary }
			require.NoError(t, json.Unmarshal([]byte(line), &last), line)
			require.NotNil(t, last.Summary, line)
			out.summary = *last.Summary
			continue
		}
		var n tour.Transition
		require.NoError(t, json.Unmarshal([]byte(line), &n), line)
		out.transitions = append(out.transitions, n)
	}
	return out
}

// ways are the states each registration goes through.
func (o demoOutput) ways() map[string][]registration.State {
	ways := map[string][]registration.State{}
	for _, n := range o.transitions {
		ways[n.Who] = append(ways[n.Who], n.To)
	}
	return ways
}

func TestDemoRegistersFourDevelopers(t *testing.T) {
	t.Parallel()
	p := run(t, freePorts("demo", "--exit", "--json")...)
	held := p.most(`"to":`, p.memory, tourWithin)
	require.Zero(t, p.ends(tourWithin))
	assert.Greater(t, held, int64(100<<20), "it was looked at")
	assert.Less(t, held, int64(demoHolds))
	out := readDemo(t, p.stdout.String())
	assert.Positive(t, out.summary.UpSeconds)
	assert.Equal(t, 4, out.summary.Approved)
	assert.Empty(t, out.summary.Failed)
	assert.Equal(t, len(out.transitions), out.summary.Transitions)
	assert.Equal(t, map[string][]registration.State{
		"individual, debit card": {
			registration.IdentityRequired, registration.CardCodeRequired, registration.DetailsRequired,
			registration.UnderReview, registration.Approved,
		},
		"individual, verified wallet": {
			registration.DetailsRequired, registration.UnderReview, registration.Approved,
		},
		"enterprise, legal representative": {
			registration.AdminIdentityRequired, registration.CompanyRequired, registration.PayoutPending,
			registration.DepositRequired, registration.DetailsRequired, registration.UnderReview, registration.Approved,
		},
		"enterprise, authorised agent": {
			registration.AdminIdentityRequired, registration.CompanyRequired, registration.PayoutPending,
			registration.DepositRequired, registration.DetailsRequired, registration.UnderReview,
			registration.CorrectionRequired, registration.UnderReview, registration.Approved,
		},
	}, out.ways())
}

func TestDemoSurvivesAKilledWorker(t *testing.T) {
	t.Parallel()
	p := run(t, freePorts("demo", "--exit", "--json")...)
	// In the middle: somebody waits for the bank.
	require.Eventually(t, func() bool {
		return strings.Contains(p.stdout.String(), `"to":"payout_pending"`)
	}, tourWithin, 20*time.Millisecond)
	p.kill("worker")
	p.says("the worker died (signal: killed)")
	require.Zero(t, p.ends(tourWithin))
	assert.Equal(t, 4, readDemo(t, p.stdout.String()).summary.Approved)
}

func TestInterruptedDemoIsNoSuccess(t *testing.T) {
	t.Parallel()
	p := run(t, freePorts("demo", "--exit", "--json")...)
	require.Eventually(t, func() bool { return strings.Contains(p.stdout.String(), `"to":`) }, tourWithin, 20*time.Millisecond)
	p.signal(syscall.SIGINT)
	assert.Equal(t, 1, p.ends(downWithin))
	assert.Contains(t, p.stderr.String(), "stopped before its end")
}

func TestDemoThatWasStoppedBeforeItsTourIsNoSuccess(t *testing.T) {
	t.Parallel()
	p := run(t, freePorts("demo", "--exit")...)
	p.says("starting PostgreSQL")
	p.signal(syscall.SIGINT)
	assert.Equal(t, 1, p.ends(downWithin))
	assert.Contains(t, p.stderr.String(), "stopped before its end")
}

// Without --exit it would stay: on a stack that has lost a part it must not.
func TestDemoEndsWithItsServers(t *testing.T) {
	t.Parallel()
	p := run(t, freePorts("demo", "--json")...)
	require.Eventually(t, func() bool { return strings.Contains(p.stdout.String(), `"to":`) }, tourWithin, 20*time.Millisecond)
	all := p.children("")
	p.kill("postgres")
	assert.Equal(t, 1, p.ends(downWithin))
	assert.Contains(t, p.stderr.String(), "PostgreSQL ended unexpectedly")
	assert.True(t, gone(all))
}

// BenchmarkDemo tells how long it takes until everything is up, how long the tour, and what all of it holds.
func BenchmarkDemo(b *testing.B) {
	for b.Loop() {
		p := run(b, freePorts("demo", "--exit", "--json")...)
		held := p.most(`"to":`, p.memory, tourWithin)
		require.Zero(b, p.ends(tourWithin))
		summary := readDemo(b, p.stdout.String()).summary
		b.ReportMetric(summary.UpSeconds, "s-until-up")
		b.ReportMetric(summary.Seconds, "s-of-tour")
		b.ReportMetric(float64(held>>20), "MiB")
	}
}
