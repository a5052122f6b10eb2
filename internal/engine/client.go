package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"

	"shiming/internal/codec"
	"shiming/internal/vault"
)

// verifyWithin bounds the look at the namespace at the start.
const verifyWithin = 10 * time.Second

// ClientOptions are the options that every client and worker of the product connects with: address, namespace and
// credentials from the environment and configuration file that the SDK's envconfig reads, payloads and failures
// encrypted with the vault's engine key.
func ClientOptions(keys *vault.Keys, logger *slog.Logger) (client.Options, error) {
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return client.Options{}, fmt.Errorf("engine: Temporal's client configuration: %w", err)
	}
	return Secured(options, keys, logger), nil
}

// Secured adds the codec and the logger to options that were made otherwise.
func Secured(options client.Options, keys *vault.Keys, logger *slog.Logger) client.Options {
	options.DataConverter = codec.DataConverter(codec.New(keys))
	options.FailureConverter = codec.FailureConverter(options.DataConverter)
	options.Logger = log.NewStructuredLogger(logger)
	patience(&options.ConnectionOptions)
	options.ConnectionOptions.GrpcCompression = compression(options)
	return options
}

// compression spares both sides the work of compressing what crosses no network, unless somebody has asked for it.
func compression(options client.Options) client.GrpcCompression {
	host, _, err := net.SplitHostPort(cmp.Or(options.HostPort, client.DefaultHostPort))
	if asked := options.ConnectionOptions.GrpcCompression; asked != nil || err != nil {
		return asked
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return &client.GrpcCompressionNone{}
	}
	return nil // the SDK's own choice
}

// How soon a connection to Temporal that is dead is given up, and how soon another is tried. The SDK's own are 45 s and up to 10 s.
const (
	keepAlive      = 10 * time.Second // servers refuse to be asked more often
	keepAliveReply = 10 * time.Second
	connectWithin  = 5 * time.Second
	connectPause   = 100 * time.Millisecond // at first
	longestPause   = time.Second
)

// patience sets those, unless somebody has set others.
func patience(c *client.ConnectionOptions) {
	c.KeepAliveTime = cmp.Or(c.KeepAliveTime, keepAlive)
	c.KeepAliveTimeout = cmp.Or(c.KeepAliveTimeout, keepAliveReply)
	params := grpc.ConnectParams{Backoff: backoff.DefaultConfig, MinConnectTimeout: connectWithin}
	params.Backoff.BaseDelay, params.Backoff.MaxDelay = connectPause, longestPause
	c.DialOptions = append([]grpc.DialOption{grpc.WithConnectParams(params)}, c.DialOptions...)
}

// Engine hands registrations to Temporal. It is safe for concurrent use.
type Engine struct {
	client    client.Client
	namespace string
	taskQueue string
	payloads  converter.DataConverter
	verified  atomic.Bool // the search attributes were seen
	eager     atomic.Bool // workflows of messages begin on a worker of this process
}

// Dial connects lazily and looks whether the namespace is as the product needs it. It fails with what is to be done if
// it is not; if Temporal does not answer it says so in the log and goes on: [Engine.Ready] looks again until it has.
func Dial(ctx context.Context, options client.Options, taskQueue string, logger *slog.Logger) (*Engine, error) {
	c, err := client.NewLazyClient(options)
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	e := &Engine{client: c, namespace: cmp.Or(options.Namespace, client.DefaultNamespace), taskQueue: taskQueue, payloads: options.DataConverter}
	ctx, cancel := context.WithTimeout(ctx, verifyWithin)
	defer cancel()
	err = e.verify(ctx)
	switch {
	case errors.Is(err, ErrUnavailable):
		logger.Warn("Temporal does not answer yet; registrations are answered engine_unavailable until it does", "error", err)
	case err != nil:
		c.Close()
		return nil, err
	}
	return e, nil
}

// Connect is for workers: it connects by the environment's configuration and fails unless Temporal answers and its
// namespace is as the product needs it.
func Connect(ctx context.Context, keys *vault.Keys, taskQueue string, logger *slog.Logger) (*Engine, error) {
	options, err := ClientOptions(keys, logger)
	if err != nil {
		return nil, err
	}
	e, err := Dial(ctx, options, taskQueue, logger)
	if err != nil {
		return nil, err
	}
	if !e.verified.Load() {
		e.Close()
		return nil, fmt.Errorf("%w at %s, namespace %q (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE)", ErrUnavailable, cmp.Or(options.HostPort, client.DefaultHostPort), e.namespace)
	}
	return e, nil
}

// Over is an engine over a connection that was made otherwise, without encryption, to a namespace that is as the product needs it.
func Over(c client.Client, namespace, taskQueue string) *Engine {
	e := &Engine{client: c, namespace: namespace, taskQueue: taskQueue, payloads: converter.GetDefaultDataConverter()}
	e.verified.Store(true)
	return e
}

// StartEagerly has the workflows of messages that [Engine.Start] begins take their first task on a worker of this process that has
// registered with [Engine.Client] and has room, without a way through the engine's task queues. It disregards versions of workers:
// a process that is not of the current version of its deployment must not do so.
func (e *Engine) StartEagerly() { e.eager.Store(true) }

// Client lends the connection to whoever signals runs or registers a worker.
func (e *Engine) Client() client.Client { return e.client }

// Close ends the connection.
func (e *Engine) Close() { e.client.Close() }
