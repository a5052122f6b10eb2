package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/notice"
	"shiming/registration"
)

// Outgoing is a delivery ready to be sent.
type Outgoing struct {
	EndpointID string
	Owner      string
	URL        string
	Secret     string
	Failing    bool // it has accepted nothing since it first failed
	Event      Event
}

// Event is what happened, as subscribers are told.
type Event struct {
	ID        string
	Type      registration.WebhookEvent
	SubjectID string // registration or clearing
	AccountID string
	Sequence  int64
	From, To  registration.State
	At        time.Time
}

// TakeDelivery opens a delivery for a try. It returns nil if there is nothing left to try: it was delivered, begun
// anew, or its endpoint was dropped or disabled.
func (s *Store) TakeDelivery(ctx context.Context, id string, round int) (*Outgoing, error) {
	var o Outgoing
	var sealed []byte
	err := s.pool.QueryRow(ctx, `select w.id, w.owner, w.url, w.secret, w.failing_since is not null, e.id, e.type, e.registration_id, e.account_id, e.sequence, e.from_state, e.to_state, e.at
		from webhook_deliveries d join webhook_endpoints w on w.id = d.endpoint_id join events e on e.id = d.event_id
		where d.id = $1 and d.round = $2 and d.state = 'pending' and (w.disabled_at is null or d.asked)`, id, round).
		Scan(&o.EndpointID, &o.Owner, &o.URL, &sealed, &o.Failing, &o.Event.ID, &o.Event.Type, &o.Event.SubjectID, &o.Event.AccountID, &o.Event.Sequence,
			&o.Event.From, &o.Event.To, &o.Event.At)
	if errors.Is(notFound(err), ErrNotFound) {
		return nil, s.leaveDelivery(ctx, id, round)
	}
	if err != nil {
		return nil, err
	}
	return &o, s.unseal(ctx, s.pool, secretPlace(o.EndpointID), sealed, &o.Secret)
}

// leaveDelivery gives up what a disabled endpoint would have been sent.
func (s *Store) leaveDelivery(ctx context.Context, id string, round int) error {
	_, err := s.pool.Exec(ctx, `update webhook_deliveries set state = 'failed', finished_at = $3 where id = $1 and round = $2 and state = 'pending'`, id, round, s.now())
	return err
}

// Tried is one try, as it went.
type Tried struct {
	At        time.Time // as signed
	Took      time.Duration
	Status    int    // 0: no answer
	Error     string // its class; empty: accepted
	Signature string
}

const statusGone = 410

// DeliveryTried logs a try and draws the consequences: a success ends the delivery, 410 disables the endpoint at once,
// and a last failure three days after the first gives up; if nothing was accepted in that time, it disables the
// endpoint and tells ops.
func (s *Store) DeliveryTried(ctx context.Context, id string, round int, tried Tried, last bool) (registration.DeliveryResult, error) {
	result := registration.DeliveryResult{Over: true}
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		t := try{Store: s, tx: tx, id: id, at: s.now()}
		found, err := t.load(ctx)
		if err != nil || !found {
			return err
		}
		if err := t.log(ctx, tried); err != nil {
			return err
		}
		if tried.Error == "" {
			return t.accepted(ctx)
		}
		if t.round != round || t.state != DeliveryPending {
			return nil
		}
		if err := t.refused(ctx, tried.Status == statusGone, last); err != nil {
			return err
		}
		result = registration.DeliveryResult{Over: t.state != DeliveryPending, GiveUpAt: t.giveUpAt, Pause: t.pause()}
		return nil
	})
	return result, err
}

// try is a delivery after a try, its endpoint locked.
type try struct {
	*Store
	tx           pgx.Tx
	id           string
	at           time.Time
	endpoint     string
	owner        string
	kind         registration.WebhookEvent
	state        string
	round        int
	asked        bool
	giveUpAt     time.Time
	failedFirst  *time.Time
	failingSince *time.Time
	disabled     bool
}

func (t *try) load(ctx context.Context) (found bool, err error) {
	err = t.tx.QueryRow(ctx, `select w.id, w.owner, e.type, d.state, d.round, d.asked, d.give_up_at, d.failed_first, w.failing_since, w.disabled_at is not null
		from webhook_endpoints w join webhook_deliveries d on d.endpoint_id = w.id join events e on e.id = d.event_id
		where d.id = $1 for no key update of w, d`, t.id).
		Scan(&t.endpoint, &t.owner, &t.kind, &t.state, &t.round, &t.asked, &t.giveUpAt, &t.failedFirst, &t.failingSince, &t.disabled)
	if errors.Is(notFound(err), ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func (t *try) log(ctx context.Context, tried Tried) error {
	var number int
	if err := t.tx.QueryRow(ctx, `update webhook_deliveries set attempts = attempts + 1 where id = $1 returning attempts`, t.id).Scan(&number); err != nil {
		return err
	}
	_, err := t.tx.Exec(ctx, `insert into webhook_attempts (delivery_id, number, at, duration_ms, status, error, signature)
		values ($1, $2, $3, $4, nullif($5, 0), nullif($6, ''), $7)`,
		t.id, number, tried.At, tried.Took.Milliseconds(), tried.Status, tried.Error, tried.Signature)
	return err
}

// accepted ends the delivery and the endpoint's bad time. What its owner asked for enables it again.
func (t *try) accepted(ctx context.Context) error {
	_, err := t.tx.Exec(ctx, `update webhook_deliveries set state = 'delivered', finished_at = $2 where id = $1 and state <> 'delivered'`, t.id, t.at)
	if err != nil || t.failingSince == nil && !t.disabled {
		return err
	}
	_, err = t.tx.Exec(ctx, `update webhook_endpoints set failing_since = null, disabled_at = case when $2 then null else disabled_at end,
		disabled_for = case when $2 then null else disabled_for end where id = $1`, t.endpoint, t.asked)
	return err
}

func (t *try) refused(ctx context.Context, gone, last bool) error {
	ping := t.kind == registration.EventPing
	if t.failedFirst == nil {
		t.failedFirst = &t.at
		if !ping {
			t.giveUpAt = t.cal.Days(t.at, registration.DeliveryDays)
		}
	}
	finished := (*time.Time)(nil)
	if gone || last && !t.at.Before(t.giveUpAt) {
		t.state, finished = DeliveryFailed, &t.at
	}
	_, err := t.tx.Exec(ctx, `update webhook_deliveries set state = $2, finished_at = $3, failed_first = $4, give_up_at = $5 where id = $1`,
		t.id, t.state, finished, t.failedFirst, t.giveUpAt)
	switch {
	case err != nil:
		return err
	case gone:
		return t.disable(ctx, DisabledGone)
	case ping:
		return nil
	}
	if err := t.failing(ctx); err != nil {
		return err
	}
	if finished == nil || t.failingSince.After(*t.failedFirst) {
		return nil // something else was accepted in between: it is this event that it cannot take
	}
	return t.disable(ctx, DisabledFailing)
}

// pause before the next try doubles the time since the first failure. Tries that were not made, because enough requests to
// the subscriber were under way, make it no longer.
func (t *try) pause() time.Duration {
	return min(max(t.at.Sub(*t.failedFirst), registration.ShortestDeliveryPause), registration.LongestDeliveryPause)
}

// failing notes since when nothing was accepted.
func (t *try) failing(ctx context.Context) error {
	if t.failingSince != nil {
		return nil
	}
	t.failingSince = &t.at
	_, err := t.tx.Exec(ctx, `update webhook_endpoints set failing_since = $2 where id = $1`, t.endpoint, t.at)
	return err
}

// disable stops sending. Ops hears of an endpoint that failed, not of one that asked for it.
func (t *try) disable(ctx context.Context, why string) error {
	if t.disabled {
		return nil
	}
	_, err := t.tx.Exec(ctx, `update webhook_endpoints set disabled_at = $2, disabled_for = $3 where id = $1`, t.endpoint, t.at, why)
	if err != nil || why != DisabledFailing {
		return err
	}
	key := "webhook_disabled/" + t.endpoint + "/" + t.at.UTC().Format(time.RFC3339Nano)
	return t.notify(ctx, t.tx, nil, notice.WebhookEndpointDisabled, key, notice.Data{RegistrationID: t.endpoint, Detail: t.owner}, t.at)
}
