package api

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"shiming/internal/engine"
	"shiming/internal/live"
	"shiming/internal/postgres"
	"shiming/internal/restore"
	"shiming/internal/vault"
	"shiming/internal/wallet"
	"shiming/registration"
)

// Engine runs registrations and clearings. Its errors are package engine's and [*registration.Refusal].
type Engine interface {
	Open(ctx context.Context, app registration.Application, updateID string, wait engine.Wait) (registration.Answer, error)
	OpenClearing(ctx context.Context, app registration.ClearingApplication, updateID string, wait engine.Wait) (registration.Answer, error)
	Nudge(ctx context.Context, workflowID, id string) error
	Act(ctx context.Context, workflowID string, act registration.Act, args registration.ActArgs, wait engine.Wait) (registration.Answer, error)
	Ready(ctx context.Context) error
}

// Wallet is the platform's payment account service.
type Wallet interface {
	Account(ctx context.Context, accountID string) (wallet.Account, error)
	CheckPaymentPassword(ctx context.Context, accountID, password string) error
	Facts(ctx context.Context, accountID string) (wallet.Facts, error)
}

// Auth says who may call. At least one of the two must be set.
type Auth struct {
	TokensFile   string // one `name role sha256-of-token` a line
	OIDCIssuer   string
	OIDCAudience string
}

// Deps are what the API stands on.
type Deps struct {
	Store  *postgres.Store
	Engine Engine
	Wallet Wallet
	Bank   Bank // nil: payments cannot be traced
	Blobs  *vault.Blobs
	Keys   *vault.Keys
	Auth   Auth

	BankSecrets   []string // whsec_…; several while one is being replaced
	WalletSecrets []string

	RateLimit    float64       // requests a second and token; 0: 200
	CallsMax     int           // calls of a class that are worked on at a time; 0: 256
	ActsPerHour  int           // of one kind on one registration; 0: 60
	AnswerWithin time.Duration // then a slow act is answered 202; 0: 10 s
	PublicURL    string        // as callers see the API, for Location; empty: relative
	CORSOrigins  []string      // pages of these origins may call; none: CORS is off

	StreamsPerToken       int      // streams of events that are open at a time; 0: 50
	UnauthorizedPerMinute int      // wrong tokens and signatures of one address; 0: 30
	TrustedProxies        []string // networks whose X-Forwarded-For is believed, in CIDR notation

	WebhookAllowNets []string // networks of our own that webhooks may go to, in CIDR notation

	Stopping <-chan struct{} // closed when the process is told to stop: /readyz is 503 from then on; nil: never
	Runs     restore.Runs    // by which ops repairs one case; nil: it cannot

	// Compared says that database and engine were compared since this process began: before, neither a case is opened nor known to
	// be held. nil: they need not be.
	Compared func() bool

	Live    *live.Hub            // nil: one of its own, over Store
	Metrics *prometheus.Registry // nil: one of its own
	Log     *slog.Logger         // nil: slog's default
	Now     func() time.Time     // nil: time.Now
}

const (
	defaultRate         = 200
	defaultCalls        = 256
	defaultAnswerWithin = 10 * time.Second
	defaultStreams      = 50
	defaultUnauthorized = 30
)

func (d *Deps) complete() error {
	switch {
	case d.Store == nil, d.Engine == nil, d.Wallet == nil, d.Blobs == nil, d.Keys == nil:
		return errors.New("api: Store, Engine, Wallet, Blobs and Keys must all be set")
	case len(d.BankSecrets) == 0, len(d.WalletSecrets) == 0:
		return errors.New("api: a webhook secret is needed for bank and for wallet")
	}
	if d.RateLimit <= 0 {
		d.RateLimit = defaultRate
	}
	if d.CallsMax <= 0 {
		d.CallsMax = defaultCalls
	}
	if d.ActsPerHour <= 0 {
		d.ActsPerHour = registration.ActsAnHour
	}
	if d.AnswerWithin <= 0 {
		d.AnswerWithin = defaultAnswerWithin
	}
	if d.StreamsPerToken <= 0 {
		d.StreamsPerToken = defaultStreams
	}
	if d.UnauthorizedPerMinute <= 0 {
		d.UnauthorizedPerMinute = defaultUnauthorized
	}
	if d.Log == nil {
		d.Log = slog.Default()
	}
	if d.Live == nil {
		d.Live = live.New(d.Store, 0, d.Log)
	}
	if d.Metrics == nil {
		d.Metrics = NewRegistry()
	}
	if d.Compared == nil {
		d.Compared = func() bool { return true }
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	return nil
}
