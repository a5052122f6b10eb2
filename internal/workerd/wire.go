package workerd

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/worker"

	"shiming/activities"
	"shiming/internal/bank"
	"shiming/internal/config"
	"shiming/internal/email"
	"shiming/internal/engine"
	"shiming/internal/notice"
	"shiming/internal/postgres"
	"shiming/internal/restore"
	"shiming/internal/sms"
	"shiming/internal/subscriber"
	"shiming/internal/vault"
	"shiming/internal/wallet"
)

// Process is the worker with everything it holds open.
type Process struct {
	cfg        config.Worker
	sizes      config.FittedWorker
	log        *slog.Logger
	store      *postgres.Store
	engine     *engine.Engine
	blobs      *vault.Blobs
	activities activities.All
	bank       *bank.Client
	keeper     *restore.Keeper
	compared   atomic.Bool // database and engine
}

// Wire connects to the engine as the environment says, and assembles the process. What holds for the process as a whole, its
// memory and the runs it keeps there, is set here.
func Wire(ctx context.Context, cfg config.Worker, log *slog.Logger) (*Process, error) {
	machine := config.ThisMachine()
	machine.KeepWithin()
	worker.SetStickyWorkflowCacheSize(cfg.Fit(machine).CachedRuns)
	keys, err := cfg.OpenKeys()
	if err != nil {
		return nil, err
	}
	e, err := engine.Connect(ctx, keys, cfg.TaskQueue, log)
	if err != nil {
		return nil, err
	}
	p, err := Assemble(ctx, cfg, keys, e, log)
	if err != nil {
		e.Close()
		return nil, err
	}
	return p, nil
}

// Assemble opens what the activities need and checks that the database answers. The process owns the engine's connection from here on.
func Assemble(ctx context.Context, cfg config.Worker, keys *vault.Keys, e *engine.Engine, log *slog.Logger) (*Process, error) {
	cal, err := cfg.OpenCalendar()
	if err != nil {
		return nil, err
	}
	sizes := cfg.Fit(config.ThisMachine())
	store, err := postgres.Open(ctx, cfg.DatabaseURL, keys, cal, postgres.WithPool(postgres.Pool{Process: "worker", Connections: sizes.Connections}))
	if err != nil {
		return nil, err
	}
	store = store.WithCeilings(cfg.Ceilings())
	if err := store.Ping(ctx); err != nil {
		store.Close()
		return nil, fmt.Errorf("the database does not answer (DATABASE_URL): %w", err)
	}
	if err := store.CheckRoom(ctx, log); err != nil {
		store.Close()
		return nil, err
	}
	theBank, err := bank.New(bank.Config{BaseURL: cfg.BankURL, APIKey: cfg.BankAPIKey, Timeout: cfg.BankTimeout})
	if err != nil {
		store.Close()
		return nil, err
	}
	acts, err := outsideWorld(cfg, theBank, store)
	if err != nil {
		store.Close()
		return nil, err
	}
	blobs, err := vault.OpenBlobs(ctx, keys, cfg.BlobsURL)
	if err != nil {
		store.Close()
		return nil, fmt.Errorf("BLOBS_URL: %w", err)
	}
	if cfg.Deployment == "" {
		e.StartEagerly()
	}
	keeper := &restore.Keeper{Book: store, Engine: e, Every: restore.Every, Log: log}
	return &Process{cfg: cfg, sizes: sizes, log: log, store: store, engine: e, blobs: blobs, activities: acts, bank: theBank, keeper: keeper}, nil
}

// outsideWorld connects the activities to bank, wallet, SMS and e-mail.
func outsideWorld(cfg config.Worker, theBank *bank.Client, store *postgres.Store) (activities.All, error) {
	none := activities.All{}
	theWallet, err := wallet.New(wallet.Config{BaseURL: cfg.Wallet.URL, APIKey: cfg.Wallet.APIKey, Timeout: cfg.Wallet.Timeout})
	if err != nil {
		return none, err
	}
	texter, err := sms.New(sms.Config{
		Endpoint: cfg.SMSEndpoint, Protocol: cfg.SMSProtocol, AccessKeyID: cfg.SMSKeyID, AccessKeySecret: cfg.SMSKeySecret, SignName: cfg.SMSSignName,
		Timeout: cfg.SMSTimeout,
	})
	if err != nil {
		return none, err
	}
	mailer, err := email.New(email.Config{Host: cfg.SendGridHost, APIKey: cfg.SendGridKey, FromName: cfg.MailFromName, FromAddress: cfg.MailFrom, Timeout: cfg.EmailTimeout})
	if err != nil {
		return none, err
	}
	guard, err := subscriber.NewGuard(cfg.WebhookAllowNets)
	if err != nil {
		return none, err
	}
	post := &activities.Post{
		Mail: mailer, SMS: texter, Book: store, Reviewers: cfg.ReviewersEmail, Ops: cfg.OpsEmail, Templates: cfg.SMSTemplates,
		ObjectionPage: objectionPage(cfg.PublicURL), Timeouts: map[notice.Channel]time.Duration{notice.SMS: cfg.SMSTimeout, notice.Email: cfg.EmailTimeout},
		Paced: paced(cfg.Pace),
	}
	return activities.All{
		Steps:     store.Steps(),
		Cards:     &activities.Cards{Bank: theBank, Book: store, Now: time.Now},
		Sessions:  &activities.Sessions{Wallet: theWallet, Book: store},
		Payouts:   &activities.Payouts{Bank: theBank, Book: store, Post: post},
		Post:      post,
		Clearance: &activities.Clearance{Wallet: theWallet, Book: store},
		Webhooks:  &activities.Webhooks{Book: store, Out: subscriber.New(subscriber.Config{Guard: guard})},
	}, nil
}

// objectionPage is where the link of an objection leads; empty if nobody has said where the API is.
func objectionPage(publicURL string) string {
	if publicURL == "" {
		return ""
	}
	return strings.TrimRight(publicURL, "/") + "/objections"
}

// Close gives back what Wire opened, once the messages that are still being sent are recorded.
func (p *Process) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), p.cfg.DrainWithin)
	defer cancel()
	activities.FinishSending(ctx, p.activities.Post)
	p.engine.Close()
	p.store.Close()
	if err := p.blobs.Close(); err != nil {
		p.log.Warn("the storage of scans was not closed in order", "error", err)
	}
}
