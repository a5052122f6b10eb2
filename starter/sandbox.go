package main

import (
	"fmt"
	"log/slog"
	"net"
	"os"

	"shiming/internal/config"
	"shiming/internal/notice"
	"shiming/internal/sandbox"
	"shiming/internal/workday"
)

type sandboxCommand struct{}

// Run serves the stand-ins until it is told to stop.
func (*sandboxCommand) Run(stop *stopper) error {
	cfg, err := config.Read[config.Sandbox]()
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	world, err := openSandbox(cfg, log)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return fmt.Errorf("SANDBOX_ADDR: %w", err)
	}
	server := serveHTTP(listener, world, log)
	log.Info("serving the sandbox", "addr", listener.Addr().String())
	select {
	case <-stop.soon.Done():
	case err = <-server.failed:
	}
	if closeErr := world.Close(); err == nil { // first: it lets go of held answers
		err = closeErr
	}
	if stopErr := server.stop(stop.now, shutdownWithin); err == nil {
		err = stopErr
	}
	return err
}

func openSandbox(cfg config.Sandbox, log *slog.Logger) (*sandbox.Server, error) {
	cal, err := workday.Parse(cfg.Calendar)
	if err != nil {
		return nil, fmt.Errorf("CALENDAR: %w", err)
	}
	return sandbox.New(sandbox.Config{
		WebhookBankURL: cfg.BankWebhook, WebhookWalletURL: cfg.WalletWebhook, WebhookSecret: cfg.Secret,
		SettleDelay: cfg.SettleDelay, Calendar: cal, SMSTemplates: notice.SMSTemplates(), StateFile: cfg.StateFile, Log: log,
	})
}
