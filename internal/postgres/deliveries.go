package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/registration"
)

// The states of a delivery.
const (
	DeliveryPending   = "pending" // tried, and tried again
	DeliveryDelivered = "delivered"
	DeliveryFailed    = "failed" // given up, or its endpoint was disabled
)

// Delivery is one event on its way to one endpoint, as the subscriber sees it.
type Delivery struct {
	ID         string
	EventID    string
	Type       registration.WebhookEvent
	State      string
	CreatedAt  time.Time
	FinishedAt *time.Time
	GiveUpAt   time.Time
	Log        []Attempt // oldest first
}

// Attempt is one try to deliver.
type Attempt struct {
	Number     int       `json:"number"`
	At         time.Time `json:"at"` // as signed
	DurationMS int64     `json:"duration_ms"`
	Status     *int      `json:"status"` // nil: no answer
	Error      *string   `json:"error"`  // its class; nil: accepted
	Signature  string    `json:"signature"`
}

// FanOut makes a delivery of an event for every endpoint that wants it, and leaves word to start each. Doing it again
// adds nothing.
func (s *Store) FanOut(ctx context.Context, eventID string) error {
	rows, err := s.pool.Query(ctx, `select w.id from events e join webhook_endpoints w on w.disabled_at is null and w.events @> array[e.type] where e.id = $1
		order by w.id`, eventID)
	if err != nil {
		return err
	}
	endpoints, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(endpoints) == 0 {
		return err
	}
	return s.deliver(ctx, eventID, endpoints)
}

// deliver makes the deliveries of an event to endpoints, of each one that there is not, all or none. An endpoint that was dropped
// meanwhile wants nothing any more.
func (s *Store) deliver(ctx context.Context, eventID string, endpoints []string) error {
	at := s.now()
	giveUpAt := s.cal.Days(at, registration.DeliveryDays)
	ids, payloads := make([]string, len(endpoints)), make([]string, len(endpoints))
	for i := range endpoints {
		d := registration.Delivery{ID: registration.NewID("whd"), Round: 1, GiveUpAt: giveUpAt}
		payload, err := json.Marshal(d)
		if err != nil {
			return err
		}
		ids[i], payloads[i] = d.ID, string(payload)
	}
	_, err := s.pool.Exec(ctx, `with wanted as (select w.id as endpoint, d.id from unnest($1::text[], $2::text[]) d(endpoint, id)
			join webhook_endpoints w on w.id = d.endpoint for key share of w),
		made as (insert into webhook_deliveries (id, endpoint_id, event_id, created_at, give_up_at) select id, endpoint, $4, $5, $6 from wanted
			on conflict (endpoint_id, event_id) do nothing returning id),
		word as (insert into outbox (kind, ref, payload, created_at, next_at) select '`+MessageDelivery+`', made.id, p.payload::jsonb, $5, $5
			from made join unnest($2::text[], $3::text[]) p(id, payload) using (id) returning kind)
		select pg_notify('shiming_outbox', kind) from word limit 1`, endpoints, ids, payloads, eventID, at, giveUpAt)
	return err
}

// send leaves word for the relay to start a delivery.
func (s *Store) send(ctx context.Context, tx pgx.Tx, d registration.Delivery) error {
	payload, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return enqueue(ctx, tx, s.now(), MessageDelivery, d.ID, payload)
}

// PingEndpoint makes an event that only this endpoint of owner's hears of, tried once. If there is
// a delivery of that id already, it makes no other.
func (s *Store) PingEndpoint(ctx context.Context, owner, endpointID, deliveryID string) (*Delivery, error) {
	if there, err := s.DeliveryOf(ctx, owner, endpointID, deliveryID); !errors.Is(err, ErrNotFound) {
		return there, err
	}
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		at, event := s.now(), registration.NewID("evt")
		tag, err := tx.Exec(ctx, `insert into events (id, type, registration_id, account_id, sequence, from_state, to_state, at)
			select $1, $2, id, '', 0, '', '', $3 from webhook_endpoints where id = $4 and owner = $5 for key share`,
			event, registration.EventPing, at, endpointID, owner)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return ErrNotFound
		}
		_, err = tx.Exec(ctx, `insert into webhook_deliveries (id, endpoint_id, event_id, asked, created_at, give_up_at) values ($1, $2, $3, true, $4, $4)`,
			deliveryID, endpointID, event, at)
		if err != nil {
			return err
		}
		return s.send(ctx, tx, registration.Delivery{ID: deliveryID, Round: 1, GiveUpAt: at})
	})
	if err != nil {
		return nil, err
	}
	return s.DeliveryOf(ctx, owner, endpointID, deliveryID)
}

// RetryDelivery begins a delivery of owner's anew, whatever became of it, with three days of its own. A round under way
// ends when it notices; a disabled endpoint is tried too, and enabled again if it accepts. A ping is tried once again.
func (s *Store) RetryDelivery(ctx context.Context, owner, endpointID, deliveryID string) (*Delivery, error) {
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		var kind registration.WebhookEvent
		err := tx.QueryRow(ctx, `select e.type from webhook_endpoints w join webhook_deliveries d on d.endpoint_id = w.id join events e on e.id = d.event_id
			where w.owner = $1 and w.id = $2 and d.id = $3 for no key update of w`, owner, endpointID, deliveryID).Scan(&kind)
		if err != nil {
			return notFound(err)
		}
		d := registration.Delivery{ID: deliveryID, GiveUpAt: s.now()}
		if kind != registration.EventPing {
			d.GiveUpAt = s.cal.Days(d.GiveUpAt, registration.DeliveryDays)
		}
		err = tx.QueryRow(ctx, `update webhook_deliveries set state = 'pending', round = round + 1, asked = true, give_up_at = $2, failed_first = null,
			finished_at = null where id = $1 returning round`, deliveryID, d.GiveUpAt).Scan(&d.Round)
		if err != nil {
			return err
		}
		return s.send(ctx, tx, d)
	})
	if err != nil {
		return nil, err
	}
	return s.DeliveryOf(ctx, owner, endpointID, deliveryID)
}

const deliveryColumns = `d.id, d.event_id, e.type, d.state, d.created_at, d.finished_at, d.give_up_at,
	coalesce((select jsonb_agg(jsonb_build_object('number', a.number, 'at', a.at, 'duration_ms', a.duration_ms, 'status', a.status, 'error', a.error,
		'signature', a.signature) order by a.number) from webhook_attempts a where a.delivery_id = d.id), '[]') as log`

// DeliveryOf returns one delivery to an endpoint of owner's.
func (s *Store) DeliveryOf(ctx context.Context, owner, endpointID, deliveryID string) (*Delivery, error) {
	rows, err := s.pool.Query(ctx, `select `+deliveryColumns+` from webhook_deliveries d join events e on e.id = d.event_id
		join webhook_endpoints w on w.id = d.endpoint_id where w.owner = $1 and w.id = $2 and d.id = $3`, owner, endpointID, deliveryID)
	if err != nil {
		return nil, err
	}
	d, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[Delivery])
	return d, notFound(err)
}

// Deliveries lists what was sent to an endpoint of owner's, newest first, each with its log.
func (s *Store) Deliveries(ctx context.Context, owner, endpointID, after string, limit int) (Page[*Delivery], error) {
	var page Page[*Delivery]
	if _, err := s.EndpointOf(ctx, owner, endpointID); err != nil {
		return page, err
	}
	cut, args := "", []any{endpointID}
	if after != "" {
		at, id, err := readCursor(after)
		if err != nil {
			return page, err
		}
		cut, args = " and (d.created_at, d.id) < ($2, $3)", append(args, at, id)
	}
	rows, err := s.pool.Query(ctx, fmt.Sprintf(`select %s from webhook_deliveries d join events e on e.id = d.event_id where d.endpoint_id = $1%s
		order by d.created_at desc, d.id desc limit %d`, deliveryColumns, cut, limit+1), args...)
	if err != nil {
		return page, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[Delivery])
	page.Items, page.NextCursor = trim(all, limit, func(x *Delivery) (time.Time, string) { return x.CreatedAt, x.ID })
	return page, err
}
