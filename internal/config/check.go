package config

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"shiming/internal/workday"
	"shiming/registration"
)

// checker is a configuration that can be wrong though every setting could be read.
type checker interface{ check() []problem }

// problem is a setting that cannot be used, and why. It never repeats the value.
type problem struct{ name, what string }

type problems []problem

func (p *problems) add(wrong bool, name, what string) {
	if wrong {
		*p = append(*p, problem{name, what})
	}
}

func (p *problems) database(value string) { p.databaseAt("DATABASE_URL", value) }

func (p *problems) databaseAt(name, value string) {
	u, err := url.Parse(value)
	wrong := err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") || u.Host == ""
	p.add(wrong, name, "is no PostgreSQL URL")
}

// address takes host:port to listen on.
func (p *problems) address(name, value string) {
	_, port, err := net.SplitHostPort(value)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	p.add(err != nil, name, "is no address")
}

// web takes an http or https URL; an empty one only if that means something.
func (p *problems) web(name, value string, optional bool) {
	if optional && value == "" {
		return
	}
	u, err := url.Parse(value)
	p.add(err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "", name, "is no http or https URL")
}

func (p *problems) secrets(name string, values ...string) {
	for _, v := range values {
		code, found := strings.CutPrefix(strings.TrimSpace(v), "whsec_")
		key, err := base64.StdEncoding.DecodeString(code)
		p.add(!found || err != nil || len(key) == 0, name, "is no Standard Webhooks secret")
	}
}

func (p *problems) networks(name string, values []string) {
	for _, v := range values {
		_, err := netip.ParsePrefix(strings.TrimSpace(v))
		p.add(err != nil, name, "is no network")
	}
}

func (p *problems) file(name, path string) {
	if path == "" {
		return
	}
	info, err := os.Stat(path)
	p.add(err != nil || info.IsDir(), name, "names no file that can be read")
}

func (p *problems) calendar(value string) {
	_, err := workday.Parse(value)
	p.add(err != nil, "CALENDAR", "is no calendar")
}

func (p *problems) positive(name string, d time.Duration) {
	p.add(d <= 0, name, "is not above zero")
}

// call takes the time that a provider of messages may take: one below a try of the workflows.
func (p *problems) call(name string, d time.Duration) {
	p.positive(name, d)
	p.add(d > registration.LongestMessageCall, name, "is too long")
}

func (s *Storage) into(p *problems) {
	p.database(s.DatabaseURL)
	p.file("KEYS_FILE", s.KeysFile)
	p.calendar(s.Calendar)
	p.file("HOLIDAYS_FILE", s.Holidays)
}

func (s *Spending) into(p *problems) {
	p.add(s.PaymentsPerDay <= 0, "PAYMENTS_PER_DAY", "is not above zero")
	p.add(s.SMSPerDay <= 0, "SMS_PER_DAY", "is not above zero")
	p.add(s.MailsPerDay <= 0, "MAILS_PER_DAY", "is not above zero")
}

func (w *Wallet) into(p *problems) {
	p.web("WALLET_URL", w.URL, false)
	p.positive("WALLET_TIMEOUT", w.Timeout)
}

func (c *API) check() []problem {
	var p problems
	c.Storage.into(&p)
	c.Spending.into(&p)
	c.Wallet.into(&p)
	p.add(c.Pool(ThisMachine()) < fewest, "DATABASE_CONNECTIONS", fmt.Sprintf("is below %d", fewest))
	p.address("API_ADDR", c.Addr)
	p.web("PUBLIC_URL", c.PublicURL, true)
	p.add(c.TokensFile == "" && c.OIDCIssuer == "", "API_TOKENS_FILE", "and OIDC_ISSUER are both missing, so nobody could call the API")
	p.file("API_TOKENS_FILE", c.TokensFile)
	p.web("OIDC_ISSUER", c.OIDCIssuer, true)
	p.add(c.OIDCIssuer != "" && c.OIDCAudience == "", "OIDC_AUDIENCE", "is missing beside OIDC_ISSUER")
	p.add(c.RateLimit <= 0, "RATE_LIMIT", "is not above zero")
	c.bounds(&p)
	p.web("BANK_URL", c.BankURL, true)
	p.add(c.BankURL == "" && c.BankAPIKey != "", "BANK_URL", "is missing beside BANK_API_KEY")
	p.add(c.BankURL != "" && c.BankAPIKey == "", "BANK_API_KEY", "is missing beside BANK_URL")
	p.networks("WEBHOOK_ALLOW_NETS", c.WebhookAllowNets)
	p.secrets("BANK_WEBHOOK_SECRETS", c.BankSecrets...)
	p.secrets("WALLET_WEBHOOK_SECRETS", c.WalletSecrets...)
	p.add(c.ActsPerHour <= 0, "ACTS_PER_HOUR", "is not above zero")
	p.positive("ANSWER_WITHIN", c.AnswerWithin)
	p.add(c.UnreadyFor < 0, "UNREADY_FOR", "is below zero")
	p.positive("SHUTDOWN_WITHIN", c.ShutdownWithin)
	return p
}

// bounds judges what clients may take.
func (c *API) bounds(p *problems) {
	if c.MetricsAddr != "" {
		p.address("METRICS_ADDR", c.MetricsAddr)
	}
	p.add(c.MetricsAddr != "" && c.MetricsAddr == c.Addr, "METRICS_ADDR", "is API_ADDR, and must be another")
	p.add(c.Connections <= 0, "CONNECTIONS_MAX", "is not above zero")
	p.add(c.ConnectionsPerAddress < 0, "CONNECTIONS_PER_ADDRESS", "is below zero")
	p.add(c.StreamsPerToken <= 0, "STREAMS_PER_TOKEN", "is not above zero")
	p.add(c.UnauthorizedPerMinute <= 0, "UNAUTHORIZED_PER_MINUTE", "is not above zero")
	p.networks("TRUSTED_PROXIES", c.TrustedProxies)
	p.positive("RECEIVE_WITHIN", c.ReceiveWithin)
	p.positive("IDLE_WITHIN", c.IdleWithin)
}

func (c *Worker) check() []problem {
	var p problems
	c.Storage.into(&p)
	c.Spending.into(&p)
	c.Wallet.into(&p)
	c.Pace.into(&p)
	fitted := c.Fit(ThisMachine())
	fitted.into(&p, ThisMachine())
	p.web("BANK_URL", c.BankURL, false)
	p.positive("BANK_TIMEOUT", c.BankTimeout)
	p.add(c.SMSProtocol != "https" && c.SMSProtocol != "http", "SMS_PROTOCOL", "is no protocol")
	p.call("SMS_TIMEOUT", c.SMSTimeout)
	p.web("SENDGRID_HOST", c.SendGridHost, false)
	p.call("EMAIL_TIMEOUT", c.EmailTimeout)
	p.web("PUBLIC_URL", c.PublicURL, true)
	p.add(!strings.Contains(c.MailFrom, "@"), "MAIL_FROM", "is no e-mail address")
	p.add(!strings.Contains(c.ReviewersEmail, "@"), "REVIEWERS_EMAIL", "is no e-mail address")
	p.add(!strings.Contains(c.OpsEmail, "@"), "OPS_EMAIL", "is no e-mail address")
	p.networks("WEBHOOK_ALLOW_NETS", c.WebhookAllowNets)
	p.address("HEALTH_ADDR", c.HealthAddr)
	p.positive("DRAIN_WITHIN", c.DrainWithin)
	p.positive("RECONCILE_EVERY", c.ReconcileEvery)
	p.add(c.Deployment == "" && c.BuildID != "", "WORKER_DEPLOYMENT", "is missing beside WORKER_BUILD_ID")
	p.add(c.Deployment != "" && c.BuildID == "", "WORKER_BUILD_ID", "is missing beside WORKER_DEPLOYMENT")
	p.add(strings.ContainsAny(c.Deployment, ".:"), "WORKER_DEPLOYMENT", "has a dot or a colon, which Temporal does not take")
	return p
}

func (c *Sandbox) check() []problem {
	var p problems
	p.address("SANDBOX_ADDR", c.Addr)
	p.web("BANK_WEBHOOK_URL", c.BankWebhook, false)
	p.web("WALLET_WEBHOOK_URL", c.WalletWebhook, false)
	p.secrets("WEBHOOK_SECRET", c.Secret)
	p.positive("SETTLE_DELAY", c.SettleDelay)
	p.calendar(c.Calendar)
	return p
}

func (c *Migrate) check() []problem {
	var p problems
	p.database(c.DatabaseURL)
	return p
}

func (c *Calendar) check() []problem {
	var p problems
	p.database(c.DatabaseURL)
	p.calendar(c.Calendar)
	p.file("HOLIDAYS_FILE", c.Holidays)
	return p
}

func (c *Backup) check() []problem {
	var p problems
	c.Storage.into(&p)
	for name, value := range map[string]string{"ENGINE_DATABASE_URL": c.EngineDatabaseURL, "ENGINE_VISIBILITY_URL": c.EngineVisibilityURL} {
		if value != "" {
			p.databaseAt(name, value)
		}
	}
	return p
}

func (c *Drill) check() []problem {
	var p problems
	p.file("KEYS_FILE", c.KeysFile)
	p.calendar(c.Calendar)
	if c.ServerURL != "" {
		p.databaseAt("DRILL_DATABASE_URL", c.ServerURL)
	}
	return p
}

func (c *Repair) check() []problem {
	var p problems
	c.Storage.into(&p)
	p.web("BANK_URL", c.BankURL, false)
	p.positive("BANK_TIMEOUT", c.BankTimeout)
	return p
}
