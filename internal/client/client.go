package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/sethvargo/go-retry"
)

const (
	// attemptWithin bounds one attempt: above the 10 s after which the API answers in any case.
	attemptWithin = 15 * time.Second
	// uploadWithin bounds one attempt with a large body.
	uploadWithin = 2 * time.Minute
	largeBody    = 64 << 10 // bytes
	// answerWithin bounds a call with its repeats.
	answerWithin = 90 * time.Second
	// firstPause and longestPause are between two attempts.
	firstPause   = 100 * time.Millisecond
	longestPause = 2 * time.Second
	// maxAnswer bounds what is read of an answer, in bytes.
	maxAnswer = 4 << 20
)

// Options says whom a client calls, and how patiently.
type Options struct {
	Base  string // base URL
	Token string // bearer token; empty: none is sent
	// Within bounds a call with its repeats; 0: 90 s.
	Within time.Duration
	// ConnectWithin bounds how long a call goes on while nobody listens at Base; 0: as long as Within.
	ConnectWithin time.Duration
	// Waiting is told, before each pause, why there is no outcome yet. It may be nil.
	Waiting func(why string)
}

// Client makes calls with one bearer token. It is safe for concurrent use.
type Client struct {
	Options
	http *http.Client
}

// New makes a client.
func New(o Options) *Client {
	o.Base = strings.TrimRight(o.Base, "/")
	if o.Within <= 0 {
		o.Within = answerWithin
	}
	if o.ConnectWithin <= 0 {
		o.ConnectWithin = o.Within
	}
	return &Client{Options: o, http: &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second,
			ResponseHeaderTimeout: attemptWithin,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Request is one call, and where its answer goes.
type Request struct {
	Method, Path string
	Key          string // Idempotency-Key
	LastEventID  string // of a stream that is taken up again
	Body         []byte
	ContentType  string
	Into         any // what the JSON of the answer is read into; nil: nothing
}

// NoOutcomeError says that a call's time was up before it had an outcome. It may have had its effect.
type NoOutcomeError struct {
	Method, Path string
	Why          string
}

func (e *NoOutcomeError) Error() string {
	return fmt.Sprintf("%s %s: no outcome: %s", e.Method, e.Path, e.Why)
}

// laterError says that a call has no outcome yet.
type laterError struct {
	why       string
	pause     time.Duration // what the server asked for; may be 0
	unreached bool          // nobody listens
}

func (e *laterError) Error() string { return e.why }

// Do makes a call until it has an outcome: nil, a [*Problem], or at last a [*NoOutcomeError].
func (c *Client) Do(ctx context.Context, r Request) error {
	return c.again(ctx, r, func(ctx context.Context) error {
		within := attemptWithin
		if len(r.Body) > largeBody {
			within = uploadWithin
		}
		ctx, cancel := context.WithTimeout(ctx, within)
		defer cancel()
		resp, err := c.send(ctx, r)
		if err != nil {
			return err
		}
		defer resp.Body.Close() //nolint:errcheck // it was read, or its error is returned
		raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
		if err != nil {
			return &laterError{why: "the answer broke off"}
		}
		return outcome(resp, raw, r.Into)
	})
}

// Open makes a call whose answer is a file or a stream, likewise, and leaves reading and closing it to the caller. It
// may be read for as long as ctx lives.
func (c *Client) Open(ctx context.Context, r Request) (*http.Response, error) {
	var open *http.Response
	err := c.again(ctx, r, func(context.Context) error {
		resp, err := c.send(ctx, r) // not the attempt's context, which ends with the attempt
		if err != nil {
			return err
		}
		if resp.StatusCode < http.StatusMultipleChoices {
			open = resp
			return nil
		}
		defer resp.Body.Close() //nolint:errcheck // a refusal was read
		raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
		if err != nil {
			return &laterError{why: "the answer broke off"}
		}
		return outcome(resp, raw, nil)
	})
	return open, err
}

// again makes attempts until one has an outcome.
func (c *Client) again(ctx context.Context, r Request, attempt func(context.Context) error) error {
	trying, cancel := context.WithTimeout(ctx, c.Within)
	defer cancel()
	pauses := retry.WithCappedDuration(longestPause, retry.NewExponential(firstPause))
	began := time.Now()
	var last *laterError
	err := retry.Do(trying, pauses, func(trying context.Context) error {
		err := attempt(trying)
		if !errors.As(err, &last) {
			last = nil
			return err
		}
		if trying.Err() != nil || last.unreached && time.Since(began) > c.ConnectWithin {
			return err
		}
		if c.Waiting != nil {
			c.Waiting(last.why)
		}
		sleep(trying, last.pause)
		return retry.RetryableError(err)
	})
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case last != nil:
		return &NoOutcomeError{Method: r.Method, Path: r.Path, Why: last.why}
	}
	return err
}

// send makes one attempt, up to the answer's headers.
func (c *Client) send(ctx context.Context, r Request) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, c.Base+r.Path, bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"Idempotency-Key": r.Key, "Content-Type": r.ContentType, "Last-Event-ID": r.LastEventID,
	} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, unanswered(err)
	}
	return resp, nil
}

// unanswered tells an address that is none from a call that may yet be answered.
func unanswered(err error) error {
	var (
		op          *net.OpError
		name        *net.DNSError
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &name) && name.IsNotFound:
		return fmt.Errorf("there is no host %s", name.Name)
	case errors.As(err, &certificate), errors.As(err, &record):
		return err
	case errors.As(err, &op) && op.Op == "dial" && op.Addr != nil:
		return &laterError{why: "nobody listens at " + op.Addr.String(), unreached: true}
	case errors.Is(err, context.DeadlineExceeded) || isTimeout(err):
		return &laterError{why: "no answer yet"}
	case errors.As(err, &op) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return &laterError{why: "the connection broke"}
	}
	return &laterError{why: err.Error()}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// codeRateLimited is the refusal that only time cures, and soon: the other codes of 429 are the applicant's to know.
const codeRateLimited = "rate_limited"

// outcome tells an answer from a refusal from what is not decided yet.
func outcome(resp *http.Response, raw []byte, into any) error {
	switch code := resp.StatusCode; {
	case code == http.StatusAccepted:
		return &laterError{why: "still processing", pause: 250 * time.Millisecond}
	case code < http.StatusMultipleChoices:
		if into == nil || code == http.StatusNoContent {
			return nil
		}
		if err := json.Unmarshal(raw, into); err != nil {
			return fmt.Errorf("the answer is not the JSON expected: %w", err)
		}
		return nil
	case code == http.StatusBadGateway || code == http.StatusServiceUnavailable || code == http.StatusGatewayTimeout:
		return &laterError{why: problemOf(code, raw).Error(), pause: min(retryAfter(resp), longestPause)}
	case code == http.StatusTooManyRequests && problemOf(code, raw).Code == codeRateLimited:
		return &laterError{why: codeRateLimited, pause: retryAfter(resp)}
	}
	return problemOf(resp.StatusCode, raw)
}

func retryAfter(resp *http.Response) time.Duration {
	seconds, err := time.ParseDuration(resp.Header.Get("Retry-After") + "s")
	if err != nil {
		return 0
	}
	return max(0, seconds)
}

// sleep waits, or less if ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
