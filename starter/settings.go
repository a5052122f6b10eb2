package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"shiming/internal/config"
)

// settings are environment variables of one process.
type settings map[string]string

// drainWithin is how long the worker may finish what it does; devstack kills it after ten seconds.
const drainWithin = 5 * time.Second

// These are the settings the parts of a development set-up get: nothing but what an operator would set.

func (s *stack) storageSettings() settings {
	set := settings{
		"DATABASE_URL": s.databaseURL,
		"KEYS_FILE":    s.home.keysFile(),
		"BLOBS_URL":    s.home.path("blobs"),
		"CALENDAR":     s.home.kept.Calendar,
		"WALLET_URL":   s.sandboxURL, "WALLET_API_KEY": "dev",
	}
	if file := os.Getenv("HOLIDAYS_FILE"); file != "" {
		if abs, err := filepath.Abs(file); err == nil { // children run elsewhere
			file = abs
		}
		set["HOLIDAYS_FILE"] = file
	}
	return set
}

// subscribersHere lets somebody who develops receive webhooks on the same machine.
const subscribersHere = "127.0.0.0/8,::1/128"

func (s *stack) apiSettings() settings {
	return s.storageSettings().with(settings{
		"API_ADDR":               s.apiListener.Addr().String(),
		"PUBLIC_URL":             s.apiURL,
		"API_TOKENS_FILE":        s.home.tokensFile(),
		"BANK_WEBHOOK_SECRETS":   s.home.kept.WebhookSecret,
		"WALLET_WEBHOOK_SECRETS": s.home.kept.WebhookSecret,
		"BANK_URL":               s.sandboxURL,
		"BANK_API_KEY":           "dev",
		"WEBHOOK_ALLOW_NETS":     subscribersHere,
		"UNREADY_FOR":            "0s", // nobody shares out calls, and Ctrl-C is to end it now
		"SHUTDOWN_WITHIN":        shutdownWithin.String(),
	})
}

func (s *stack) sandboxSettings() settings {
	return settings{
		"BANK_WEBHOOK_URL":   s.apiURL + "/v1/webhooks/bank",
		"WALLET_WEBHOOK_URL": s.apiURL + "/v1/webhooks/wallet",
		"WEBHOOK_SECRET":     s.home.kept.WebhookSecret,
		"SETTLE_DELAY":       s.opts.SettleDelay.String(),
		"CALENDAR":           s.home.kept.Calendar,
		"SANDBOX_STATE_FILE": s.home.ifKept("sandbox.json"),
	}
}

func (s *stack) workerSettings(healthPort int) settings {
	return s.storageSettings().with(settings{
		"BANK_URL": s.sandboxURL, "BANK_API_KEY": "dev",
		"SMS_ENDPOINT": strings.TrimPrefix(s.sandboxURL, "http://"), "SMS_PROTOCOL": "http",
		"SMS_ACCESS_KEY_ID": "dev", "SMS_ACCESS_KEY_SECRET": "dev", "SMS_SIGN_NAME": "沙盒",
		"SENDGRID_HOST": s.sandboxURL, "SENDGRID_API_KEY": "dev",
		"MAIL_FROM": "noreply@shiming.example.com", "PUBLIC_URL": s.apiURL,
		"REVIEWERS_EMAIL": "reviewers@shiming.example.com", "OPS_EMAIL": "ops@shiming.example.com",
		"HEALTH_ADDR":        fmt.Sprintf("127.0.0.1:%d", healthPort),
		"DRAIN_WITHIN":       drainWithin.String(),
		"WEBHOOK_ALLOW_NETS": subscribersHere,
	}).with(s.temporalSettings())
}

// temporalSettings are the SDK's own: the development server's, or whatever the environment says of another.
func (s *stack) temporalSettings() settings {
	set := settings{}
	for name, value := range env.ToMap(os.Environ()) {
		if strings.HasPrefix(name, "TEMPORAL_") && s.temporal == nil {
			set[name] = value
		}
	}
	if s.temporal != nil {
		set["TEMPORAL_ADDRESS"], set["TEMPORAL_NAMESPACE"] = s.temporal.Address, s.temporal.Namespace
		set["TEMPORAL_CONFIG_FILE"] = os.DevNull // somebody's profile for another server
	}
	return set
}

func (set settings) with(more settings) settings {
	maps.Copy(set, more)
	return set
}

// environ is a child's environment: ours, without the product's and the engine's variables, and the settings.
func (set settings) environ() []string {
	inherited := env.ToMap(os.Environ())
	for _, name := range config.Names[config.Worker]() {
		delete(inherited, name)
	}
	var list []string
	for name, value := range inherited {
		if _, replaced := set[name]; !replaced && !strings.HasPrefix(name, "TEMPORAL_") {
			list = append(list, name+"="+value)
		}
	}
	for name, value := range set {
		list = append(list, name+"="+value)
	}
	return list
}

// LookupEnv and Environ let the SDK's envconfig read the settings in place of this process's environment.

func (set settings) LookupEnv(name string) (string, bool) {
	value, ok := set[name]
	return value, ok
}

// Environ implements envconfig.EnvLookup.
func (set settings) Environ() []string {
	var list []string
	for name, value := range set {
		list = append(list, name+"="+value)
	}
	return list
}
