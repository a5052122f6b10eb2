package postgres

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/internal/vault"
)

// IdempotencySubject is whose data key seals kept answers. Make it with [Store.NewSubject] at start.
const IdempotencySubject = "idempotency"

// Request identifies a repeated request: its key is scoped by caller, method and path. Key and body are keyed MACs.
type Request struct {
	Caller, Method, Path string
	Key, BodyMAC         []byte
}

// KeptAnswer is an answer given before.
type KeptAnswer struct {
	Status  int
	Headers map[string]string
	Body    []byte
}

// Claimed says what became of a claim.
type Claimed int

// The outcomes of a claim.
const (
	ClaimWon    Claimed = iota // this request is to do the work
	ClaimReused                // the key was used with another body
	ClaimKept                  // there is an answer
	ClaimBusy                  // another request is at work
)

// ClaimKey takes a request's key for lease, unless it was answered or is at work. since is when the caller began to wait:
// an answer that is not kept (202, 429, 5xx) is given to who was waiting when it came, and to nobody after.
func (s *Store) ClaimKey(ctx context.Context, r Request, since time.Time, lease time.Duration) (outcome Claimed, answer *KeptAnswer, err error) {
	tag, err := s.pool.Exec(ctx, `insert into idempotency (caller, method, path, key, body_mac, created_at, locked_until) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict do nothing`, r.Caller, r.Method, r.Path, r.Key, r.BodyMAC, s.now(), s.now().Add(lease))
	switch {
	case err != nil:
		return ClaimBusy, nil, err
	case tag.RowsAffected() == 1:
		return ClaimWon, nil, nil
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		outcome, answer, err = s.reclaim(ctx, tx, r, since, lease)
		return err
	})
	return outcome, answer, err
}

type claim struct {
	SameBody    bool
	Status      *int
	Headers     map[string]string
	Body        []byte
	AnsweredAt  *time.Time
	LockedUntil time.Time
}

func (s *Store) reclaim(ctx context.Context, tx pgx.Tx, r Request, since time.Time, lease time.Duration) (Claimed, *KeptAnswer, error) {
	const where = ` where caller = $1 and method = $2 and path = $3 and key = $4`
	var c claim
	err := tx.QueryRow(ctx, `select body_mac = $5, status, headers, body, answered_at, locked_until from idempotency`+where+` for update`,
		r.Caller, r.Method, r.Path, r.Key, r.BodyMAC).Scan(&c.SameBody, &c.Status, &c.Headers, &c.Body, &c.AnsweredAt, &c.LockedUntil)
	switch {
	case errors.Is(err, pgx.ErrNoRows): // cleared away just now
		return ClaimBusy, nil, nil
	case err != nil:
		return ClaimBusy, nil, err
	case !c.SameBody:
		return ClaimReused, nil, nil
	case c.Status != nil && (Kept(*c.Status) || c.AnsweredAt.After(since)):
		answer, err := s.openAnswer(ctx, tx, r, c)
		return ClaimKept, answer, err
	case c.LockedUntil.After(s.now()):
		return ClaimBusy, nil, nil
	}
	_, err = tx.Exec(ctx, `update idempotency set status = null, headers = null, body = null, answered_at = null, locked_until = $5`+where,
		r.Caller, r.Method, r.Path, r.Key, s.now().Add(lease))
	return ClaimWon, nil, err
}

// Kept reports whether an answer of this status is given again; 202, 429 and 5xx are not (api.md, Idempotency).
func Kept(status int) bool { return status < 500 && status != 202 && status != 429 }

// AnswerKey keeps the answer of a request whose claim was won, sealed, and lets others have it.
func (s *Store) AnswerKey(ctx context.Context, r Request, a KeptAnswer) error {
	headers, err := json.Marshal(a.Headers)
	if err != nil {
		return err
	}
	if wrapped := s.answers.get(); wrapped != nil {
		if kept, err := s.answerKey(ctx, r, a, headers, wrapped); kept || err != nil {
			return err
		}
	}
	wrapped, err := dataKey(ctx, s.pool, IdempotencySubject)
	if err != nil {
		return err
	}
	s.answers.set(wrapped)
	_, err = s.answerKey(ctx, r, a, headers, wrapped)
	return err
}

// answerKey keeps an answer sealed with a data key, if that is still the one that answers are sealed with.
func (s *Store) answerKey(ctx context.Context, r Request, a KeptAnswer, headers, wrapped []byte) (kept bool, err error) {
	sealed, err := s.sealBytes(wrapped, r.place(), a.Body)
	if err != nil {
		return false, err
	}
	tag, err := s.pool.Exec(ctx, `update idempotency set status = $5, headers = $6, body = $7, answered_at = $8, locked_until = $8
		where caller = $1 and method = $2 and path = $3 and key = $4 and exists (select from vault_keys where subject = $9 and wrapped = $10)`,
		r.Caller, r.Method, r.Path, r.Key, a.Status, headers, sealed, s.now(), IdempotencySubject, wrapped)
	return err == nil && tag.RowsAffected() == 1, err
}

// answerKey is the data key of kept answers as it was last read: it is the same for as long as the database is.
type answerKey struct{ wrapped atomic.Pointer[[]byte] }

func (k *answerKey) get() []byte {
	if wrapped := k.wrapped.Load(); wrapped != nil {
		return *wrapped
	}
	return nil
}

func (k *answerKey) set(wrapped []byte) { k.wrapped.Store(&wrapped) }

// ReleaseKey gives a claim up without an answer: the next request does the work.
func (s *Store) ReleaseKey(ctx context.Context, r Request) error {
	_, err := s.pool.Exec(ctx, `update idempotency set locked_until = $5 where caller = $1 and method = $2 and path = $3 and key = $4 and status is null`,
		r.Caller, r.Method, r.Path, r.Key, s.now())
	return err
}

// ForgetKey gives a claim up as if it had never been made.
func (s *Store) ForgetKey(ctx context.Context, r Request) error {
	_, err := s.pool.Exec(ctx, `delete from idempotency where caller = $1 and method = $2 and path = $3 and key = $4 and status is null`,
		r.Caller, r.Method, r.Path, r.Key)
	return err
}

// ClearKeys forgets answers given longer than age ago, and claims that came to none.
func (s *Store) ClearKeys(ctx context.Context, age time.Duration) error {
	_, err := s.pool.Exec(ctx, `delete from idempotency where coalesce(answered_at, created_at) < $1`, s.now().Add(-age))
	return err
}

func (s *Store) openAnswer(ctx context.Context, q querier, r Request, c claim) (*KeptAnswer, error) {
	wrapped, err := dataKey(ctx, q, IdempotencySubject)
	if err != nil {
		return nil, err
	}
	body, err := s.keys.Open(wrapped, r.place(), c.Body)
	if err != nil {
		return nil, err
	}
	return &KeptAnswer{Status: *c.Status, Headers: c.Headers, Body: body}, nil
}

// place is where the request's answer belongs: it opens for the same caller, method, path and key.
func (r Request) place() vault.Place {
	whose := Owner{Subject: IdempotencySubject, Row: strings.Join([]string{r.Caller, r.Method, r.Path}, "\n")}
	return whose.place(dossier.PurposeAnswer, hex.EncodeToString(r.Key))
}
