package storm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"shiming/internal/devstack"
	"shiming/registration"
)

// TestRestoreOfTheDatabase puts the database back to a backup while the engine and the bank have gone on: nobody is paid a second time,
// every case comes to an end, and whatever the two disagree on is named. `make restores` runs it.
func TestRestoreOfTheDatabase(t *testing.T) {
	t.Parallel()
	x := newDisaster(t)
	x.live(t, true)
	backups := filepath.Join(x.dir, "backups")
	x.told("taking a backup")
	x.must(t, "backup", backups)
	x.taken = takenAt(t, backups)
	x.live(t, false)
	x.stopped()
	paid, decided := x.ledger(t), x.decidedSince()
	x.told("the database goes back to %s; %d transfers so far, %d of them since", x.taken.Format(time.TimeOnly), len(paid), len(x.since(paid)))
	require.Eventually(t, func() bool {
		said, err := x.starter(t.Context(), "restore", backups, "--replace").CombinedOutput()
		return err == nil || !strings.Contains(string(said), "in use") && assertNoErr(t, err, said)
	}, time.Minute, 200*time.Millisecond)
	x.asByOtherMeans(t)
	x.up(t)
	x.isHeld(t, paid)
	report := x.repairs(t)
	lost := x.lookedFor(t)
	x.told("%d cases are lost", len(lost))
	x.finish(t, lost)
	x.judged(t, false)
	x.named(t, report, lost, decided, paid)
}

// TestRestoreOfTheEngine puts the engine's own store back: its runs are rebuilt by themselves.
func TestRestoreOfTheEngine(t *testing.T) {
	t.Parallel()
	x := newDisaster(t)
	x.live(t, true)
	x.told("copying the engine's store")
	kept := filepath.Join(x.dir, "engine-then")
	x.swapEngine(t, func(now string) error { return os.CopyFS(kept, os.DirFS(now)) })
	require.NoError(t, x.ready(t.Context()))
	x.taken = time.Now()
	x.live(t, false)
	x.stopped()
	x.told("the engine goes back to %s", x.taken.Format(time.TimeOnly))
	x.swapEngine(t, func(now string) error {
		return errors.Join(os.RemoveAll(now), os.CopyFS(now, os.DirFS(kept)))
	})
	x.up(t)
	lost := x.lookedFor(t)
	require.Empty(t, lost, "the database has everybody")
	x.finish(t, nil)
	x.judged(t, true)
}

// disaster is a product with people, of which one store is put back to an earlier time.
type disaster struct {
	*world
	*backend
	program string // starter
	drivers []*driver
	stop    func() // kills the product
	taken   time.Time
	began   time.Time
	told    func(format string, args ...any)
	seen    *scene
}

func newDisaster(t *testing.T) *disaster {
	t.Helper()
	if !*restores {
		t.Skip("puts stores back to an earlier time, for some minutes: run `make restores`, or set SHIMING_RESTORES=1")
	}
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano() % 1_000_000)
	}
	x := &disaster{began: time.Now()}
	x.told = func(format string, args ...any) {
		t.Logf("%4.0f s: %s", time.Since(x.began).Seconds(), fmt.Sprintf(format, args...))
	}
	x.told("seed %d (SEED=)", *seed)
	var err error
	x.program, err = devstack.BuildProgram(t.Context(), "../..", "./starter")
	require.NoError(t, err)
	x.world = newWorld(t, time.Hour)
	x.backend = &backend{apis: x.world.apis, http: &http.Client{Timeout: callTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: idleConns}}}
	g := newGate()
	for _, a := range newPlan(*seed, 0, people).Applicants {
		a = settled(a)
		d := newDriver(a, *seed, x.backend, g, x.outside)
		d.sameAccount = true
		x.drivers = append(x.drivers, d)
	}
	x.up(t)
	t.Cleanup(x.stopped)
	return x
}

const (
	people       = 32
	twin, twinOf = 29, 23 // both open after the backup, and their bank accounts end alike
)

// settled takes out of an applicant what this test is not about: other bank accounts, guesses, and weather of the bank's own.
func settled(a applicant) applicant {
	ending := a.N
	if ending == twin {
		ending = twinOf
	}
	a.Wrong, a.Endings, a.Early = 0, []string{fmt.Sprintf("67%02d", ending)}, false
	if a.Corrects == "bank" {
		a.Corrects = "documents"
	}
	if a.Cards != nil {
		a.Cards = []string{"622202"}
	}
	if a.N%4 == 1 || a.N == twinOf { // some are paid again and again after the dump, whoever rests elsewhere
		a.Rests, a.Withdraws = "", ""
	}
	return a
}

// up starts the product.
func (x *disaster) up(t *testing.T) {
	t.Helper()
	var once sync.Once
	stop := x.run(t)
	x.stop = func() { once.Do(stop) }
	require.NoError(t, x.ready(t.Context()))
}

// stopped kills the product as a whole.
func (x *disaster) stopped() { x.stop() }

// live lets people act for a while: two thirds of them from the beginning, the others after the backup. On a machine that is busy it
// takes longer: something must have happened that a restore can lose.
func (x *disaster) live(t *testing.T, first bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		defer cancel()
		pause(ctx, *lifeFor)
		for until := time.Now().Add(longestLife); time.Now().Before(until) && ctx.Err() == nil && !x.eventful(ctx, first); {
			pause(ctx, time.Second)
		}
	}()
	var all sync.WaitGroup
	for i, d := range x.drivers {
		if d.ended || first && late(i) {
			continue
		}
		d.pass = newGate().enter()
		all.Go(func() { d.run(ctx, *lifeFor*time.Duration(d.Starts)/2000) })
	}
	all.Wait()
}

// late reports whether an applicant opens after the backup.
func late(i int) bool { return i%3 == 2 }

const longestLife = 2 * time.Minute // beyond what was asked for

// eventful reports whether enough has happened: before the backup, that cases are there in all stages; after it, that money was sent, that
// cases were opened, and that some which the backup has were decided.
func (x *disaster) eventful(ctx context.Context, first bool) bool {
	ledger, err := x.outside.statement(ctx, "")
	if err != nil {
		return false
	}
	if first {
		return len(ledger) >= 2 && len(x.acted("submit", time.Time{})) >= 3
	}
	opened, decided, older := x.acted("open", x.taken), x.decidedSince(), 0
	for account := range decided {
		if opened[account] == "" {
			older++
		}
	}
	return len(x.since(ledger)) >= 3 && len(opened) >= 3 && older >= 2 && x.lostTransfers(ctx)
}

// lostTransfers reports whether companies were paid that the backup does not know, both of the twins among them.
func (x *disaster) lostTransfers(ctx context.Context) bool {
	n := 0
	for i, d := range x.drivers {
		if !late(i) || d.Kind != registration.Enterprise {
			continue
		}
		entries, err := x.outside.statement(ctx, bankAccount(d.N, 0, d.Endings[0]))
		if err != nil || len(entries) == 0 && (d.N == twin || d.N == twinOf) {
			return false
		}
		n += min(1, len(entries))
	}
	return n >= 3
}

// acted are the accounts for which an act was done after a moment, with its path.
func (x *disaster) acted(act string, after time.Time) map[string]string {
	did := map[string]string{}
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, one := range x.backend.told {
		if one.Act == act && one.Status/100 == 2 && one.Began.After(after) {
			did[one.Account] = one.Path
		}
	}
	return did
}

// finish lets everybody go on to the end, as good backends do: those whose case is gone register anew.
func (x *disaster) finish(t *testing.T, lost map[string]string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), finishIn)
	defer cancel()
	g := newGate()
	close(g.reopened)
	var all sync.WaitGroup
	for i, d := range x.drivers {
		next := d.again(g)
		if lost[d.account] != "" {
			next.id, next.clearing = "", ""
		}
		x.drivers[i] = next
		all.Go(func() { next.run(ctx, 0) })
	}
	x.getsOn()
	go func() { // nobody gets on any more
		for ctx.Err() == nil {
			pause(ctx, time.Second)
			if x.idle() > giveUp {
				cancel()
			}
		}
	}()
	all.Wait()
	x.told("everybody has come to an end, or can go no further")
	for until := time.Now().Add(calmIn); time.Now().Before(until); pause(t.Context(), time.Second) {
		if running, err := x.running(t.Context()); err == nil && len(running) == 0 {
			return
		}
	}
}

// starter is a command of the product's, with the settings of its processes.
func (x *disaster) starter(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, x.program, args...)
	host := strings.TrimPrefix(x.outside.url, "http://")
	cmd.Env = append(os.Environ(),
		"DATABASE_URL="+x.storage.DatabaseURL, "KEYS_FILE="+x.storage.KeysFile, "BLOBS_URL="+x.storage.BlobsURL, "CALENDAR="+x.storage.Calendar,
		"TASK_QUEUE="+x.storage.TaskQueue, "TEMPORAL_ADDRESS="+x.engineAddress, "TEMPORAL_NAMESPACE=default", "TEMPORAL_CONFIG_FILE="+os.DevNull,
		"BANK_URL="+x.outside.url, "BANK_API_KEY=sandbox", "WALLET_URL="+x.outside.url, "WALLET_API_KEY=sandbox",
		"SMS_ENDPOINT="+host, "SMS_PROTOCOL=http", "SMS_ACCESS_KEY_ID=sandbox", "SMS_ACCESS_KEY_SECRET=sandbox", "SMS_SIGN_NAME=实名",
		"SENDGRID_HOST="+x.outside.url, "SENDGRID_API_KEY=sandbox", "MAIL_FROM=noreply@example.com",
		"REVIEWERS_EMAIL=reviewers@example.com", "OPS_EMAIL=ops@example.com",
	)
	return cmd
}

const commandWithin = 3 * time.Minute // however busy the machine is

// must runs a command to its success, and returns what it said.
func (x *disaster) must(t *testing.T, args ...string) string {
	t.Helper()
	var said bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), commandWithin)
	defer cancel()
	cmd := x.starter(ctx, args...)
	cmd.Stdout, cmd.Stderr = &said, &said
	require.NoError(t, cmd.Run(), "starter %s: %s", strings.Join(args, " "), &said)
	t.Logf("starter %s:\n%s", strings.Join(args, " "), &said)
	return said.String()
}

func assertNoErr(t *testing.T, err error, said []byte) bool {
	t.Helper()
	require.NoError(t, err, "%s", said)
	return true
}

func takenAt(t *testing.T, backups string) time.Time {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(backups, "*", "manifest.json"))
	require.NoError(t, err)
	require.Len(t, found, 1)
	raw, err := os.ReadFile(found[0])
	require.NoError(t, err)
	var m struct {
		TakenAt time.Time `json:"taken_at"`
	}
	require.NoError(t, json.Unmarshal(raw, &m))
	return m.TakenAt
}

// swapEngine kills the engine, does something to the folder of its store, and starts it again.
func (x *disaster) swapEngine(t *testing.T, do func(folder string) error) {
	t.Helper()
	up := x.servers.engine.up
	process, err := os.FindProcess(up.PID())
	require.NoError(t, err)
	require.NoError(t, process.Kill())
	<-up.Done()
	require.NoError(t, do(filepath.Join(x.dir, "engine")))
	require.NoError(t, x.servers.engine.begin(t.Context()))
}

func (x *disaster) ledger(t *testing.T) []entry {
	t.Helper()
	all, err := x.outside.statement(t.Context(), "")
	require.NoError(t, err)
	return all
}

// since are the transfers that the backup cannot know.
func (x *disaster) since(ledger []entry) []entry {
	return slices.DeleteFunc(slices.Clone(ledger), func(e entry) bool { return !e.At.After(x.taken) })
}

// asByOtherMeans takes away the hold that the command leaves: who restores otherwise leaves none, and the product must notice.
func (x *disaster) asByOtherMeans(t *testing.T) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), x.storage.DatabaseURL)
	require.NoError(t, err)
	defer conn.Close(context.WithoutCancel(t.Context()))
	left, err := conn.Exec(t.Context(), `delete from holds`)
	require.NoError(t, err)
	require.EqualValues(t, 1, left.RowsAffected(), "what is restored by the command is held")
}

// isHeld looks whether the product holds still: nothing is opened and nothing is paid, but reading works, and ops is told.
func (x *disaster) isHeld(t *testing.T, paid []entry) {
	t.Helper()
	who := personOf(9000)
	require.Eventually(t, func() bool { // until it was compared, it is engine_unavailable
		status, header, body, err := x.send(t.Context(), x.world.apis[0], http.MethodPost, "/v1/registrations", platform, registration.NewID("key"), map[string]any{
			"account_id": "newcomer", "kind": registration.Individual, "name": "港湾灯塔工作室", "registered_email": who.Email, "phone": who.Phone, "locale": "zh-CN",
		})
		require.NoError(t, err)
		require.Equal(t, http.StatusServiceUnavailable, status, "%s", body)
		return strings.Contains(string(body), "held_after_restore") && header.Get("Retry-After") != ""
	}, time.Minute, 200*time.Millisecond)
	_, err := listed(t.Context(), x.backend)
	require.NoError(t, err, "reading works")
	require.Eventually(t, func() bool {
		all, _, err := x.findings(t.Context())
		return err == nil && slices.ContainsFunc(all, func(f finding) bool { return f.Kind == "held_after_restore" })
	}, time.Minute, 200*time.Millisecond, "ops is told")
	// Two rounds of the relay, and one of what is looked at every ten seconds: whatever waited to be paid would have been.
	pause(t.Context(), 12*time.Second)
	require.Len(t, x.ledger(t), len(paid), "nobody is paid while it is held")
	x.told("it is held: nothing is opened, nobody is paid")
}

// repairs runs the repair as ops does, of whom the first is killed in the middle, and again when all is done. It returns what the second said.
func (x *disaster) repairs(t *testing.T) string {
	t.Helper()
	args := []string{"repair", "--all", "--reason", "演练"}
	first := x.starter(t.Context(), args...)
	require.NoError(t, first.Start())
	pause(t.Context(), 900*time.Millisecond)
	_ = first.Process.Kill() // it may have ended
	_ = first.Wait()         // killed, which is no news
	report := x.must(t, args...)
	again := x.must(t, args...)
	require.Contains(t, again, "in step", "there is nothing left to do")
	return report
}

// lookedFor asks for everybody's registration, and returns the ids of those that are gone by their accounts.
func (x *disaster) lookedFor(t *testing.T) map[string]string {
	t.Helper()
	lost := map[string]string{}
	for _, d := range x.drivers {
		if d.id == "" {
			continue
		}
		err := x.get(t.Context(), d.at(""), platform, &registration.View{})
		if errors.Is(err, errNotFound) {
			lost[d.account] = d.id
			continue
		}
		require.NoError(t, err, "%s", d.account)
		var clearing registration.ClearingView
		switch err := x.get(t.Context(), d.clearingAt(""), platform, &clearing); {
		case errors.Is(err, errNotFound):
			d.clearing = ""
		default:
			require.NoError(t, err, "%s", d.account)
			d.clearing = clearing.ID
		}
	}
	return lost
}

// judged holds the end against the rules. whole: the database lost nothing, so that all that was ever told must be so.
func (x *disaster) judged(t *testing.T, whole bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), lookIn)
	defer cancel()
	var err error
	x.seen, err = x.look(ctx, x.backend, x.drivers)
	require.NoError(t, err)
	troubles := slices.Concat(keysOnce(x.seen), unended(x.seen, x.drivers), paidTwice(x.seen, x.drivers))
	for _, one := range x.seen.Sights {
		troubles = append(troubles, stuck(one)...)
		if !past(one) {
			troubles = append(troubles, behind(one)...)
		}
		if whole {
			troubles = slices.Concat(troubles, promises(one), transfers(one))
		}
	}
	w := &weather{world: x.world}
	w.tell(t, x.seen, troubles)
	states := map[string]int{}
	for _, one := range x.seen.Sights {
		if one.View != nil {
			states[string(one.View.State)]++
		}
	}
	x.told("%d cases: %v; %d transfers, second ones: %d; %d troubles", len(x.drivers), states, len(x.seen.Ledger), len(paidTwice(x.seen, x.drivers)), len(troubles))
	require.Empty(t, troubles)
}

// past reports whether all has ended: an engine that is put back may show less of it, or nothing, and nobody needs it to.
func past(s *sight) bool {
	return s.View != nil && s.View.State.Final() && !s.Run.running() && !s.ClearingRun.running() && (s.Clearing == nil || s.Clearing.State.Final())
}

// paidTwice counts the transfers to each bank account: one, and one more for each that its applicant asked for after a failure.
func paidTwice(s *scene, drivers []*driver) (all []trouble) {
	for i, one := range s.Sights {
		if n, most := len(one.Statement), 1+drivers[i].asked; n > most {
			all = append(all, trouble{ruleOnce, one.Account, fmt.Sprintf("%d transfers where %d were asked for", n, most)})
		}
	}
	return all
}

// named looks whether each disagreement was: a lost case, a decision that is undone, a transfer that no payment knew.
func (x *disaster) named(t *testing.T, report string, lost, decided map[string]string, paid []entry) {
	t.Helper()
	all := x.everyFinding(t)
	raw, err := json.Marshal(all)
	require.NoError(t, err)
	said := report + string(raw)
	require.NotEmpty(t, lost, "the test had nothing to look for: give it more time (LIFE=)")
	for account, id := range lost {
		require.Contains(t, said, id, "the lost case of %s", account)
	}
	undone := 0
	for account, id := range decided {
		if lost[account] == "" {
			undone++
			require.Contains(t, said, id, "the decision of %s, which is undone", account)
		}
	}
	for _, e := range x.since(paid) {
		if !strings.Contains(said, e.Key) { // it may be a payment's that the backup has: then its key is on file
			x.isOnFile(t, e)
		}
	}
	x.told("named: %d lost cases, %d decisions that are undone, %d transfers", len(lost), undone, len(x.since(paid)))
}

// decidedSince are the cases, by account, that were told their end after the backup.
func (x *disaster) decidedSince() map[string]string {
	ids := map[string]string{}
	for _, act := range []string{"approve", "reject", "withdraw"} {
		for account, path := range x.acted(act, x.taken) {
			ids[account] = strings.Split(path, "/")[3] // /v1/registrations/{id}/… and /v1/reviews/{id}/…
		}
	}
	return ids
}

// isOnFile looks for a transfer among our payments.
func (x *disaster) isOnFile(t *testing.T, e entry) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), x.storage.DatabaseURL)
	require.NoError(t, err)
	defer conn.Close(context.WithoutCancel(t.Context()))
	var n int
	require.NoError(t, conn.QueryRow(t.Context(), `select count(*) from payments where key = $1`, e.Key).Scan(&n))
	require.Equal(t, 1, n, "a transfer that nobody knows: %s", e.Key)
}

func (x *disaster) everyFinding(t *testing.T) (all []finding) {
	t.Helper()
	var page struct {
		Items []finding
	}
	require.NoError(t, x.get(t.Context(), "/v1/findings?limit=100", ops, &page))
	return page.Items
}
