package api

import (
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/devstack/stacktest"
	"shiming/internal/engine"
	"shiming/internal/overload"
	"shiming/internal/postgres"
)

// slowEngine holds every opening until it is let go, and counts them.
type slowEngine struct {
	under, most atomic.Int64
	gate        chan struct{}
	open        sync.Once
}

func (w *world) slows() *slowEngine {
	e := &slowEngine{gate: make(chan struct{})}
	w.engine.mu.Lock()
	defer w.engine.mu.Unlock()
	w.engine.before = func() {
		now := e.under.Add(1)
		for most := e.most.Load(); now > most && !e.most.CompareAndSwap(most, now); most = e.most.Load() {
		}
		<-e.gate
		e.under.Add(-1)
	}
	return e
}

func (e *slowEngine) letsGo() { e.open.Do(func() { close(e.gate) }) }

// holds has as many creations under way as may be, and returns what they are answered.
func (e *slowEngine) holds(w *world, n int) chan answer {
	answers := make(chan answer, n)
	for i := range n {
		go func() { answers <- w.creates("held", i) }()
	}
	require.Eventually(w.t, func() bool { return e.under.Load() == int64(n) }, generous, time.Millisecond)
	return answers
}

func (w *world) creates(account string, n int) answer {
	name := fmt.Sprintf("%s-%d", account, n)
	return w.as("platform").withKey("key-"+name).post("/v1/registrations", person(w.t, 1).application(name, "individual"))
}

// More creations than can be done: no more than the limit reach the engine, the others are refused before anything is kept of
// them, people on their way go on, and when it is over everything is as before.
func TestMoreCreationsThanCanBeDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	e := w.slows()
	var all sync.WaitGroup
	t.Cleanup(all.Wait)
	t.Cleanup(e.letsGo)
	held := e.holds(w, creationsFirst)
	rows := w.rows()
	const refused = 40
	var answered atomic.Int64
	for i := range refused {
		all.Go(func() {
			defer answered.Add(1)
			a := w.creates("refused", i)
			after, err := strconv.Atoi(a.Header.Get("Retry-After"))
			if a.Status != http.StatusServiceUnavailable || a.Body["code"] != "engine_busy" || err != nil || after < 1 {
				t.Errorf("creation %d: %d %s, Retry-After %d", i, a.Status, a.Raw, after)
			}
		})
	}
	require.Eventually(t, func() bool { return answered.Load() == refused || e.most.Load() > creationsFirst }, generous, time.Millisecond)
	require.EqualValues(t, creationsFirst, e.most.Load(), "what was refused has not reached the engine")
	assert.Equal(t, rows, w.rows(), "nothing of what was refused is in the database: no key, no applicant, no row")
	w.as("platform").get(path).ok(200)
	w.as("platform").get("/v1/registrations").ok(200)
	w.as("platform").put(path+"/contact", person(t, 1).contact()).ok(200)
	w.as("platform").post(path+"/card", person(t, 1).card(1)).ok(200)
	w.as("").get("/readyz").ok(200)
	assert.Contains(t, w.metrics(), `shiming_calls_in_flight{class="creations"} 4`)
	assert.Regexp(t, `shiming_calls_refused_total\{class="creations"\} [4-9]\d`, w.metrics())
	e.letsGo()
	for range creationsFirst {
		(<-held).ok(201)
	}
	assert.Equal(t, 1+creationsFirst, w.count(`select count(*) from registrations`))
	for i := range refused { // at once, and with the same keys
		w.creates("refused", i).ok(201)
	}
}

// What is refused has touched neither the engine nor the database: it is answered also while the database is away.
func TestWhatIsRefusedNeedsNoDatabase(t *testing.T) {
	t.Parallel()
	l, through := newLine(t, stacktest.Database(t, postgres.Migrate))
	w := newWorldOn(t, through)
	e := w.slows()
	t.Cleanup(e.letsGo)
	held := e.holds(w, creationsFirst)
	l.Goes(stacktest.Dead)
	w.creates("refused", 1).refused(503, "engine_busy")
	l.Goes(stacktest.Whole)
	e.letsGo()
	for range creationsFirst {
		<-held
	}
}

// logs is a log that many write and somebody reads.
type logs struct {
	mu  sync.Mutex
	all strings.Builder
}

func (l *logs) Write(b []byte) (int, error) { l.mu.Lock(); defer l.mu.Unlock(); return l.all.Write(b) }

func (l *logs) String() string { l.mu.Lock(); defer l.mu.Unlock(); return l.all.String() }

// A flood is counted, and fills no log: it is said once, and no call that was turned away has a line of its own.
func TestAFloodFillsNoLog(t *testing.T) {
	t.Parallel()
	log := &logs{}
	w := newWorld(t, func(d *Deps) { d.Log = slog.New(slog.NewTextHandler(log, nil)) })
	e := w.slows()
	held := e.holds(w, creationsFirst)
	const refused = 100
	var all sync.WaitGroup
	var busy atomic.Int64
	for i := range refused {
		all.Go(func() {
			if w.creates("refused", i).Status == http.StatusServiceUnavailable {
				busy.Add(1)
			}
		})
	}
	require.Eventually(t, func() bool { return busy.Load() >= refused-creationsQueue }, generous, time.Millisecond)
	e.letsGo()
	for range creationsFirst {
		<-held
	}
	all.Wait()
	require.Equal(t, 1, strings.Count(log.String(), "calls are refused"))
	require.NotContains(t, log.String(), "status=503")
	require.Contains(t, w.metrics(), fmt.Sprintf(`operation="open-registration",status="503"} %d`, busy.Load()))
}

// A body that does not come takes nobody's place.
func TestABodyThatIsAwaitedTakesNoPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 2 * creationsFirst {
		w.dial(t).head("POST", "/v1/registrations", "platform-token", "Content-Type: application/json", "Content-Length: 1000").send(`{"account_id":`)
	}
	w.creates("acct", 1).ok(201)
}

// What is kept and streamed to its reader takes a place no longer than until its answer begins.
func TestEveryPlaceIsGivenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	w.as("platform").get(path).ok(200)
	w.as("platform").get("/v1/registrations/reg_nobody").refused(404, "not_found")
	w.as("platform").put(path+"/documents/id_card_front", png("x")).ok(200)
	w.as("platform").post("/v1/registrations", map[string]any{"account_id": "a"}).refused(422, "invalid_request")
	w.engine.panics()
	w.as("platform").withKey("p").post(path+"/card", person(t, 1).card(1)).refused(500, "internal_error")
	w.creates("other", 1).ok(201)
	w.creates("other", 1).ok(201) // the kept answer
	for _, of := range []class{reads, acts, creations} {
		assert.Contains(t, w.metrics(), fmt.Sprintf(`shiming_calls_in_flight{class=%q} 0`, of))
	}
}

// An engine that says that it has too much to do is not one that is away.
func TestABusyEngineIsAnsweredAsSuch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	w.engine.goes(engine.ErrBusy)
	a := w.as("platform").post(path+"/withdraw", nil)
	a.refused(503, "engine_busy")
	assert.NotEmpty(t, a.Header.Get("Retry-After"))
	w.creates("acct", 2).refused(503, "engine_busy")
	assert.Equal(t, 1, w.count(`select count(*) from registrations`))
	w.engine.goes(nil)
	w.creates("acct", 2).ok(201)
}

// An applicant who could not be kept as a whole is not kept at all.
func TestAnApplicantWhoIsKeptByHalfIsForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	exec := func(sql string) {
		_, err := w.store.Pool().Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	exec(`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
		create trigger refuse before insert on vault_items for each row when (new.purpose = 'applicant') execute function refuse()`)
	w.creates("acct", 1).refused(500, "internal_error")
	assert.Zero(t, w.count(`select count(*) from vault_keys where subject like 'reg%'`))
	exec(`drop trigger refuse on vault_items`)
	w.creates("acct", 1).ok(201)
}

// A registration that has come to be is answered as such, also if the database is away for a moment before it can be read.
func TestWhatHasComeToBeIsNotAnsweredAsRefused(t *testing.T) {
	t.Parallel()
	l, through := newLine(t, stacktest.Database(t, postgres.Migrate))
	w := newWorldOn(t, through)
	w.engine.mu.Lock()
	w.engine.after = func() {
		l.Goes(stacktest.Cut)
		time.AfterFunc(actMargin+500*time.Millisecond, func() { l.Goes(stacktest.Whole) })
	}
	w.engine.mu.Unlock()
	w.creates("acct", 1).ok(201)
}

// Creations are one class, whoever they are of; what keeps people waiting comes before them.
func TestEveryCallIsInAClass(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]class{
		"open-registration": creations, "open-clearing": creations, "contest-identity": creations, "submit-registration": acts,
		"get-registration": reads, "list-reviews": reads, "decide-review": acts,
	} {
		method := http.MethodPost
		if want == reads {
			method = http.MethodGet
		}
		assert.Equal(t, want, route{id: id, method: method}.class(), id)
	}
	assert.Equal(t, reads, route{id: "bank-report", method: http.MethodPost, signed: "bank"}.class())
}

// A creation that was refused for what it asked for, or whose answer was kept, took no creation's time and says nothing about the load.
func TestWhatACallSaysAboutTheLoad(t *testing.T) {
	t.Parallel()
	assert.Equal(t, overload.Neutral, (&request{}).outcome(creations))
	assert.Equal(t, overload.Done, (&request{opened: true}).outcome(creations))
	assert.Equal(t, overload.Failed, (&request{unanswered: true}).outcome(creations))
	assert.Equal(t, overload.Done, (&request{}).outcome(acts))
	assert.Equal(t, overload.Failed, (&request{unanswered: true}).outcome(reads))
}
