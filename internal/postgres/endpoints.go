package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/internal/vault"
	"shiming/registration"
)

// EndpointsPerOwner is how many endpoints a caller may have.
const EndpointsPerOwner = 20

func secretPlace(endpointID string) vault.Place {
	return Own(endpointID).place(dossier.PurposeWebhookSecret, "")
}

// Why an endpoint was disabled.
const (
	DisabledFailing = "failing" // nothing was delivered for three days
	DisabledGone    = "gone"    // it answered 410
)

// Endpoint is where a subscriber wants events sent.
type Endpoint struct {
	ID           string
	URL          string
	Events       []registration.WebhookEvent
	CreatedAt    time.Time
	FailingSince *time.Time
	DisabledAt   *time.Time
	DisabledFor  *string
}

const endpointColumns = `id, url, events, created_at, failing_since, disabled_at, disabled_for`

// ErrTooMany says that somebody has as many of something as they may.
var ErrTooMany = errors.New("postgres: too many")

// AddEndpoint subscribes owner's endpoint and seals its secret. Adding the very same again (id, owner, address, events)
// changes nothing; it reports false if the id is another endpoint's. The error is [ErrTooMany] if the owner has as many as
// they may.
func (s *Store) AddEndpoint(ctx context.Context, owner string, e *Endpoint, secret string) (same bool, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended($1, 4))`, owner); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, `select owner = $2 and url = $3 and events = $4, created_at from webhook_endpoints where id = $1`,
			e.ID, owner, e.URL, e.Events).Scan(&same, &e.CreatedAt)
		if !errors.Is(notFound(err), ErrNotFound) {
			return err
		}
		same = true
		return s.insertEndpoint(ctx, tx, owner, e, secret)
	})
	return same && err == nil, err
}

// insertEndpoint adds an endpoint. Steps that have looked for subscribers and have not ended yet are waited for, and those that
// come after see this one: whatever happens once a caller was told of its subscription, it is told of.
func (s *Store) insertEndpoint(ctx context.Context, tx pgx.Tx, owner string, e *Endpoint, secret string) error {
	var count int
	if err := tx.QueryRow(ctx, `select count(*) from webhook_endpoints where owner = $1`, owner).Scan(&count); err != nil {
		return err
	}
	if count >= EndpointsPerOwner {
		return ErrTooMany
	}
	wrapped, err := s.keys.NewDataKey(e.ID)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `insert into vault_keys (subject, wrapped) values ($1, $2)`, e.ID, wrapped); err != nil {
		return err
	}
	sealed, err := s.seal(ctx, tx, secretPlace(e.ID), secret)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `set local lock_timeout = '2s'`); err != nil { // whoever writes an event waits behind this lock
		return err
	}
	if _, err := tx.Exec(ctx, `lock table events in share mode`); err != nil {
		return err
	}
	e.CreatedAt = s.now().Truncate(time.Microsecond) // as it will be read again
	_, err = tx.Exec(ctx, `insert into webhook_endpoints (id, owner, url, events, secret, created_at) values ($1, $2, $3, $4, $5, $6)`,
		e.ID, owner, e.URL, e.Events, sealed, e.CreatedAt)
	return err
}

// Endpoints lists an owner's endpoints, newest first.
func (s *Store) Endpoints(ctx context.Context, owner, after string, limit int) (Page[*Endpoint], error) {
	var page Page[*Endpoint]
	cut, args := "", []any{owner}
	if after != "" {
		at, id, err := readCursor(after)
		if err != nil {
			return page, err
		}
		cut, args = " and (created_at, id) < ($2, $3)", append(args, at, id)
	}
	rows, err := s.pool.Query(ctx, fmt.Sprintf(`select %s from webhook_endpoints where owner = $1%s order by created_at desc, id desc limit %d`,
		endpointColumns, cut, limit+1), args...)
	if err != nil {
		return page, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[Endpoint])
	page.Items, page.NextCursor = trim(all, limit, func(x *Endpoint) (time.Time, string) { return x.CreatedAt, x.ID })
	return page, err
}

// EndpointOf returns an endpoint of owner's, [ErrNotFound] if it is somebody else's.
func (s *Store) EndpointOf(ctx context.Context, owner, id string) (*Endpoint, error) {
	rows, err := s.pool.Query(ctx, `select `+endpointColumns+` from webhook_endpoints where owner = $1 and id = $2`, owner, id)
	if err != nil {
		return nil, err
	}
	e, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[Endpoint])
	return e, notFound(err)
}

// DropEndpoint ends a subscription. Its secret, its deliveries and their log go with it.
func (s *Store) DropEndpoint(ctx context.Context, owner, id string) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `delete from webhook_endpoints where owner = $1 and id = $2`, owner, id)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return ErrNotFound
		}
		if _, err := tx.Exec(ctx, `delete from events where registration_id = $1 and type = $2`, id, registration.EventPing); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `delete from vault_keys where subject = $1`, id)
		return err
	})
}
