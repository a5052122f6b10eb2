package outside

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// DefaultTimeout is how long one call may take when the adapter's configuration does not say.
const DefaultTimeout = 8 * time.Second

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 1 << 20

// Config names a party and how to reach it.
type Config struct {
	// Party is the word errors begin with: "bank", "wallet".
	Party string
	// BaseURL is an absolute http or https URL; calls append their path to it.
	BaseURL string
	// APIKey is sent as a bearer token; required.
	APIKey string
	// HTTPClient is optional; its transport is used, redirects are refused all the same.
	HTTPClient *http.Client
	// Timeout bounds one call from dialling to the last byte; 0 means DefaultTimeout.
	Timeout time.Duration
}

// Client makes JSON calls to one party. It is safe for concurrent use and reuses connections.
type Client struct {
	party, base, apiKey string
	http                *http.Client
	timeout             time.Duration
}

// New checks the configuration; it does not connect.
func New(cfg Config) (*Client, error) {
	base, err := url.Parse(cfg.BaseURL)
	if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
		return nil, fmt.Errorf("%s: base URL is not an absolute http(s) URL", cfg.Party)
	}
	if cfg.APIKey == "" {
		return nil, fmt.Errorf("%s: no API key", cfg.Party)
	}
	return &Client{
		party:   cfg.Party,
		base:    strings.TrimSuffix(cfg.BaseURL, "/"),
		apiKey:  cfg.APIKey,
		http:    HTTPClient(cfg.HTTPClient),
		timeout: TimeoutOr(cfg.Timeout),
	}, nil
}

// TimeoutOr returns d, or DefaultTimeout if d is not set.
func TimeoutOr(d time.Duration) time.Duration {
	if d <= 0 {
		return DefaultTimeout
	}
	return d
}

// Call is one request.
type Call struct {
	Method string
	// Path begins with a slash; its parts are escaped already (see Path).
	Path string
	// Key, if set, travels as the Idempotency-Key header.
	Key string
	// In is sent as JSON unless nil; Out is filled from the answer unless nil.
	In, Out any
}

// Path joins path segments, escaping each.
func Path(segments ...string) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteString("/" + url.PathEscape(s))
	}
	return b.String()
}

// Do makes the call. Its errors are those of the package's documentation.
func (c *Client) Do(ctx context.Context, call Call) error {
	err := c.exchange(ctx, call)
	if call.Method == http.MethodGet && errors.Is(err, ErrUnknown) {
		// Reading changes nothing, so not knowing is the same as not having asked.
		err = fmt.Errorf("%w: answer lost or unreadable", ErrUnavailable)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.party, err)
	}
	return nil
}

func (c *Client) exchange(ctx context.Context, call Call) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	ctx, contact := Watch(ctx)
	req, err := c.request(ctx, call)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return contact.Failure(err)
	}
	defer resp.Body.Close() //nolint:errcheck // nothing is left to lose: the body was read or given up
	body, err := io.ReadAll(resp.Body)
	if status := CheckStatus(resp.StatusCode); status != nil {
		return status
	}
	if err != nil {
		return contact.Failure(err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return &Answer{Status: resp.StatusCode, Code: machineCode(body)}
	}
	if call.Out == nil {
		return nil
	}
	if err := json.Unmarshal(body, call.Out); err != nil {
		return fmt.Errorf("%w: unreadable answer", ErrUnknown)
	}
	return nil
}

func (c *Client) request(ctx context.Context, call Call) (*http.Request, error) {
	var body io.Reader
	if call.In != nil {
		raw, err := json.Marshal(call.In)
		if err != nil {
			return nil, errors.New("request cannot be written as JSON")
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, call.Method, c.base+call.Path, body)
	if err != nil {
		return nil, errors.New("request cannot be built")
	}
	req.Header.Set("Authorization", "Bearer "+c.apiKey)
	req.Header.Set("Accept", "application/json")
	if call.In != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if call.Key != "" {
		req.Header.Set("Idempotency-Key", call.Key)
	}
	return req, nil
}

// codePattern is what a machine code looks like; anything else in its place is provider text and stays out of errors.
var codePattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

func machineCode(body []byte) string {
	var problem struct {
		Code string `json:"code"`
	}
	if err := json.Unmarshal(body, &problem); err != nil || !codePattern.MatchString(problem.Code) {
		return ""
	}
	return problem.Code
}
