package subscriber

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// The classes of failure.
const (
	FailForbidden = "address_forbidden" // it leads into a network that is not public
	FailDNS       = "dns"               // its name leads nowhere
	FailRefused   = "connection_refused"
	FailTLS       = "tls"
	FailTimeout   = "timeout"
	FailBroken    = "connection_broken"
	FailRedirect  = "redirect" // 3xx: subscribe the address it leads to
	FailStatus    = "status"   // any other status but 2xx
	FailInvalid   = "invalid"  // no request could be made of it
)

const (
	defaultTimeout = 10 * time.Second
	headerLimit    = 64 << 10 // bytes of an answer's headers
	bodyLimit      = 64 << 10 // bytes of an answer that are read and dropped, so that the connection can be used again
	userAgent      = "Shiming-Webhooks/1"
)

// Config is how subscribers are reached.
type Config struct {
	Guard   *Guard
	Timeout time.Duration    // of a request, from the name to the end of the answer; 0: 10 s
	Now     func() time.Time // nil: time.Now
	// Resolver finds addresses; nil: the system's.
	Resolver *net.Resolver
	// RootCAs are who may vouch for a subscriber; nil: the system's.
	RootCAs *x509.CertPool
}

// Client sends webhooks. It is safe for concurrent use.
type Client struct {
	http *http.Client
	now  func() time.Time
}

// New makes a client.
func New(c Config) *Client {
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	dialer := &net.Dialer{Timeout: c.Timeout, Resolver: c.Resolver, Control: c.Guard.control}
	return &Client{now: c.Now, http: &http.Client{
		Timeout: c.Timeout,
		// The last answer is the answer: a redirect would be a second request, to wherever it says.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:       nil, // a proxy would connect past the guard
			DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.RootCAs},
			TLSHandshakeTimeout: c.Timeout, MaxResponseHeaderBytes: headerLimit, DisableCompression: true, ForceAttemptHTTP2: true,
			MaxIdleConns: 200, MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second,
		},
	}}
}

// Message is one event for one subscriber.
type Message struct {
	URL    string
	Secret string // whsec_…
	ID     string // the webhook-id: the same in every try
	Body   []byte // JSON
}

// Result is how a try went.
type Result struct {
	At        time.Time // as signed
	Took      time.Duration
	Status    int    // 0: no answer
	Fail      string // empty: accepted
	Signature string
}

// Send makes one try. Its error is one of ours: a secret that cannot sign.
func (c *Client) Send(ctx context.Context, m Message) (Result, error) {
	signer, err := standardwebhooks.NewWebhook(m.Secret)
	if err != nil {
		return Result{}, errors.New("subscriber: the endpoint's secret is no secret")
	}
	r := Result{At: c.now()}
	if r.Signature, err = signer.Sign(m.ID, r.At, m.Body); err != nil {
		return Result{}, errors.New("subscriber: the message could not be signed")
	}
	r.Status, r.Fail = c.post(ctx, m, r)
	r.Took = c.now().Sub(r.At)
	return r, nil
}

func (c *Client) post(ctx context.Context, m Message, r Result) (status int, fail string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.URL, bytes.NewReader(m.Body))
	if err != nil {
		return 0, FailInvalid
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set(standardwebhooks.HeaderWebhookID, m.ID)
	req.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(r.At.Unix(), 10))
	req.Header.Set(standardwebhooks.HeaderWebhookSignature, r.Signature)
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, classify(err)
	}
	// Whatever it says, and however that ends: only the status counts.
	_, _ = io.CopyN(io.Discard, resp.Body, bodyLimit)
	_ = resp.Body.Close()
	switch {
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
		return resp.StatusCode, ""
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return resp.StatusCode, FailRedirect
	}
	return resp.StatusCode, FailStatus
}

// classify names what went wrong on the way.
func classify(err error) string {
	var dns *net.DNSError
	var network net.Error
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.Is(err, ErrForbidden):
		return FailForbidden
	case errors.As(err, &dns):
		return FailDNS
	case errors.As(err, &network) && network.Timeout(), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return FailTimeout
	case errors.Is(err, syscall.ECONNREFUSED):
		return FailRefused
	case errors.As(err, &certificate), errors.As(err, &record), errors.As(err, &alert), errors.Is(err, http.ErrSchemeMismatch):
		return FailTLS
	}
	return FailBroken
}
