// Package stacktest gives the tests of one package a PostgreSQL server and a Temporal server to share.
//
// A package that wants them has
//
//	func TestMain(m *testing.M) { stacktest.Main(m) }
//
// and its tests ask for what they need: [Database], [Temporal], [TaskQueue], and a [Line] to a server that can be cut. A server
// starts when the first test asks, so that `go test -run` of a pure function stays quick, and ends with the package.
//
// It promises every test a database and a task queue of its own, so that all may run in parallel, and that none is left
// behind. If DATABASE_URL is set, databases are made on that server, whose user must be allowed to; it keeps none of them.
//
// It refuses to serve a package without that TestMain: nobody would end the servers.
package stacktest

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shiming/internal/devstack"
)

// startWithin leaves time to build Temporal on a slow machine, once.
const startWithin = 15 * time.Minute

// Option changes what [Main] offers.
type Option func(*stack)

// WithTemporal sets how Temporal is started: its namespace, its search attributes, its dynamic configuration.
func WithTemporal(o devstack.TemporalOptions) Option {
	return func(s *stack) { s.temporalOptions = o }
}

// WithWaiting says that the package's tests mostly wait, for timers and for each other's processes: three run at a time where one
// would, unless -parallel says how many.
func WithWaiting() Option { return func(s *stack) { s.waiting = true } }

// stack holds the servers of this test program.
type stack struct {
	temporalOptions devstack.TemporalOptions
	waiting         bool

	ending   atomic.Bool // by us
	postgres lazy[*postgresServer]
	temporal lazy[*temporalServer]
}

// current is set once by Main before any test runs: tests get a *testing.T and nothing else to carry it.
var current *stack

// Main runs the package's tests, ends what they started, and exits. It must be all that TestMain does at its end.
func Main(m *testing.M, options ...Option) {
	s := &stack{}
	for _, o := range options {
		o(s)
	}
	s.temporalOptions.Progress = progress
	current = s
	if s.waiting {
		runMore()
	}
	code := m.Run()
	if code != 0 {
		s.quoteTemporal()
	}
	if err := s.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stacktest:", err)
		code = cmp.Or(code, 1)
	}
	os.Exit(code)
}

// runMore raises -parallel where it stands at its default.
func runMore() {
	flag.Parse()
	cores := runtime.GOMAXPROCS(0)
	if at := flag.Lookup("test.parallel"); at.Value.String() == strconv.Itoa(cores) {
		_ = flag.Set(at.Name, strconv.Itoa(3*cores)) // a number, which the flag takes
	}
}

func (s *stack) stop() error {
	s.ending.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if t, started := s.temporal.started(); started {
		t.client.Close()
		if err := t.server.Stop(ctx); err != nil {
			return err
		}
	}
	if pg, started := s.postgres.started(); started {
		return pg.stop(ctx)
	}
	return nil
}

// quoteTemporal shows what the server complained of, beside tests that failed.
func (s *stack) quoteTemporal() {
	if t, started := s.temporal.started(); started {
		if words := t.server.LastWords(); words != "" {
			progress("the last that the Temporal server wrote:\n" + words)
		}
	}
}

// progress goes where a person waiting for the tests sees it.
func progress(what string) { fmt.Fprintln(os.Stderr, "stacktest:", what) }

// stackOf refuses to go on without Main: nobody would end the servers.
func stackOf(t testing.TB) *stack {
	t.Helper()
	if current == nil {
		t.Fatal("stacktest: this package lacks func TestMain(m *testing.M) { stacktest.Main(m) }")
	}
	return current
}

// lazy makes one value when it is first wanted; a failure is as lasting as a value.
type lazy[T any] struct {
	mu    sync.Mutex
	tried bool
	value T
	err   error
}

func (l *lazy[T]) get(t testing.TB, make func(context.Context) (T, error)) T {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.tried {
		// Not the test's context: the value outlives the test.
		ctx, cancel := context.WithTimeout(context.Background(), startWithin)
		defer cancel()
		l.value, l.err = make(ctx)
		l.tried = true
	}
	if l.err != nil {
		t.Fatalf("stacktest: %v", l.err)
	}
	return l.value
}

func (l *lazy[T]) started() (value T, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.value, l.tried && l.err == nil
}
