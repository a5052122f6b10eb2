package config_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/config"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func apiSettings(t *testing.T) map[string]string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	return map[string]string{
		"DATABASE_URL": "postgres://u:hunter2@db:5432/shiming", "KEYS_FILE": file, "BLOBS_URL": "file:///blobs",
		"WALLET_URL": "http://wallet", "WALLET_API_KEY": "k", "API_TOKENS_FILE": file,
		"BANK_WEBHOOK_SECRETS": secret + "," + secret, "WALLET_WEBHOOK_SECRETS": secret,
	}
}

func TestReadsWhatIsSetAndDefaultsTheRest(t *testing.T) {
	t.Parallel()
	cfg, err := config.From[config.API](apiSettings(t))
	require.NoError(t, err)
	assert.Equal(t, "http://wallet", cfg.Wallet.URL)
	assert.Len(t, cfg.BankSecrets, 2)
	assert.Equal(t, ":8080", cfg.Addr)
	assert.Equal(t, "real", cfg.Calendar)
}

func TestNamesEverythingMissingAtOnce(t *testing.T) {
	t.Parallel()
	_, err := config.From[config.Worker](map[string]string{"BANK_TIMEOUT": "soon"})
	var wrong *config.Error
	require.ErrorAs(t, err, &wrong)
	for _, name := range []string{"DATABASE_URL is not set", "KEYS_FILE is not set", "WALLET_URL is not set", "OPS_EMAIL is not set", "BANK_TIMEOUT cannot be read: want a duration"} {
		assert.ErrorContains(t, err, name)
	}
}

func TestSaysWhatIsWrongWithoutRepeatingIt(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"DATABASE_URL":         "mysql://u:hunter2@db/x",
		"KEYS_FILE":            "/no/such/hunter2",
		"CALENDAR":             "hunter2",
		"WALLET_URL":           "hunter2",
		"API_ADDR":             "hunter2",
		"BANK_WEBHOOK_SECRETS": "hunter2",
		"RATE_LIMIT":           "-1",
		"ANSWER_WITHIN":        "hunter2",

		"METRICS_ADDR":            "hunter2",
		"CONNECTIONS_MAX":         "0",
		"CONNECTIONS_PER_ADDRESS": "-1",
		"STREAMS_PER_TOKEN":       "0",
		"UNAUTHORIZED_PER_MINUTE": "-3",
		"TRUSTED_PROXIES":         "10.0.0.0/8,hunter2",
		"RECEIVE_WITHIN":          "0s",
		"IDLE_WITHIN":             "hunter2",
	} {
		vars := maps.Clone(apiSettings(t))
		vars[name] = value
		_, err := config.From[config.API](vars)
		var wrong *config.Error
		require.ErrorAs(t, err, &wrong, name)
		assert.Len(t, wrong.Problems, 1, name)
		assert.Contains(t, wrong.Problems[0], name)
		assert.Contains(t, wrong.Problems[0], ": want ")
		assert.NotContains(t, err.Error(), "hunter2")
	}
}

func TestRefusesAnAPIThatNobodyCouldCall(t *testing.T) {
	t.Parallel()
	vars := apiSettings(t)
	delete(vars, "API_TOKENS_FILE")
	_, err := config.From[config.API](vars)
	require.ErrorContains(t, err, "API_TOKENS_FILE and OIDC_ISSUER")

	vars["OIDC_ISSUER"] = "https://login.example.com"
	_, err = config.From[config.API](vars)
	require.ErrorContains(t, err, "OIDC_AUDIENCE")

	vars["OIDC_AUDIENCE"] = "shiming"
	_, err = config.From[config.API](vars)
	require.NoError(t, err)
}

// Every required setting says what it should be: the message is of no use without.
func TestEveryRequiredSettingIsDescribed(t *testing.T) {
	t.Parallel()
	_, err := config.From[config.Worker](nil)
	var wrong *config.Error
	require.ErrorAs(t, err, &wrong)
	for _, p := range wrong.Problems {
		assert.Regexp(t, `^[A-Z_]+ is not set: want .+`, p)
	}
}

// One go: whoever mends what is missing must not then learn what is wrong, one start after another.
func TestNamesWhatIsWrongBesideWhatIsMissing(t *testing.T) {
	t.Parallel()
	vars := apiSettings(t)
	delete(vars, "WALLET_API_KEY")
	delete(vars, "BANK_WEBHOOK_SECRETS")
	delete(vars, "WALLET_URL")
	maps.Copy(vars, map[string]string{
		"API_ADDR": "nowhere", "RATE_LIMIT": "0", "CALENDAR": "lunar", "WALLET_TIMEOUT": "soon", "DATABASE_URL": "", "WALLET_WEBHOOK_SECRETS": "open",
	})
	_, err := config.From[config.API](vars)
	var wrong *config.Error
	require.ErrorAs(t, err, &wrong)
	var named []string
	for _, p := range wrong.Problems {
		name, _, _ := strings.Cut(p, " ")
		named = append(named, name)
	}
	assert.ElementsMatch(t, []string{
		"WALLET_API_KEY", "BANK_WEBHOOK_SECRETS", "WALLET_URL", "API_ADDR", "RATE_LIMIT", "CALENDAR", "WALLET_TIMEOUT", "DATABASE_URL", "WALLET_WEBHOOK_SECRETS",
	}, named, "each once")
}

// The API may do without the bank; half of what it needs for it is a slip.
func TestTracingNeedsBothItsParts(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	whole := map[string]string{
		"DATABASE_URL": "postgres://u:p@db:5432/shiming", "KEYS_FILE": file, "BLOBS_URL": "file:///blobs", "WALLET_URL": "http://wallet", "WALLET_API_KEY": "k",
		"API_TOKENS_FILE": file, "BANK_WEBHOOK_SECRETS": "whsec_c2VjcmV0", "WALLET_WEBHOOK_SECRETS": "whsec_c2VjcmV0",
	}
	for _, one := range []struct{ url, key, wrong string }{
		{"", "", ""},
		{"https://bank.example.com", "k", ""},
		{"https://bank.example.com", "", "BANK_API_KEY is missing"},
		{"", "k", "BANK_URL is missing"},
		{"bank", "k", "BANK_URL is no http or https URL"},
	} {
		vars := maps.Clone(whole)
		vars["BANK_URL"], vars["BANK_API_KEY"] = one.url, one.key
		_, err := config.From[config.API](vars)
		if one.wrong == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, one.wrong)
	}
}

func TestAWorkersVersionNeedsBothItsParts(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	whole := map[string]string{
		"DATABASE_URL": "postgres://u:p@db:5432/shiming", "KEYS_FILE": file, "BLOBS_URL": "file:///blobs", "WALLET_URL": "http://wallet",
		"WALLET_API_KEY": "k", "BANK_URL": "http://bank", "BANK_API_KEY": "k", "SMS_ACCESS_KEY_ID": "k", "SMS_ACCESS_KEY_SECRET": "k",
		"SMS_SIGN_NAME": "n", "SENDGRID_API_KEY": "k", "MAIL_FROM": "a@b", "REVIEWERS_EMAIL": "a@b", "OPS_EMAIL": "a@b",
	}
	for _, one := range []struct{ deployment, buildID, wrong string }{
		{"", "", ""},
		{"shiming", "1.2.3", ""},
		{"shiming", "", "WORKER_BUILD_ID is missing"},
		{"", "1.2.3", "WORKER_DEPLOYMENT is missing"},
		{"shiming.prod", "1.2.3", "WORKER_DEPLOYMENT has a dot"},
	} {
		vars := maps.Clone(whole)
		vars["WORKER_DEPLOYMENT"], vars["WORKER_BUILD_ID"] = one.deployment, one.buildID
		_, err := config.From[config.Worker](vars)
		if one.wrong == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, one.wrong)
	}
}

// A provider of messages may not take longer than a try of the workflows: its answer would be nobody's.
func TestBoundsTheTimeOutsOfMessages(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"SMS_TIMEOUT", "EMAIL_TIMEOUT"} {
		for value, wrong := range map[string]bool{"45s": false, "46s": true, "0s": true} {
			_, err := config.From[config.Worker](map[string]string{name: value})
			assert.Equal(t, wrong, strings.Contains(err.Error(), name), "%s=%s: %v", name, value, err)
		}
	}
}

func TestTheMetricsHaveAPortOfTheirOwn(t *testing.T) {
	t.Parallel()
	vars := apiSettings(t)
	cfg, err := config.From[config.API](vars)
	require.NoError(t, err)
	assert.Empty(t, cfg.MetricsAddr, "none unless it is named")
	vars["METRICS_ADDR"], vars["API_ADDR"] = "127.0.0.1:8080", "127.0.0.1:8080"
	_, err = config.From[config.API](vars)
	require.ErrorContains(t, err, "METRICS_ADDR is API_ADDR")
	vars["METRICS_ADDR"], vars["CONNECTIONS_PER_ADDRESS"] = "127.0.0.1:9464", "0"
	_, err = config.From[config.API](vars)
	require.NoError(t, err)
}
