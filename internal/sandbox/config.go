package sandbox

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// DefaultSettleDelay is how long a transfer takes to settle if the configuration does not say.
const DefaultSettleDelay = 2 * time.Second

// Calendar is the scale of days the wallet's dates follow. Days returns the time n calendar days after from, before it
// if n is negative.
type Calendar interface {
	Days(from time.Time, n int) time.Time
}

// Config says where reports go and how fast the outside world is.
type Config struct {
	// WebhookBankURL and WebhookWalletURL are where the product listens; with an empty one nothing is reported.
	WebhookBankURL   string
	WebhookWalletURL string
	// WebhookSecret is a Standard Webhooks secret, whsec_…; required if there is a URL.
	WebhookSecret string
	// SettleDelay is how long a transfer takes to settle; 0 means DefaultSettleDelay.
	SettleDelay time.Duration
	// Calendar is optional; without it a day has 24 hours.
	Calendar Calendar
	// SMSTemplates are the texts registered with the SMS provider, by template code, with ${param} placeholders.
	SMSTemplates map[string]string
	// StateFile is where the state is kept between runs; empty keeps it in memory only.
	StateFile string
	// HTTPClient delivers the webhooks; optional.
	HTTPClient *http.Client
	// Log is optional.
	Log *slog.Logger
}

func (cfg Config) withDefaults() Config {
	if cfg.SettleDelay <= 0 {
		cfg.SettleDelay = DefaultSettleDelay
	}
	if cfg.Calendar == nil {
		cfg.Calendar = ordinaryDays{}
	}
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = deliveryClient()
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return cfg
}

// signer returns what signs the webhooks, nil if there is nowhere to send any.
func (cfg Config) signer() (*standardwebhooks.Webhook, error) {
	if cfg.WebhookBankURL == "" && cfg.WebhookWalletURL == "" {
		return nil, nil
	}
	if cfg.WebhookSecret == "" {
		return nil, errors.New("sandbox: a webhook URL without a secret")
	}
	signer, err := standardwebhooks.NewWebhook(cfg.WebhookSecret)
	if err != nil {
		return nil, errors.New("sandbox: webhook secret is not whsec_ and base64")
	}
	return signer, nil
}

type ordinaryDays struct{}

func (ordinaryDays) Days(from time.Time, n int) time.Time { return from.AddDate(0, 0, n) }
