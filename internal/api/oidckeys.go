package api

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	keysFresh = time.Minute // for so long the issuer's keys are not asked for again on behalf of who has guessed too often
	keysLimit = 1 << 20     // bytes
)

// keptKeys answers for the issuer with the keys it gave last, if it gave them lately, or if it does not answer now.
type keptKeys struct {
	now  func() time.Time
	next http.RoundTripper

	mu   sync.Mutex
	at   time.Time
	body []byte
}

func (k *keptKeys) RoundTrip(r *http.Request) (*http.Response, error) {
	if resp := k.kept(r, keysFresh); resp != nil {
		return resp, nil
	}
	resp, err := k.ask(r)
	if err != nil || resp.StatusCode != http.StatusOK {
		if kept := k.kept(r, 0); kept != nil {
			return kept, nil
		}
	}
	return resp, err
}

// kept is the issuer's last answer, if it is no older than age; 0: however old.
func (k *keptKeys) kept(r *http.Request, age time.Duration) *http.Response {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.body == nil || age > 0 && k.now().Sub(k.at) > age {
		return nil
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(k.body)), ContentLength: int64(len(k.body)),
	}
}

// ask asks the issuer, and keeps what it says.
func (k *keptKeys) ask(r *http.Request) (*http.Response, error) {
	resp, err := k.next.RoundTrip(r)
	if err != nil || resp.StatusCode != http.StatusOK {
		return resp, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, keysLimit))
	_ = resp.Body.Close() // it was only read
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.at, k.body = k.now(), body
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// asking asks each time.
func (k *keptKeys) asking() http.RoundTripper { return asksAgain{k} }

type asksAgain struct{ kept *keptKeys }

func (a asksAgain) RoundTrip(r *http.Request) (*http.Response, error) { return a.kept.ask(r) }
