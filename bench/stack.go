package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// stack is everything that is measured, on this machine.
type stack struct {
	dir      string
	logs     string
	servers  *servers
	built    *programs
	roles    roles // how the product's processes were set up
	children []*child
	apiURL   string
	outside  string   // the sandbox's address
	health   string   // the worker's address for readiness
	token    string   // of a platform's backend
	reviewer string   // the token of a reviewer
	owners   []string // tokens of platforms that have endpoints
	secret   string   // that bank and wallet sign with
}

const readyWithin = 2 * time.Minute

// startStack brings everything up, and returns when all of it answers. Nothing is kept.
func startStack(ctx context.Context, built *programs, m measurement, keepLogs string, progress io.Writer) (s *stack, err error) {
	s = &stack{built: built}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop(context.WithoutCancel(ctx)))
		}
	}()
	if s.dir, err = os.MkdirTemp("", "shiming-bench-"); err != nil {
		return s, err
	}
	s.logs = cmp.Or(keepLogs, s.dir)
	if err := os.MkdirAll(s.logs, 0o755); err != nil { //nolint:gosec // for whoever measures to read
		return s, err
	}
	if err := os.Chmod(s.dir, 0o711); err != nil { //nolint:gosec // PostgreSQL, which is another user, has its data below
		return s, err
	}
	sayf(progress, "starting PostgreSQL and Temporal…\n")
	if s.servers, err = m.servers(ctx, s, progress); err != nil {
		return s, err
	}
	sayf(progress, "starting the product…\n")
	err = s.startProduct(ctx, m.tune)
	return s, err
}

func (s *stack) startProduct(ctx context.Context, tune func(*roles)) error {
	var addresses [3]string
	for i := range addresses {
		address, err := freeAddress(ctx)
		if err != nil {
			return err
		}
		addresses[i] = address
	}
	api, sandbox, health := addresses[0], addresses[1], addresses[2]
	s.apiURL, s.outside, s.health = "http://"+api, "http://"+sandbox, "http://"+health
	sets, err := s.settings(api, sandbox, health)
	if err != nil {
		return err
	}
	if tune != nil {
		tune(&sets)
	}
	s.roles = sets
	for _, step := range [][]string{{"keys", s.path("keys.json")}, {"migrate"}} {
		if err := runOnce(ctx, s.built.starter(), sets.common, step...); err != nil {
			return err
		}
	}
	for _, name := range []string{sandboxProcess, workerProcess, apiProcess} {
		if err := s.startProcess(name); err != nil {
			return err
		}
	}
	return s.awaitReady(ctx, s.outside+"/healthz", s.health+"/readyz", s.apiURL+"/readyz")
}

// The product's processes, and the sandbox.
const (
	sandboxProcess = "sandbox"
	workerProcess  = "worker"
	apiProcess     = "api"
)

// startProcess starts one of the product's processes, for the first time or again.
func (s *stack) startProcess(name string) (err error) {
	var c *child
	switch name {
	case sandboxProcess:
		c, err = startChild(s.logs, name, s.built.starter(), s.roles.sandbox, "sandbox")
	case workerProcess:
		c, err = startChild(s.logs, name, s.built.worker(), s.roles.worker)
	case noopCommand, sealedCommand:
		c, err = s.startSelf(name)
	default:
		c, err = startChild(s.logs, name, s.built.starter(), s.roles.api, "serve")
	}
	if err != nil {
		return err
	}
	s.children = append(s.children, c)
	return nil
}

// process is the running one of that name.
func (s *stack) process(name string) *child {
	for _, c := range s.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

func (s *stack) path(name string) string { return filepath.Join(s.dir, name) }

// roles are the settings of the processes, as an operator would set them.
type roles struct{ common, sandbox, worker, api settings }

// unlimited lets one token offer what is offered: the limit of a token is not what is measured.
const unlimited = "1000000"

func (s *stack) settings(api, sandbox, health string) (roles, error) {
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails
	s.secret = "whsec_" + base64.StdEncoding.EncodeToString(random[:])
	s.token, s.reviewer = hex.EncodeToString(random[16:]), hex.EncodeToString(random[:16])
	tokens := s.path("tokens")
	lines := []string{tokenLine("bench-platform", "platform", s.token), tokenLine("bench-reviewer", "reviewer", s.reviewer)}
	s.owners = nil
	for i := range endpointOwners {
		s.owners = append(s.owners, rand.Text())
		lines = append(lines, tokenLine(fmt.Sprintf("bench-subscriber-%d", i), "platform", s.owners[i]))
	}
	if err := os.WriteFile(tokens, []byte(strings.Join(lines, "")), 0o600); err != nil {
		return roles{}, err
	}
	outside := "http://" + sandbox
	with := func(base, more settings) settings {
		all := maps.Clone(base)
		maps.Copy(all, more)
		return all
	}
	common := settings{
		"DATABASE_URL": s.servers.database, "KEYS_FILE": s.path("keys.json"), "BLOBS_URL": s.path("blobs"),
		"TEMPORAL_ADDRESS": s.servers.address, "TEMPORAL_NAMESPACE": s.servers.namespace, "TEMPORAL_CONFIG_FILE": os.DevNull,
		"WALLET_URL": outside, "WALLET_API_KEY": "bench", "PUBLIC_URL": s.apiURL,
		"PAYMENTS_PER_DAY": unlimited, "SMS_PER_DAY": unlimited, "MAILS_PER_DAY": unlimited,
	}
	return roles{
		common: common,
		sandbox: settings{
			"SANDBOX_ADDR": sandbox, "BANK_WEBHOOK_URL": s.apiURL + "/v1/webhooks/bank", "WALLET_WEBHOOK_URL": s.apiURL + "/v1/webhooks/wallet",
			"WEBHOOK_SECRET": s.secret, "SETTLE_DELAY": "1s",
		},
		worker: with(common, settings{
			"BANK_URL": outside, "BANK_API_KEY": "bench", "SMS_ENDPOINT": sandbox, "SMS_PROTOCOL": "http", "SMS_ACCESS_KEY_ID": "bench",
			"SMS_ACCESS_KEY_SECRET": "bench", "SMS_SIGN_NAME": "实名", "SENDGRID_HOST": outside, "SENDGRID_API_KEY": "bench",
			"MAIL_FROM": "noreply@example.com", "REVIEWERS_EMAIL": "reviewers@example.com", "OPS_EMAIL": "ops@example.com", "HEALTH_ADDR": health,
			"BANK_PER_SECOND": "0", "TRANSFERS_PER_SECOND": "0", "SMS_PER_SECOND": "0", "MAILS_PER_SECOND": "0",
		}),
		api: with(common, settings{
			"API_ADDR": api, "API_TOKENS_FILE": tokens, "BANK_WEBHOOK_SECRETS": s.secret, "WALLET_WEBHOOK_SECRETS": s.secret,
			"RATE_LIMIT": unlimited, "CONNECTIONS_MAX": unlimited, "CONNECTIONS_PER_ADDRESS": "0",
		}),
	}, nil
}

// endpointOwners is how many callers have endpoints: one may have twenty.
const endpointOwners = 5

func tokenLine(name, role, token string) string {
	sum := sha256.Sum256([]byte(token))
	return name + " " + role + " " + hex.EncodeToString(sum[:]) + "\n"
}

// restart ends a process, in order or by a kill, and starts it again. It returns when the product is ready.
func (s *stack) restart(ctx context.Context, name string, kill bool) error {
	for i, c := range s.children {
		if c.name != name {
			continue
		}
		s.children = append(s.children[:i:i], s.children[i+1:]...)
		end := c.stop
		if kill {
			end = c.kill
		}
		if err := end(ctx); err != nil {
			return err
		}
		break
	}
	if err := s.startProcess(name); err != nil {
		return err
	}
	return s.awaitReady(ctx, s.health+"/readyz", s.apiURL+"/readyz")
}

// awaitReady returns when every address answers 200.
func (s *stack) awaitReady(ctx context.Context, addresses ...string) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for {
		err := answers(ctx, addresses)
		if err == nil {
			return nil
		}
		for _, c := range s.children {
			select {
			case <-c.Done():
				return fmt.Errorf("%w; --logs keeps its log", c.Died())
			default:
			}
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("not everything came up: %w", err)
		}
	}
}

func answers(ctx context.Context, addresses []string) error {
	client := &http.Client{Timeout: 5 * time.Second}
	for _, address := range addresses {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s", address, resp.Status)
		}
	}
	return nil
}

func freeAddress(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// stop ends everything, the last first.
func (s *stack) stop(ctx context.Context) error {
	var errs []error
	for len(s.children) > 0 {
		last := len(s.children) - 1
		errs = append(errs, s.children[last].stop(ctx))
		s.children = s.children[:last]
	}
	if s.servers != nil {
		errs = append(errs, s.servers.stop(ctx))
	}
	if s.dir != "" {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}
