package stacktest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"shiming/internal/devstack"
)

// Endpoint is how to reach the tests' Temporal server, for clients with options of their own and for its command line.
type Endpoint struct{ Address, Namespace, CLI string }

type temporalServer struct {
	server *devstack.Temporal
	client client.Client
}

// Temporal returns a client of the package's Temporal server, with the default data converter. Do not close it.
func Temporal(t testing.TB) client.Client {
	t.Helper()
	return temporalOf(t).client
}

// TemporalEndpoint returns where the package's Temporal server listens, and its command line.
func TemporalEndpoint(t testing.TB) Endpoint {
	t.Helper()
	server := temporalOf(t).server
	return Endpoint{Address: server.Address, Namespace: server.Namespace, CLI: server.CLI}
}

// TaskQueue returns a name that no other test has. It is good as part of workflow ids too.
func TaskQueue(t testing.TB) string {
	t.Helper()
	name := strings.ReplaceAll(t.Name(), "/", "-")
	return name + "-" + strings.ToLower(rand.Text()[:8])
}

func temporalOf(t testing.TB) *temporalServer {
	t.Helper()
	s := stackOf(t)
	return s.temporal.get(t, s.startTemporal)
}

func (s *stack) startTemporal(ctx context.Context) (*temporalServer, error) {
	server, err := devstack.StartTemporal(ctx, s.temporalOptions)
	if err != nil {
		return nil, err
	}
	c, err := client.DialContext(ctx, client.Options{
		HostPort: server.Address, Namespace: server.Namespace,
		Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("connect to Temporal: %w", err), server.Stop(ctx))
	}
	go func() {
		<-server.Done()
		if !s.ending.Load() {
			progress("whatever fails from here on fails for this: " + server.Died().Error())
		}
	}()
	return &temporalServer{server: server, client: c}, nil
}
