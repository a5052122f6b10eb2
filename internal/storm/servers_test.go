package storm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"shiming/internal/devstack"
	"shiming/registration"
)

// server is PostgreSQL or the engine: it keeps its data and its port when it is killed.
type server interface {
	PID() int
	Done() <-chan struct{}
	Stop(ctx context.Context) error
}

// servers are the two, and when they were away.
type servers struct {
	database, engine standing
}

// standing is a server that can be killed and comes back.
type standing struct {
	name  string
	start func(ctx context.Context) (server, error)

	mu      sync.Mutex
	up      server
	outages []span
}

// span is a stretch of time.
type span struct{ From, To time.Time }

func (s span) overlaps(o span) bool { return s.From.Before(o.To) && o.From.Before(s.To) }

// startServers brings both up. address is the engine's, databaseURL the database's.
func startServers(ctx context.Context, dir string, log *slog.Logger) (s *servers, address, databaseURL string, err error) {
	pgPort, err := freePort(ctx)
	if err != nil {
		return nil, "", "", err
	}
	enginePort, err := freePort(ctx)
	if err != nil {
		return nil, "", "", err
	}
	s = &servers{
		database: standing{name: postgresName, start: func(ctx context.Context) (server, error) {
			return devstack.StartPostgres(ctx, devstack.PostgresOptions{DataDir: filepath.Join(dir, "postgres"), Port: pgPort, Log: log})
		}},
		engine: standing{name: engineName, start: func(ctx context.Context) (server, error) {
			return devstack.StartTemporal(ctx, devstack.TemporalOptions{
				DBFile: filepath.Join(dir, "engine", "temporal.db"), Port: enginePort, SearchAttributes: registration.SearchAttributes(), Log: log,
			})
		}},
	}
	var both sync.WaitGroup
	var pgErr, engineErr error
	both.Go(func() { pgErr = s.database.begin(ctx) })
	both.Go(func() { engineErr = s.engine.begin(ctx) })
	both.Wait()
	if err := errors.Join(pgErr, engineErr); err != nil {
		return nil, "", "", errors.Join(err, s.stop(ctx))
	}
	return s, s.engine.up.(*devstack.Temporal).Address, s.database.up.(*devstack.Postgres).URL, nil
}

const (
	postgresName = "postgres"
	engineName   = "engine"
)

// begin starts the server, again if the one that was killed has not quite gone.
func (s *standing) begin(ctx context.Context) error {
	for try := 1; ; try++ {
		up, err := s.start(ctx)
		if err == nil {
			s.mu.Lock()
			s.up = up
			s.mu.Unlock()
			return nil
		}
		if try == 10 || ctx.Err() != nil {
			return fmt.Errorf("%s does not start: %w", s.name, err)
		}
		pause(ctx, 300*time.Millisecond)
	}
}

// killed ends the server by SIGKILL and starts it again on its data after a while.
func (s *standing) killed(ctx context.Context, away time.Duration) error {
	from := time.Now()
	process, err := os.FindProcess(s.up.PID())
	if err != nil {
		return err
	}
	if err := process.Kill(); err != nil {
		return fmt.Errorf("kill %s: %w", s.name, err)
	}
	<-s.up.Done()
	pause(ctx, away)
	err = s.begin(ctx)
	s.mu.Lock()
	s.outages = append(s.outages, span{from, time.Now()})
	s.mu.Unlock()
	return err
}

// away is when the server was.
func (s *standing) away() []span {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]span(nil), s.outages...)
}

func (s *servers) stop(ctx context.Context) error {
	var all error
	for _, one := range []*standing{&s.engine, &s.database} {
		if one.up != nil {
			all = errors.Join(all, one.up.Stop(ctx))
		}
	}
	return all
}

// pause waits, unless there is nothing to wait for any more.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// given are the ports that were handed out: what was given one may not listen yet, or be dead.
var given sync.Map

// freePort finds one below those that the system gives to outgoing connections: it must still be free after a kill.
func freePort(ctx context.Context) (int, error) {
	for range 100 {
		port := 20_000 + rand.IntN(10_000)
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			return 0, err
		}
		if _, taken := given.LoadOrStore(port, true); !taken {
			return port, nil
		}
	}
	return 0, errors.New("no free port")
}

// through is a database's URL by way of another address.
func through(databaseURL, address string) (string, error) {
	u, err := url.Parse(databaseURL)
	if err != nil {
		return "", errors.New("the database's URL cannot be read")
	}
	u.Host = address
	return u.String(), nil
}
