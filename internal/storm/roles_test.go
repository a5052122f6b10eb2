package storm

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync/atomic"

	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"

	"shiming/internal/api"
	"shiming/internal/bank"
	"shiming/internal/config"
	"shiming/internal/engine"
	"shiming/internal/postgres"
	"shiming/internal/restore"
	"shiming/internal/vault"
	"shiming/internal/wallet"
	"shiming/internal/web"
	"shiming/internal/workerd"
)

// settingsVariable holds a child's settings as JSON.
const settingsVariable = "SHIMING_STORM_SETTINGS"

// The processes of the product that a child can play.
const (
	workerRole = "worker"
	apiRole    = "api"
)

// settings are what a child is started with.
type settings struct {
	EngineAddress string
	Worker        config.Worker
	API           config.API
}

// What a child says on its standard output.
const (
	saysReady  = "ready"
	saysStruck = "struck" // at its point; the kill follows
)

// play is a child's main: the product's own wiring, with an ear at the calls to the engine.
func play(ctx context.Context, role string) error {
	var s settings
	if err := json.Unmarshal([]byte(os.Getenv(settingsVariable)), &s); err != nil {
		return err
	}
	var set atomic.Pointer[trap]
	go obey(&set)
	dialling := client.ConnectionOptions{DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(watching(func(p point) {
		if set.Load().springs(p) {
			die()
		}
	}))}}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if role == workerRole {
		return work(ctx, s, dialling, log)
	}
	return serve(ctx, s, dialling, log)
}

// obey sets the traps it is told to. When its owner has gone, and with it the pipe, the child goes too.
func obey(set *atomic.Pointer[trap]) {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var skip int
		number, at, _ := strings.Cut(lines.Text(), " ")
		if _, err := fmt.Sscan(number, &skip); err == nil {
			set.Store(newTrap(point(at), skip))
		}
	}
	die()
}

// die is SIGKILL: nothing of this process runs after it.
func die() {
	fmt.Fprintln(os.Stdout, saysStruck)
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		panic(err)
	}
	select {}
}

func work(ctx context.Context, s settings, dialling client.ConnectionOptions, log *slog.Logger) error {
	keys, err := s.Worker.OpenKeys()
	if err != nil {
		return err
	}
	options := engine.Secured(client.Options{HostPort: s.EngineAddress, ConnectionOptions: dialling}, keys, log)
	eng, err := engine.Dial(ctx, options, s.Worker.TaskQueue, log)
	if err != nil {
		return err
	}
	if err := eng.Ready(ctx); err != nil {
		return err
	}
	p, err := workerd.Assemble(ctx, s.Worker, keys, eng, log)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, saysReady)
	return p.Run(ctx)
}

func serve(ctx context.Context, s settings, dialling client.ConnectionOptions, log *slog.Logger) error {
	keys, err := s.API.OpenKeys()
	if err != nil {
		return err
	}
	cal, err := s.API.OpenCalendar()
	if err != nil {
		return err
	}
	store, err := postgres.Open(ctx, s.API.DatabaseURL, keys, cal)
	if err != nil {
		return err
	}
	options := engine.Secured(client.Options{HostPort: s.EngineAddress, ConnectionOptions: dialling}, keys, log)
	eng, err := engine.Dial(ctx, options, s.API.TaskQueue, log)
	if err != nil {
		return err
	}
	purse, purseErr := wallet.New(wallet.Config{BaseURL: s.API.Wallet.URL, APIKey: s.API.Wallet.APIKey, Timeout: s.API.Wallet.Timeout})
	theBank, bankErr := bank.New(bank.Config{BaseURL: s.API.BankURL, APIKey: s.API.BankAPIKey})
	blobs, blobsErr := vault.OpenBlobs(ctx, keys, s.API.BlobsURL)
	if err := errors.Join(store.Ping(ctx), purseErr, bankErr, blobsErr); err != nil {
		return err
	}
	var compared atomic.Bool
	go func() {
		keeper := &restore.Keeper{Book: store, Engine: eng, Every: restore.Every, Log: log}
		compared.Store(keeper.Begin(ctx))
	}()
	handler, err := api.New(api.Deps{
		Store: store, Engine: eng, Wallet: purse, Bank: theBank, Blobs: blobs, Keys: keys, Auth: api.Auth{TokensFile: s.API.TokensFile},
		BankSecrets: s.API.BankSecrets, WalletSecrets: s.API.WalletSecrets, RateLimit: s.API.RateLimit, AnswerWithin: s.API.AnswerWithin, Log: log,
		Runs: eng, Compared: compared.Load,
	})
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.API.Addr)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, saysReady)
	return web.Server(s.API.Addr, handler, web.Defaults()).Serve(l)
}
