package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"shiming/registration"
)

// ErrErased says that a subject's data key is no longer there: what it sealed does not open. Nothing in the product removes one and
// keeps its row; somebody did.
var ErrErased = errors.New("postgres: the subject's data was erased")

// querier is a pool or a transaction.
type querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// NewSubject makes a data key for a registration or clearing.
func (s *Store) NewSubject(ctx context.Context, subject string) error {
	return s.ensureSubject(ctx, s.pool, subject)
}

func (s *Store) ensureSubject(ctx context.Context, q querier, subject string) error {
	wrapped, err := s.keys.NewDataKey(subject)
	if err != nil {
		return err
	}
	_, err = q.Exec(ctx, `insert into vault_keys (subject, wrapped) values ($1, $2) on conflict do nothing`, subject, wrapped)
	return err
}

// DropSubject forgets a subject that came to nothing: its registration was refused before it existed.
func (s *Store) DropSubject(ctx context.Context, subject string) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `delete from vault_items where subject = $1`, subject); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `delete from vault_keys where subject = $1`, subject)
		return err
	})
}

// CloseOpening forgets what was handed in with a registration or clearing whose caller is answered that it did not come to be:
// from here on it cannot. It reports true if it stands already.
func (s *Store) CloseOpening(ctx context.Context, id string) (stands bool, err error) {
	if _, err := s.standing(ctx, id); !errors.Is(err, ErrNotFound) {
		return err == nil, err
	}
	err = s.DropSubject(ctx, id)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == foreignKeyViolation { // it has come to be in the last moment
		return true, nil
	}
	return false, err
}

// foreignKeyViolation is PostgreSQL's code (appendix A of its manual).
const foreignKeyViolation = "23503"

// DataKey returns a subject's wrapped data key, [ErrErased] if it was removed.
func (s *Store) DataKey(ctx context.Context, subject string) ([]byte, error) {
	return dataKey(ctx, s.pool, subject)
}

func dataKey(ctx context.Context, q querier, subject string) ([]byte, error) {
	var wrapped []byte
	err := q.QueryRow(ctx, `select wrapped from vault_keys where subject = $1`, subject).Scan(&wrapped)
	switch {
	case err != nil:
		return nil, notFound(err)
	case wrapped == nil:
		return nil, ErrErased
	}
	return wrapped, nil
}

// Put seals v for a subject and returns the reference by which it may be named anywhere.
func (s *Store) Put(ctx context.Context, subject, purpose string, v any) (ref string, err error) {
	return s.put(ctx, s.pool, subject, purpose, v)
}

func (s *Store) put(ctx context.Context, q querier, subject, purpose string, v any) (string, error) {
	ref := registration.NewID("vlt")
	sealed, err := s.seal(ctx, q, subject, purpose+"/"+ref, v)
	if err != nil {
		return "", err
	}
	_, err = q.Exec(ctx, `insert into vault_items (ref, subject, purpose, sealed) values ($1, $2, $3, $4)`, ref, subject, purpose, sealed)
	return ref, err
}

// PutAs seals v under a reference of the caller's, anew if it is there: a repeated call hands in what the first one did.
func (s *Store) PutAs(ctx context.Context, ref, subject, purpose string, v any) error {
	sealed, err := s.seal(ctx, s.pool, subject, purpose+"/"+ref, v)
	if err != nil {
		return err
	}
	_, err = s.pool.Exec(ctx, `insert into vault_items (ref, subject, purpose, sealed) values ($1, $2, $3, $4)
		on conflict (ref) do update set sealed = excluded.sealed where vault_items.subject = excluded.subject and vault_items.purpose = excluded.purpose`,
		ref, subject, purpose, sealed)
	return err
}

// Get opens what ref names into v. The purpose must be the one it was sealed for.
func (s *Store) Get(ctx context.Context, ref, purpose string, v any) error {
	return s.get(ctx, s.pool, ref, purpose, v)
}

func (s *Store) get(ctx context.Context, q querier, ref, purpose string, v any) error {
	var subject string
	var sealed []byte
	err := q.QueryRow(ctx, `select subject, sealed from vault_items where ref = $1 and purpose = $2`, ref, purpose).Scan(&subject, &sealed)
	if err != nil {
		return fmt.Errorf("postgres: vault item: %w", notFound(err))
	}
	return s.unseal(ctx, q, subject, purpose+"/"+ref, sealed, v)
}

// drop forgets a vault item that has served its purpose (a card, a code); an item already gone is no error.
func drop(ctx context.Context, q querier, ref string) error {
	_, err := q.Exec(ctx, `delete from vault_items where ref = $1`, ref)
	return err
}

func (s *Store) seal(ctx context.Context, q querier, subject, purpose string, v any) ([]byte, error) {
	wrapped, err := dataKey(ctx, q, subject)
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return s.keys.Seal(wrapped, subject, purpose, plain)
}

func (s *Store) unseal(ctx context.Context, q querier, subject, purpose string, sealed []byte, v any) error {
	wrapped, err := dataKey(ctx, q, subject)
	if err != nil {
		return err
	}
	plain, err := s.keys.Open(wrapped, subject, purpose, sealed)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, v)
}
