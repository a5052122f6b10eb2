// Package config reads the settings of every process from its environment.
//
// It promises one clear message that names each missing or wrong setting and says what it should be, before anything
// is started. It refuses defaults where a wrong guess would lose or leak something, and never repeats a value that may
// be secret.
package config

import (
	"time"

	"shiming/registration"
)

// Storage is what every process needs that opens the database.
type Storage struct {
	DatabaseURL string `env:"DATABASE_URL,required,notEmpty" want:"postgres://user:password@host:port/database"`
	// DatabaseConnections is a bound, not a wish: idle ones are closed.
	DatabaseConnections int    `env:"DATABASE_CONNECTIONS" envDefault:"0" want:"how many connections to PostgreSQL each process opens at most, such as 28; 0: as many as fit the cores"`
	KeysFile            string `env:"KEYS_FILE,required,notEmpty" want:"the vault's key file, made by 'starter keys PATH'"`
	// KMSURI names the master key's KMS; empty: the master key is in KEYS_FILE.
	KMSURI   string `env:"KMS_URI" want:"a Tink key URI, such as aws-kms://arn:…"`
	BlobsURL string `env:"BLOBS_URL,required,notEmpty" want:"where scans are kept, such as file:///var/lib/shiming/blobs"`
	// Calendar is compressed in demonstrations and tests only, and the same in every process that shares the database.
	Calendar string `env:"CALENDAR" envDefault:"real" want:"real, or a compressed one such as compressed:5s@2026-11-23T10:00:00Z"`
	// Holidays amends the built-in notices of the State Council.
	Holidays  string `env:"HOLIDAYS_FILE" want:"a JSON file with the holidays of years not built in"`
	TaskQueue string `env:"TASK_QUEUE" envDefault:"shiming" want:"the name of Temporal's task queue"`
}

// Wallet is how the wallet is reached.
type Wallet struct {
	URL     string        `env:"WALLET_URL,required,notEmpty" want:"the wallet's address, such as https://wallet.example.com"`
	APIKey  string        `env:"WALLET_API_KEY,required,notEmpty" want:"the wallet's API key"`
	Timeout time.Duration `env:"WALLET_TIMEOUT" envDefault:"8s" want:"a duration such as 8s"`
}

// Spending is the most that may be spent in a day, over all. API and worker judge by it alike: give both the same.
type Spending struct {
	PaymentsPerDay int `env:"PAYMENTS_PER_DAY" envDefault:"2000" want:"how many penny payments may be asked for in a day over all, such as 2000"`
	SMSPerDay      int `env:"SMS_PER_DAY" envDefault:"20000" want:"how many SMS may be sent in a day over all, the bank's own left out, such as 20000"`
	MailsPerDay    int `env:"MAILS_PER_DAY" envDefault:"50000" want:"how many e-mails may be sent in a day over all, those to reviewers and ops left out, such as 50000"`
}

// Ceilings are the settings as the database's users take them.
func (s *Spending) Ceilings() registration.Ceilings {
	return registration.Ceilings{Payments: s.PaymentsPerDay, SMS: s.SMSPerDay, Mails: s.MailsPerDay}
}

// API is the configuration of `starter serve`.
type API struct {
	Storage
	Spending
	Wallet Wallet
	Addr   string `env:"API_ADDR" envDefault:":8080" want:"host:port to listen on"`
	// MetricsAddr is a port of its own, for what it shows is no caller's business; empty: none are served.
	MetricsAddr string `env:"METRICS_ADDR" want:"host:port for Prometheus' /metrics, such as 127.0.0.1:9464; empty: none"`
	// PublicURL is the API as callers see it, for Location headers and links; empty: relative.
	PublicURL    string `env:"PUBLIC_URL" want:"the API's address as callers see it, such as https://register.example.com"`
	TokensFile   string `env:"API_TOKENS_FILE" want:"a file with one 'name role sha256-of-token' a line"`
	OIDCIssuer   string `env:"OIDC_ISSUER" want:"the issuer's address, such as https://login.example.com"`
	OIDCAudience string `env:"OIDC_AUDIENCE" want:"the audience that tokens for this API carry"`
	// RateLimit counts requests a second and token, in each process.
	RateLimit float64 `env:"RATE_LIMIT" envDefault:"200" want:"requests a second and token that each process takes, such as 200"`
	// CallsMax is of each class: reads, acts, creations; how many may be worked on adapts below it.
	CallsMax int `env:"CALLS_MAX" envDefault:"256" want:"how many calls of a class each process works on at a time at most, such as 256"`
	// Connections, of all clients and of each address that connects, are counted in each process.
	Connections           int `env:"CONNECTIONS_MAX" envDefault:"4096" want:"how many connections each process holds, such as 4096"`
	ConnectionsPerAddress int `env:"CONNECTIONS_PER_ADDRESS" envDefault:"1024" want:"how many of them one address may have, such as 1024; 0: all, for a proxy that everybody comes through"`
	StreamsPerToken       int `env:"STREAMS_PER_TOKEN" envDefault:"50" want:"how many streams of events a token may have open in each process, such as 50"`
	// UnauthorizedPerMinute bounds wrong tokens and signatures; whoever is right is not counted.
	UnauthorizedPerMinute int `env:"UNAUTHORIZED_PER_MINUTE" envDefault:"30" want:"how many calls a minute without a valid token one address is answered 401, then 429, such as 30"`
	// TrustedProxies say who calls, in X-Forwarded-For; nobody else is believed.
	TrustedProxies []string      `env:"TRUSTED_PROXIES" envSeparator:"," want:"networks of the proxies whose X-Forwarded-For is believed, such as 10.0.0.0/24, with commas"`
	ReceiveWithin  time.Duration `env:"RECEIVE_WITHIN" envDefault:"10s" want:"the longest pause that is waited for in a body, or in taking an answer, such as 10s"`
	IdleWithin     time.Duration `env:"IDLE_WITHIN" envDefault:"75s" want:"how long a connection may wait for its next request, such as 75s; longer than the proxy in front keeps it"`
	BankSecrets    []string      `env:"BANK_WEBHOOK_SECRETS,required,notEmpty" envSeparator:"," want:"whsec_…, the secret the bank signs its reports with; several with commas while one is replaced"`
	WalletSecrets  []string      `env:"WALLET_WEBHOOK_SECRETS,required,notEmpty" envSeparator:"," want:"whsec_…, the secret the wallet signs its reports with; several with commas while one is replaced"`
	// BankURL and BankAPIKey go together. The API only asks the bank what became of a payment; a key that can do no more is enough.
	BankURL    string `env:"BANK_URL" want:"the bank's address, such as https://bank.example.com; without it the API cannot trace payments"`
	BankAPIKey string `env:"BANK_API_KEY" want:"the bank's API key; for the API one that can only look transfers up is enough"`
	// WebhookAllowNets is the worker's, to refuse an address early.
	WebhookAllowNets []string `env:"WEBHOOK_ALLOW_NETS" envSeparator:"," want:"networks of our own that webhooks may go to, such as 10.1.0.0/16, with commas"`
	CORSOrigins      []string `env:"CORS_ORIGINS" envSeparator:"," want:"origins of pages that may call the API, with commas"`
	// ActsPerHour bounds the acts of one kind on one registration or clearing.
	ActsPerHour  int           `env:"ACTS_PER_HOUR" envDefault:"60" want:"how often one act may be tried on one registration in an hour, such as 60"`
	AnswerWithin time.Duration `env:"ANSWER_WITHIN" envDefault:"10s" want:"how long an act may take before it is answered 202, such as 10s"`
	// UnreadyFor comes first at the end: whoever shares out calls sees /readyz, and sends no more; then the door is closed.
	UnreadyFor     time.Duration `env:"UNREADY_FOR" envDefault:"10s" want:"how long calls are still taken at the end while /readyz is 503, such as 10s; longer than the proxy in front takes to see it; 0: not at all"`
	ShutdownWithin time.Duration `env:"SHUTDOWN_WITHIN" envDefault:"20s" want:"how long answers under way may take at the end, such as 20s"`
}

// Worker is the configuration of `worker`.
type Worker struct {
	Storage
	Spending
	Sizes
	Pace
	Wallet      Wallet
	BankURL     string        `env:"BANK_URL,required,notEmpty" want:"the bank's address, such as https://bank.example.com"`
	BankAPIKey  string        `env:"BANK_API_KEY,required,notEmpty" want:"the bank's API key"`
	BankTimeout time.Duration `env:"BANK_TIMEOUT" envDefault:"20s" want:"a duration such as 20s"`

	SMSEndpoint  string `env:"SMS_ENDPOINT" envDefault:"dysmsapi.aliyuncs.com" want:"host:port of the SMS provider"`
	SMSProtocol  string `env:"SMS_PROTOCOL" envDefault:"https" want:"https, or http for a stand-in"`
	SMSKeyID     string `env:"SMS_ACCESS_KEY_ID,required,notEmpty" want:"Aliyun's access key id"`
	SMSKeySecret string `env:"SMS_ACCESS_KEY_SECRET,required,notEmpty" want:"Aliyun's access key secret"`
	SMSSignName  string `env:"SMS_SIGN_NAME,required,notEmpty" want:"the signature registered with Aliyun"`
	// SMSTimeout bounds one call; a message whose provider did not answer in time may have been sent.
	SMSTimeout time.Duration `env:"SMS_TIMEOUT" envDefault:"20s" want:"a duration such as 20s, at most 45s"`
	// SMSTemplates maps our template codes to those Aliyun has issued; a code left out goes as it is.
	SMSTemplates map[string]string `env:"SMS_TEMPLATES" want:"SHIMING_MONEY_ARRIVED_ZH:SMS_123456 and so on, with commas"`

	SendGridHost string `env:"SENDGRID_HOST" envDefault:"https://api.sendgrid.com" want:"the e-mail provider's address"`
	SendGridKey  string `env:"SENDGRID_API_KEY,required,notEmpty" want:"SendGrid's API key"`
	// EmailTimeout bounds one call, as SMSTimeout does.
	EmailTimeout time.Duration `env:"EMAIL_TIMEOUT" envDefault:"20s" want:"a duration such as 20s, at most 45s"`
	MailFrom     string        `env:"MAIL_FROM,required,notEmpty" want:"the sender's e-mail address"`
	MailFromName string        `env:"MAIL_FROM_NAME" envDefault:"开发者平台" want:"the sender's name"`

	// WebhookAllowNets are networks that are not public and that subscribers may be in all the same.
	WebhookAllowNets []string `env:"WEBHOOK_ALLOW_NETS" envSeparator:"," want:"networks of our own that webhooks may go to, such as 10.1.0.0/16, with commas"`

	// PublicURL is the API's, for the link by which a holder objects to a clearing; empty: the notice has a code instead.
	PublicURL string `env:"PUBLIC_URL" want:"the API's address as callers see it, such as https://register.example.com"`

	ReviewersEmail string        `env:"REVIEWERS_EMAIL,required,notEmpty" want:"the mailbox of the reviewers"`
	OpsEmail       string        `env:"OPS_EMAIL,required,notEmpty" want:"the mailbox of ops"`
	HealthAddr     string        `env:"HEALTH_ADDR" envDefault:":8081" want:"host:port for /healthz and /readyz"`
	DrainWithin    time.Duration `env:"DRAIN_WITHIN" envDefault:"25s" want:"how long work under way may take at the end, such as 25s"`
	// ReconcileEvery paces what brings rows and runs back together; a run is started again when two rounds have not found it.
	ReconcileEvery time.Duration `env:"RECONCILE_EVERY" envDefault:"1m" want:"how often rows and runs are compared, such as 1m"`

	// Deployment and BuildID go together: the engine then gives this worker work only once its version was made current.
	Deployment string `env:"WORKER_DEPLOYMENT" want:"with WORKER_BUILD_ID: the name of the Temporal worker deployment this is a version of, such as shiming"`
	BuildID    string `env:"WORKER_BUILD_ID" want:"with WORKER_DEPLOYMENT: this version's name, such as the release's tag"`
}

// Sandbox is the configuration of `starter sandbox`.
type Sandbox struct {
	Addr          string        `env:"SANDBOX_ADDR" envDefault:":8090" want:"host:port to listen on"`
	BankWebhook   string        `env:"BANK_WEBHOOK_URL,required,notEmpty" want:"where the bank reports to, such as http://api:8080/v1/webhooks/bank"`
	WalletWebhook string        `env:"WALLET_WEBHOOK_URL,required,notEmpty" want:"where the wallet reports to, such as http://api:8080/v1/webhooks/wallet"`
	Secret        string        `env:"WEBHOOK_SECRET,required,notEmpty" want:"whsec_… and base64, the secret both sign their reports with"`
	SettleDelay   time.Duration `env:"SETTLE_DELAY" envDefault:"3s" want:"how long a transfer takes to settle, such as 3s"`
	Calendar      string        `env:"CALENDAR" envDefault:"real" want:"the calendar of API and worker"`
	StateFile     string        `env:"SANDBOX_STATE_FILE" want:"a file that keeps the state; empty: in memory"`
}

// Migrate is the configuration of `starter migrate`.
type Migrate struct {
	DatabaseURL string `env:"DATABASE_URL,required,notEmpty" want:"postgres://user:password@host:port/database"`
}

// Calendar is the configuration of `starter calendar check`.
type Calendar struct {
	DatabaseURL string `env:"DATABASE_URL,required,notEmpty" want:"postgres://user:password@host:port/database"`
	Calendar    string `env:"CALENDAR" envDefault:"real" want:"the calendar of API and worker"`
	Holidays    string `env:"HOLIDAYS_FILE" want:"the file of API and worker"`
}

// Backup is the configuration of `starter backup` and `starter restore`.
type Backup struct {
	Storage
	// The engine's own databases are dumped too if they are named; Temporal Cloud has none that could be.
	EngineDatabaseURL   string `env:"ENGINE_DATABASE_URL" want:"the database of a Temporal of your own, to be in backups too: postgres://user:password@host:port/temporal; empty: it is not"`
	EngineVisibilityURL string `env:"ENGINE_VISIBILITY_URL" want:"the database of its visibility, such as postgres://user:password@host:port/temporal_visibility; empty: it is not in backups"`
}

// Drill is the configuration of `starter drill`. It knows nothing of the running product.
type Drill struct {
	KeysFile string `env:"KEYS_FILE,required,notEmpty" want:"the vault's key file, made by 'starter keys PATH'"`
	KMSURI   string `env:"KMS_URI" want:"a Tink key URI, such as aws-kms://arn:…"`
	Calendar string `env:"CALENDAR" envDefault:"real" want:"the calendar of API and worker"`
	// ServerURL is where a database may be made and dropped; empty: a server is started for the drill.
	ServerURL string `env:"DRILL_DATABASE_URL" want:"a PostgreSQL server on which the drill makes a database and drops it: postgres://user:password@host:port/postgres; empty: one is started for it"`
}

// Repair is the configuration of `starter repair --all`: of the worker's, what a repair needs.
type Repair struct {
	Storage
	BankURL     string        `env:"BANK_URL,required,notEmpty" want:"the bank's address, such as https://bank.example.com"`
	BankAPIKey  string        `env:"BANK_API_KEY,required,notEmpty" want:"the bank's API key"`
	BankTimeout time.Duration `env:"BANK_TIMEOUT" envDefault:"20s" want:"a duration such as 20s"`
}
