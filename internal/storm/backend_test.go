package storm

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"shiming/registration"
)

// Tokens are the names of their callers.
const (
	platform = "platform"
	reviewer = "reviewer"
	ops      = "ops"
)

const (
	callTimeout  = 30 * time.Second // the API answers within ten
	retryPause   = 150 * time.Millisecond
	longestRetry = 2 * time.Second
)

// backend calls the product as a good platform backend does, and remembers what it was told.
type backend struct {
	apis []string
	http *http.Client

	mu         sync.Mutex
	told       []*told
	complaints []trouble // about answers that no caller should get
	lastYes    time.Time // when somebody got on
}

// told is one thing that was asked for, and the last word on it.
type told struct {
	Account, Act, Key string
	Method, Path      string
	Status            int  // 0: nobody knows (yet)
	Busy              bool // answered 503 at least once
	Abandoned         bool // after a 503, not asked for again
	Later             bool // answered 202 at least once
	Tries             int
	Heard             []string // the answer to each try
	Body              []byte   // the answer's
	Began             time.Time

	problem

	slot, sha256 string // of a document
	payment      int    // which payment of its registration it was about, counted from 1
}

// problem is what a refusal says.
type problem struct {
	Code         string             `json:"code"`
	State        registration.State `json:"state"`
	AttemptsLeft *int               `json:"attempts_left"`
}

// ask is one act.
type ask struct {
	account, act string
	method, path string
	token        string
	body         any // JSON, or bytes: an image
	abandon      bool
	watch        string // where "processing" shows
	stands       registration.State
}

// act asks until there is an answer that counts: again with the same key after none, a 429 of the rate or a 5xx, and when
// the work of a 202 is done.
func (b *backend) act(ctx context.Context, p *pass, a ask) *told {
	t := &told{Account: a.account, Act: a.act, Key: registration.NewID("key"), Method: a.method, Path: a.path, Began: time.Now()}
	b.mu.Lock()
	b.told = append(b.told, t)
	b.mu.Unlock()
	unknown := false // a try before this one may have done it, or may still: a 503 speaks of its own call alone
	for p.through(ctx) {
		t.Tries++
		status, header, body, err := b.send(ctx, b.apis[t.Tries%len(b.apis)], a.method, a.path, a.token, t.Key, a.body)
		b.heard(t, status, body, err)
		switch {
		case err != nil:
			unknown = true
			p.pause(ctx, retryPause*time.Duration(min(t.Tries, 6)))
		case status == http.StatusAccepted:
			t.Later, unknown = true, true
			b.awaitDone(ctx, p, a)
		case again(status, body):
			t.Busy = true
			if a.abandon && status == http.StatusServiceUnavailable && !unknown {
				t.Abandoned = true
				return t
			}
			unknown = unknown || status >= http.StatusInternalServerError && status != http.StatusServiceUnavailable
			p.pause(ctx, after(header))
		default:
			b.answered(ctx, p, a, t, status, body)
			return t
		}
	}
	return t
}

// heard notes the answer to one try, for who has to find out why an act came to what it did.
func (b *backend) heard(t *told, status int, body []byte, err error) {
	said := "nothing"
	if err == nil {
		var p problem
		_ = json.Unmarshal(body, &p) // an answer without a code is named by its status
		said = strings.TrimSpace(fmt.Sprint(status, " ", p.Code))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	t.Heard = append(t.Heard, fmt.Sprintf("%s %s", time.Now().UTC().Format(clock), said))
}

// answered notes the last word.
func (b *backend) answered(ctx context.Context, p *pass, a ask, t *told, status int, body []byte) {
	b.mu.Lock()
	t.Status, t.Body = status, body
	if status >= http.StatusBadRequest {
		_ = json.Unmarshal(body, &t.problem) // a problem without these fields says nothing of them
	} else {
		b.lastYes = time.Now()
	}
	b.mu.Unlock()
	byState := []string{string(registration.CodeWrongState), string(registration.CodeSubmittedLocked)}
	if status == http.StatusConflict && slices.Contains(byState, t.Code) && a.stands != "" {
		b.doubt(ctx, p, a, t)
	}
}

// doubt complains of a 409 by somebody who believed the registration to stand elsewhere than it stands and stood.
func (b *backend) doubt(ctx context.Context, p *pass, a ask, t *told) {
	v, ok := b.view(ctx, p, a.watch)
	if ok && v.State == a.stands && t.State != "" && t.State != v.State {
		b.complain(trouble{ruleBehind, a.account, fmt.Sprintf("%s was refused as if in %s while the row stood in %s", a.act, t.State, v.State)})
	}
}

func (b *backend) complain(of trouble) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Contains(b.complaints, of) {
		b.complaints = append(b.complaints, of)
	}
}

// final429 are the refusals that no patience cures.
var final429 = []string{"card_attempts_exceeded", "code_attempts_exceeded", "payout_limit_reached", "acts_exceeded"}

// again reports whether the answer asks for another try.
func again(status int, body []byte) bool {
	if status == http.StatusTooManyRequests {
		var p struct{ Code string }
		return json.Unmarshal(body, &p) != nil || !slices.Contains(final429, p.Code)
	}
	return status >= http.StatusInternalServerError
}

// after is how long a busy API asks to be left alone, within reason.
func after(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds <= 0 {
		return longestRetry / 2
	}
	return min(time.Duration(seconds)*time.Second, longestRetry)
}

// awaitDone polls what was answered 202.
func (b *backend) awaitDone(ctx context.Context, p *pass, a ask) {
	for until := time.Now().Add(40 * time.Second); time.Now().Before(until) && p.through(ctx); {
		if v, ok := b.view(ctx, p, a.watch); ok && !v.Processing {
			return
		}
		p.pause(ctx, time.Second)
	}
}

// view reads a registration, or as much of a clearing as the two have in common.
func (b *backend) view(ctx context.Context, p *pass, path string) (v registration.View, ok bool) {
	return v, b.read(ctx, p, path, platform, &v)
}

// read gets a document, from whichever API answers.
func (b *backend) read(ctx context.Context, p *pass, path, token string, into any) bool {
	for try := range 6 {
		if !p.through(ctx) {
			return false
		}
		status, _, body, err := b.send(ctx, b.apis[try%len(b.apis)], http.MethodGet, path, token, "", nil)
		if err == nil && status == http.StatusOK {
			return json.Unmarshal(body, into) == nil
		}
		if err == nil && status < http.StatusInternalServerError {
			return false
		}
		p.pause(ctx, retryPause*time.Duration(try+1))
	}
	return false
}

// send is one exchange.
func (b *backend) send(ctx context.Context, api, method, path, token, key string, body any) (status int, header http.Header, answer []byte, err error) {
	var reader io.Reader
	contentType := ""
	switch body := body.(type) {
	case nil:
	case []byte:
		reader, contentType = bytes.NewReader(body), "image/png"
	default:
		raw, err := json.Marshal(body)
		if err != nil {
			return 0, nil, nil, err
		}
		reader, contentType = bytes.NewReader(raw), "application/json"
	}
	req, err := http.NewRequestWithContext(ctx, method, api+path, reader)
	if err != nil {
		return 0, nil, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := b.http.Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err = io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, answer, err
}
