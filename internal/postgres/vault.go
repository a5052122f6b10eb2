package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"shiming/internal/dossier"
	"shiming/internal/vault"
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
	wrapped := remembered(q, subject)
	if wrapped != nil {
		return wrapped, nil
	}
	err := q.QueryRow(ctx, `select wrapped from vault_keys where subject = $1`, subject).Scan(&wrapped)
	switch {
	case err != nil:
		return nil, notFound(err)
	case wrapped == nil:
		return nil, ErrErased
	}
	remember(q, subject, wrapped)
	return wrapped, nil
}

// ErrForeign says that a reference leads to a sealed value of somebody else's, or of another kind: it was turned there by whoever
// wrote the database, or by a mistake of ours. Nothing is done with such a value.
var ErrForeign = errors.New("postgres: a reference leads to a sealed value that is not its owner's")

// Owner is whose a sealed value is: the subject under whose data key it lies, and the row that it belongs to. Whoever opens a
// value says whose it must be, from what they know.
type Owner struct{ Subject, Row string }

// Own is the owner of what a registration or a clearing itself refers to.
func Own(subject string) Owner { return Owner{Subject: subject, Row: subject} }

func (o Owner) place(purpose, name string) vault.Place {
	return vault.Place{Subject: o.Subject, Purpose: purpose, Row: o.Row, Name: name}
}

// Put seals v for its owner and returns the reference by which it may be named anywhere.
func (s *Store) Put(ctx context.Context, owner Owner, purpose string, v any) (ref string, err error) {
	return s.put(ctx, s.pool, owner, purpose, v)
}

func (s *Store) put(ctx context.Context, q querier, owner Owner, purpose string, v any) (string, error) {
	ref := registration.NewID("vlt")
	sealed, err := s.seal(ctx, q, owner.place(purpose, ref), v)
	if err != nil {
		return "", err
	}
	_, err = q.Exec(ctx, `insert into vault_items (ref, subject, purpose, sealed) values ($1, $2, $3, $4)`, ref, owner.Subject, purpose, sealed)
	return ref, err
}

// PutAs seals v under a reference of the caller's, anew if it is there: a repeated call hands in what the first one did.
func (s *Store) PutAs(ctx context.Context, ref string, owner Owner, purpose string, v any) error {
	sealed, err := s.seal(ctx, s.pool, owner.place(purpose, ref), v)
	if err != nil {
		return err
	}
	tag, err := s.pool.Exec(ctx, `insert into vault_items (ref, subject, purpose, sealed) values ($1, $2, $3, $4)
		on conflict (ref) do update set sealed = excluded.sealed where vault_items.subject = excluded.subject and vault_items.purpose = excluded.purpose`,
		ref, owner.Subject, purpose, sealed)
	if err == nil && tag.RowsAffected() == 0 {
		err = ErrForeign
	}
	return err
}

// Get opens what ref names into v, if it is owner's and was sealed for the purpose; else the error is [ErrForeign].
func (s *Store) Get(ctx context.Context, owner Owner, ref, purpose string, v any) error {
	return s.get(ctx, s.pool, owner, ref, purpose, v)
}

func (s *Store) get(ctx context.Context, q querier, owner Owner, ref, purpose string, v any) error {
	item := sealedItem{ref: ref}
	err := q.QueryRow(ctx, `select i.subject, i.purpose, i.sealed, k.wrapped from vault_items i join vault_keys k on k.subject = i.subject where i.ref = $1`, ref).
		Scan(&item.subject, &item.purpose, &item.sealed, &item.wrapped)
	if err != nil {
		return fmt.Errorf("postgres: vault item: %w", notFound(err))
	}
	if err := s.openItem(item, owner, purpose, v); err != nil {
		return err
	}
	remember(q, owner.Subject, item.wrapped)
	return nil
}

// drop forgets a vault item that has served its purpose (a card, a code); an item already gone is no error.
func drop(ctx context.Context, q querier, refs ...string) error {
	_, err := q.Exec(ctx, `delete from vault_items where ref = any($1)`, refs)
	return err
}

// dropSuperseded forgets an item that its row names no longer, so that no reference can be turned back to it. A payment that was
// made before payees were sealed for their payments may still need it.
func dropSuperseded(ctx context.Context, q querier, ref string) error {
	_, err := q.Exec(ctx, `delete from vault_items where ref = $1 and not exists (select from payments where company_ref = $1)`, ref)
	return err
}

func (s *Store) seal(ctx context.Context, q querier, p vault.Place, v any) ([]byte, error) {
	wrapped, err := dataKey(ctx, q, p.Subject)
	if err != nil {
		return nil, err
	}
	return s.sealWith(wrapped, p, v)
}

func (s *Store) sealWith(wrapped []byte, p vault.Place, v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return s.sealBytes(wrapped, p, plain)
}

func (s *Store) sealBytes(wrapped []byte, p vault.Place, plain []byte) ([]byte, error) {
	block, known := dossier.Block(p.Purpose)
	if !known {
		return nil, fmt.Errorf("postgres: nothing is sealed for %q", p.Purpose)
	}
	return s.keys.Seal(wrapped, p, block, plain)
}

// sealShared is seal for a subject that is nobody's registration or clearing; its key is made when it is first needed.
func (s *Store) sealShared(ctx context.Context, q querier, p vault.Place, v any) ([]byte, error) {
	sealed, err := s.seal(ctx, q, p, v)
	if !errors.Is(err, ErrNotFound) {
		return sealed, err
	}
	if err := s.ensureSubject(ctx, q, p.Subject); err != nil {
		return nil, err
	}
	return s.seal(ctx, q, p, v)
}

func (s *Store) unseal(ctx context.Context, q querier, p vault.Place, sealed []byte, v any) error {
	wrapped, err := dataKey(ctx, q, p.Subject)
	if err != nil {
		return err
	}
	return s.unsealWith(wrapped, p, sealed, v)
}

// unsealWith opens a sealed value. One that does not open at its place was put there by somebody else.
func (s *Store) unsealWith(wrapped []byte, p vault.Place, sealed []byte, v any) error {
	plain, err := s.keys.Open(wrapped, p, sealed)
	if errors.Is(err, vault.ErrSealed) {
		return fmt.Errorf("%w: %s of %s: %w", ErrForeign, p.Purpose, p.Row, err)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, v)
}
