package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"shiming/internal/postgres"
	"shiming/internal/problem"
	"shiming/registration"
)

const (
	keepAnswers   = 48 * time.Hour // twice what the contract promises
	sweepEvery    = time.Hour
	claimWithin   = 5 * time.Second
	claimLeast    = 1500 * time.Millisecond
	answerWithin  = 3 * time.Second
	longestKey    = 255
	longestPath   = 512
	firstLook     = 20 * time.Millisecond
	longestLook   = 250 * time.Millisecond
	leaseMargin   = 20 * time.Second // beyond the time an answer may take: then its process has died
	waitMargin    = 3 * time.Second
	idempotencyIn = "Idempotency-Key"
)

// once gives a call with an idempotency key one effect: the first does the work, the others get its answer.
func (s *server) once(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	req := requestOf(r.Context())
	keys := r.Header.Values(idempotencyIn)
	if rt := routeOf(ctx); !rt.mutates() || rt.signed != "" || len(keys) == 0 {
		req.seed = registration.NewID("call")
		next(ctx)
		return
	}
	if len(r.URL.EscapedPath()) > longestPath { // none of ours, and more than the database can index
		write(w, problem.New(registration.CodeNotFound))
		return
	}
	if len(keys) > 1 || len(keys[0]) > longestKey || !visible(keys[0]) {
		write(w, problem.FromFields(registration.FieldError{
			Location: "header.Idempotency-Key", Code: codeInvalid, Message: "Send one key of 1 to 255 visible ASCII characters.",
		}))
		return
	}
	if req.stranger {
		req.seed = registration.NewID("call")
		next(ctx)
		return
	}
	req.seed = strings.Join([]string{req.caller.id, r.Method, r.URL.EscapedPath(), keys[0]}, "\n")
	claimed := s.identify(r, req, keys[0])
	kept, won, p := s.claim(r.Context(), claimed, req)
	switch {
	case p != nil:
		write(w, p)
	case won:
		s.waited(req)
		s.perform(ctx, claimed, next)
	default:
		replay(w, kept)
	}
}

// identify makes the keyed MACs under which a request is known again: neither its key nor its body is stored.
func (s *server) identify(r *http.Request, req *request, key string) postgres.Request {
	var content string
	if req.upload != nil {
		content = req.upload.doc.SHA256
	} else {
		sum := sha256.Sum256(bodyOf(r))
		content = hex.EncodeToString(sum[:])
	}
	return postgres.Request{
		Caller: req.caller.id, Method: r.Method, Path: r.URL.EscapedPath(),
		Key: s.Keys.Fingerprint("idempotency key", key), BodyMAC: s.Keys.Fingerprint("idempotency body", content),
	}
}

// claim waits until the request is this call's to do, or has an answer.
func (s *server) claim(ctx context.Context, r postgres.Request, req *request) (kept *postgres.KeptAnswer, won bool, p *problem.Problem) {
	s.sweep.now(s)
	give := req.started.Add(s.AnswerWithin + waitMargin)
	for look := firstLook; ; look = min(2*look, longestLook) {
		asking, cancel := context.WithTimeout(ctx, max(min(claimWithin, req.started.Add(outsideShare).Sub(s.Now())), claimLeast))
		outcome, answer, err := s.Store.ClaimKey(asking, r, req.started, s.AnswerWithin+leaseMargin)
		cancel()
		switch {
		case err != nil:
			return nil, false, s.problemOf(ctx, err)
		case outcome == postgres.ClaimWon:
			return nil, true, nil
		case outcome == postgres.ClaimKept:
			return answer, false, nil
		case outcome == postgres.ClaimReused:
			return nil, false, problem.New(problem.CodeIdempotencyKeyReused)
		case s.Now().After(give):
			return nil, false, stillAtWork()
		}
		pause := time.NewTimer(look)
		select {
		case <-ctx.Done():
			pause.Stop()
			return nil, false, stillAtWork()
		case <-pause.C:
		}
	}
}

// stillAtWork is told to who has waited for a call with the same key: what that one comes to nobody can say yet.
func stillAtWork() *problem.Problem {
	return problem.New(problem.CodeEngineUnavailable, problem.WithDetail(
		"Another call with this key is at work, or its process has ended: send the same again with the same key to hear what it comes to."))
}

// perform does the work, even if the client leaves meanwhile, and keeps the answer.
func (s *server) perform(ctx huma.Context, claimed postgres.Request, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	rec := &recorder{header: http.Header{}, status: http.StatusOK}
	answered := false
	work := detached(r.Context())
	defer func() {
		if !answered { // a panic on its way up
			keeping, cancel := context.WithTimeout(work, answerWithin)
			defer cancel()
			if err := s.Store.ReleaseKey(keeping, claimed); err != nil {
				s.Log.ErrorContext(work, "an idempotency key stays locked for a while", "error", err)
			}
		}
	}()
	next(humago.NewContext(ctx.Operation(), r.WithContext(work), rec))
	answer := rec.answer()
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		keeping, cancel := context.WithTimeout(work, answerWithin)
		defer cancel()
		if err := s.keep(keeping, routeOf(ctx), claimed, answer); err != nil {
			s.Log.ErrorContext(work, "an answer could not be kept; a repeat does the work again", "operation", ctx.Operation().OperationID, "error", err)
		}
	}()
	awaitKept(kept, answer.Status)
	answered = true
	replay(w, &answer)
}

// freeWithin is how long an answer that is not kept waits until its key is free again: a database that hangs must not make it late.
const freeWithin = 300 * time.Millisecond

// awaitKept waits until an answer is kept. For one that is not, it does not insist.
func awaitKept(kept <-chan struct{}, status int) {
	if postgres.Kept(status) {
		<-kept
		return
	}
	late := time.NewTimer(freeWithin)
	defer late.Stop()
	select {
	case <-kept:
	case <-late.C:
	}
}

// keep keeps an answer. A refusal of what anybody may call is not kept: it has changed nothing, and is the same again or better.
func (s *server) keep(ctx context.Context, rt route, claimed postgres.Request, a postgres.KeptAnswer) error {
	if rt.public && a.Status >= http.StatusBadRequest {
		return s.Store.ForgetKey(ctx, claimed)
	}
	return s.Store.AnswerKey(ctx, claimed, a)
}

func replay(w http.ResponseWriter, a *postgres.KeptAnswer) {
	for name, value := range a.Headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // the client is gone; nobody is left to tell
}

// recorder holds an answer back until it is kept.
type recorder struct {
	header http.Header
	status int
	sent   bool
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if !r.sent {
		r.status, r.sent = status, true
	}
}

func (r *recorder) Write(b []byte) (int, error) {
	r.sent = true
	return r.body.Write(b)
}

func (r *recorder) answer() postgres.KeptAnswer {
	headers := map[string]string{}
	for name := range r.header {
		headers[name] = r.header.Get(name)
	}
	return postgres.KeptAnswer{Status: r.status, Headers: headers, Body: r.body.Bytes()}
}

// sweeper forgets old answers now and then.
type sweeper struct{ last atomic.Int64 } // Unix seconds

func (sw *sweeper) now(s *server) {
	at := s.Now().Unix()
	last := sw.last.Load()
	if at-last < int64(sweepEvery.Seconds()) || !sw.last.CompareAndSwap(last, at) {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.Store.ClearKeys(ctx, keepAnswers); err != nil {
			s.Log.ErrorContext(ctx, "old answers could not be cleared", "error", err)
		}
	}()
}
