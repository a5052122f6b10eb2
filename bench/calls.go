package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// backend calls the API as a platform's backend does: connections kept, an idempotency key a call, and no endless patience.
type backend struct {
	lines    lines
	patience time.Duration
	url      string
	token    string
	run      string // makes accounts and keys this run's own
	next     atomic.Int64
}

func newBackend(s *stack, patience time.Duration) *backend {
	var random [4]byte
	_, _ = rand.Read(random[:]) // never fails
	return &backend{patience: patience, url: s.apiURL, token: s.token, run: hex.EncodeToString(random[:])}
}

// answer is what became of a call.
type answer struct {
	account    string
	sent       time.Time
	took       time.Duration
	status     int    // 0: none came
	code       string // of a problem
	retryAfter bool
}

func (a answer) accepted() bool { return a.status == http.StatusCreated }

// create opens a registration for an account that nobody has used.
func (b *backend) create(ctx context.Context) answer {
	n := b.next.Add(1)
	a := answer{account: b.run + "-" + strconv.FormatInt(n, 10), sent: time.Now()}
	body := fmt.Sprintf(`{"account_id":%q,"kind":"individual","name":"Harbour Light","registered_email":"bench%d@example.com","phone":"138%08d"}`, a.account, n, n)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url+"/v1/registrations", bytes.NewReader([]byte(body)))
	if err != nil {
		return a
	}
	req.Header.Set("Authorization", "Bearer "+b.token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", "key-"+a.account)
	r, err := b.lines.exchange(req, a.sent.Add(b.patience))
	a.took = time.Since(a.sent)
	if err != nil {
		a.code = "no answer"
		return a
	}
	a.status, a.retryAfter = r.status, r.header.Get("Retry-After") != ""
	if !a.accepted() {
		var problem struct {
			Code string `json:"code"`
		}
		if json.Unmarshal(r.content, &problem) == nil {
			a.code = problem.Code
		}
	}
	return a
}
