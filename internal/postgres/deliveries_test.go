package postgres_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/postgres"
	"shiming/registration"
)

const (
	me     = "token:platform"
	secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	day    = 24 * time.Hour
)

// subscribed adds an endpoint for events and returns its id.
func subscribed(t testing.TB, s *postgres.Store, events ...registration.WebhookEvent) string {
	t.Helper()
	if len(events) == 0 {
		events = registration.WebhookEvents()
	}
	e := &postgres.Endpoint{ID: registration.NewID("whe"), URL: "https://example.com/hook", Events: events}
	same, err := s.AddEndpoint(t.Context(), me, e, secret)
	require.NoError(t, err)
	require.True(t, same)
	return e.ID
}

// relayed has every event that waits taken apart, and returns the deliveries to start.
func relayed(t testing.TB, s *postgres.Store) []registration.Delivery {
	t.Helper()
	carry(t, s, postgres.MessageEvent, func(m postgres.Message) { require.NoError(t, s.FanOut(t.Context(), m.Ref)) })
	var all []registration.Delivery
	carry(t, s, postgres.MessageDelivery, func(m postgres.Message) {
		var d registration.Delivery
		require.NoError(t, json.Unmarshal(m.Payload, &d))
		all = append(all, d)
	})
	return all
}

// carry does every message of a kind that waits.
func carry(t testing.TB, s *postgres.Store, kind string, do func(m postgres.Message)) {
	t.Helper()
	for {
		messages, err := s.TakeMessages(t.Context(), kind, 100, time.Minute)
		require.NoError(t, err)
		for _, m := range messages {
			do(m)
			require.NoError(t, s.MessageDone(t.Context(), m))
		}
		if len(messages) == 0 {
			return
		}
	}
}

func TestEventsReachTheEndpointsThatWantThem(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	changes := subscribed(t, s, registration.EventStateChanged)
	subscribed(t, s, registration.EventPayoutOverdue)
	all := subscribed(t, s)
	id := opened(t, s, "acct-1")
	deliveries := relayed(t, s)
	require.Len(t, deliveries, 2)
	to := map[string]bool{}
	for _, d := range deliveries {
		out, err := s.TakeDelivery(t.Context(), d.ID, 1)
		require.NoError(t, err)
		to[out.EndpointID] = true
		assert.Equal(t, secret, out.Secret)
		assert.Equal(t, registration.EventStateChanged, out.Event.Type)
		assert.Equal(t, id, out.Event.SubjectID)
		assert.Equal(t, "acct-1", out.Event.AccountID)
		assert.EqualValues(t, 1, out.Event.Sequence)
		assert.Equal(t, registration.None, out.Event.From)
		assert.Equal(t, registration.IdentityRequired, out.Event.To)
	}
	assert.Equal(t, map[string]bool{changes: true, all: true}, to)
	assert.NotContains(t, one[string](t, s, `select string_agg(encode(secret, 'escape'), '') from webhook_endpoints`), "MfKQ", "secrets are sealed")
}

// The event is written by the transition's own transaction: one that rolls back leaves none.
func TestNoEventIsInvented(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	subscribed(t, s)
	id := opened(t, s, "acct-1")
	require.Len(t, relayed(t, s), 1)
	_, err := s.Pool().Exec(t.Context(), `create function die() returns trigger language plpgsql as $$ begin raise 'killed'; end $$;
		create constraint trigger die after update on registrations deferrable initially deferred for each row execute function die()`)
	require.NoError(t, err)
	_, err = s.Steps().Withdraw(t.Context(), registration.Step{Subject: id, Actor: registration.ByApplicant})
	require.ErrorContains(t, err, "killed", "at commit, when everything was written")
	assert.Empty(t, relayed(t, s))
	assert.Equal(t, 1, one[int](t, s, `select count(*) from events`))
	_, err = s.Pool().Exec(t.Context(), `drop trigger die on registrations`)
	require.NoError(t, err)
	withdrawn(t, s, id)
	assert.Len(t, relayed(t, s), 1)
}

// A relay may die after fanning out and before the message is forgotten, and another may be at work at once.
func TestFanningOutTwiceAddsNothing(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	subscribed(t, s)
	subscribed(t, s)
	opened(t, s, "acct-1")
	messages, err := s.TakeMessages(t.Context(), postgres.MessageEvent, 1, 0)
	require.NoError(t, err)
	require.Len(t, messages, 1)
	require.NoError(t, s.FanOut(t.Context(), messages[0].Ref)) // and the process dies
	assert.Len(t, relayed(t, s), 2, "what the first left, once")
	assert.Equal(t, 2, one[int](t, s, `select count(*) from webhook_deliveries`))
}

func TestEndpointsOfOthersAreNotThere(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	id := subscribed(t, s)
	d, err := s.PingEndpoint(t.Context(), me, id, "whd_1")
	require.NoError(t, err)
	const other = "token:somebody-else"
	_, err = s.EndpointOf(t.Context(), other, id)
	require.ErrorIs(t, err, postgres.ErrNotFound)
	_, err = s.PingEndpoint(t.Context(), other, id, "whd_2")
	require.ErrorIs(t, err, postgres.ErrNotFound)
	_, err = s.Deliveries(t.Context(), other, id, "", 10)
	require.ErrorIs(t, err, postgres.ErrNotFound)
	_, err = s.DeliveryOf(t.Context(), other, id, d.ID)
	require.ErrorIs(t, err, postgres.ErrNotFound)
	_, err = s.RetryDelivery(t.Context(), other, id, d.ID)
	require.ErrorIs(t, err, postgres.ErrNotFound)
	_, err = s.RetryDelivery(t.Context(), me, subscribed(t, s), d.ID)
	require.ErrorIs(t, err, postgres.ErrNotFound)
	require.ErrorIs(t, s.DropEndpoint(t.Context(), other, id), postgres.ErrNotFound)
	page, err := s.Endpoints(t.Context(), other, "", 10)
	require.NoError(t, err)
	assert.Empty(t, page.Items)
}

func TestDroppingAnEndpointLeavesNothing(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	id := subscribed(t, s)
	opened(t, s, "acct-1")
	_, err := s.PingEndpoint(t.Context(), me, id, "whd_1")
	require.NoError(t, err)
	deliveries := relayed(t, s)
	require.Len(t, deliveries, 2)
	_, err = s.DeliveryTried(t.Context(), deliveries[0].ID, 1, failure(500), false)
	require.NoError(t, err)
	require.NoError(t, s.DropEndpoint(t.Context(), me, id))
	for _, table := range []string{"webhook_endpoints", "webhook_deliveries", "webhook_attempts"} {
		assert.Zero(t, one[int](t, s, `select count(*) from `+table), table)
	}
	assert.Zero(t, one[int](t, s, `select count(*) from vault_keys where subject = $1`, id))
	out, err := s.TakeDelivery(t.Context(), deliveries[0].ID, 1)
	require.NoError(t, err)
	assert.Nil(t, out)
	result, err := s.DeliveryTried(t.Context(), deliveries[0].ID, 1, failure(500), false)
	require.NoError(t, err)
	assert.True(t, result.Over)
}

func TestOwnersHaveAFewEndpoints(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for range postgres.EndpointsPerOwner {
		subscribed(t, s)
	}
	e := &postgres.Endpoint{ID: "whe_more", URL: "https://example.com", Events: registration.WebhookEvents()}
	_, err := s.AddEndpoint(t.Context(), me, e, secret)
	require.ErrorIs(t, err, postgres.ErrTooMany)
	_, err = s.AddEndpoint(t.Context(), "token:other", e, secret)
	require.NoError(t, err)
	same, err := s.AddEndpoint(t.Context(), "token:other", e, secret)
	require.NoError(t, err)
	assert.True(t, same, "the very same, again")
	different := &postgres.Endpoint{ID: "whe_more", URL: "https://example.org", Events: e.Events}
	same, err = s.AddEndpoint(t.Context(), "token:other", different, secret)
	require.NoError(t, err)
	assert.False(t, same)
	var seen []string
	for after := ""; ; {
		page, err := s.Endpoints(t.Context(), me, after, 7)
		require.NoError(t, err)
		for _, e := range page.Items {
			seen = append(seen, e.ID)
		}
		if after = page.NextCursor; after == "" {
			break
		}
	}
	assert.Len(t, seen, postgres.EndpointsPerOwner)
}

func failure(status int) postgres.Tried {
	return postgres.Tried{At: time.Now(), Took: 5 * time.Millisecond, Status: status, Error: "status", Signature: "v1,x"}
}

func success() postgres.Tried {
	return postgres.Tried{At: time.Now(), Took: 5 * time.Millisecond, Status: 204, Signature: "v1,x"}
}

// failing is an endpoint that has refused one delivery for three days, up to the last try.
func failing(t testing.TB) (s *postgres.Store, at *clock, endpoint string, d registration.Delivery) {
	t.Helper()
	at = newClock()
	s = newStore(t).WithClock(at.now)
	endpoint = subscribed(t, s)
	opened(t, s, "acct-1")
	deliveries := relayed(t, s)
	require.Len(t, deliveries, 1)
	d = deliveries[0]
	at.pass(10 * time.Second)
	result, err := s.DeliveryTried(t.Context(), d.ID, 1, failure(500), false)
	require.NoError(t, err)
	require.False(t, result.Over)
	require.Equal(t, at.now().Add(3*day), result.GiveUpAt.UTC(), "three days after the first failure")
	at.pass(3 * day)
	return s, at, endpoint, d
}

func told(t testing.TB, s *postgres.Store) int {
	t.Helper()
	return one[int](t, s, `select count(*) from notices where kind = 'webhook_endpoint_disabled' and recipient = 'ops'`)
}

func endpoint(t testing.TB, s *postgres.Store, id string) *postgres.Endpoint {
	t.Helper()
	e, err := s.EndpointOf(t.Context(), me, id)
	require.NoError(t, err)
	return e
}

func TestThreeDaysOfFailuresDisableAnEndpoint(t *testing.T) {
	t.Parallel()
	s, at, id, d := failing(t)
	require.Nil(t, endpoint(t, s, id).DisabledAt)
	result, err := s.DeliveryTried(t.Context(), d.ID, 1, failure(500), true)
	require.NoError(t, err)
	require.True(t, result.Over)
	e := endpoint(t, s, id)
	require.Equal(t, at.now(), e.DisabledAt.UTC())
	assert.Equal(t, postgres.DisabledFailing, *e.DisabledFor)
	assert.Equal(t, 1, told(t, s))
	got, err := s.DeliveryOf(t.Context(), me, id, d.ID)
	require.NoError(t, err)
	assert.Equal(t, postgres.DeliveryFailed, got.State)
	assert.Len(t, got.Log, 2)

	_, err = s.DeliveryTried(t.Context(), d.ID, 1, failure(500), true)
	require.NoError(t, err)
	assert.Equal(t, 1, told(t, s), "once")
	opened(t, s, "acct-2")
	assert.Empty(t, relayed(t, s), "nothing more is sent to it")
}

func TestPausesGrowWithTheTimeOfFailing(t *testing.T) {
	t.Parallel()
	at := newClock()
	s := newStore(t).WithClock(at.now)
	subscribed(t, s)
	opened(t, s, "acct-1")
	d := relayed(t, s)[0]
	for _, c := range []struct{ since, pause time.Duration }{
		{0, 5 * time.Second},
		{5 * time.Second, 5 * time.Second},
		{10 * time.Second, 10 * time.Second},
		{20 * time.Second, 20 * time.Second},
		{9 * time.Hour, 4 * time.Hour},
	} {
		start := at.now()
		at.pass(c.since)
		result, err := s.DeliveryTried(t.Context(), d.ID, 1, failure(500), false)
		require.NoError(t, err)
		assert.Equal(t, c.pause, result.Pause)
		at.at = start
	}
}

func TestALateFirstTryIsNotTheLast(t *testing.T) {
	t.Parallel()
	at := newClock()
	s := newStore(t).WithClock(at.now)
	id := subscribed(t, s)
	opened(t, s, "acct-1")
	d := relayed(t, s)[0]
	at.pass(10 * day) // nobody was at work
	result, err := s.DeliveryTried(t.Context(), d.ID, 1, failure(0), true)
	require.NoError(t, err)
	require.False(t, result.Over)
	require.Equal(t, at.now().Add(3*day), result.GiveUpAt.UTC())
	assert.Nil(t, endpoint(t, s, id).DisabledAt)
}

func TestAnEventThatCannotBeTakenDoesNotDisable(t *testing.T) {
	t.Parallel()
	s, at, id, d := failing(t)
	opened(t, s, "acct-2")
	other := relayed(t, s)[0]
	_, err := s.DeliveryTried(t.Context(), other.ID, 1, success(), false)
	require.NoError(t, err)
	assert.Nil(t, endpoint(t, s, id).FailingSince)
	at.pass(time.Minute)
	result, err := s.DeliveryTried(t.Context(), d.ID, 1, failure(500), true)
	require.NoError(t, err)
	assert.True(t, result.Over)
	assert.Nil(t, endpoint(t, s, id).DisabledAt)
	assert.Zero(t, told(t, s))
}

func TestGoneDisablesAtOnce(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	id := subscribed(t, s)
	opened(t, s, "acct-1")
	opened(t, s, "acct-2")
	d := relayed(t, s)
	result, err := s.DeliveryTried(t.Context(), d[0].ID, 1, failure(410), false)
	require.NoError(t, err)
	assert.True(t, result.Over)
	assert.Equal(t, postgres.DisabledGone, *endpoint(t, s, id).DisabledFor)
	assert.Zero(t, told(t, s), "it asked for it")

	out, err := s.TakeDelivery(t.Context(), d[1].ID, 1)
	require.NoError(t, err)
	assert.Nil(t, out, "what was under way ends")
	other, err := s.DeliveryOf(t.Context(), me, id, d[1].ID)
	require.NoError(t, err)
	assert.Equal(t, postgres.DeliveryFailed, other.State)
	assert.Empty(t, other.Log)
}

func TestRetryingBeginsAnewAndEnablesAgain(t *testing.T) {
	t.Parallel()
	s, at, id, d := failing(t)
	_, err := s.DeliveryTried(t.Context(), d.ID, 1, failure(500), true)
	require.NoError(t, err)
	again, err := s.RetryDelivery(t.Context(), me, id, d.ID)
	require.NoError(t, err)
	assert.Equal(t, postgres.DeliveryPending, again.State)
	rounds := relayed(t, s)
	require.Len(t, rounds, 1)
	assert.Equal(t, registration.Delivery{ID: d.ID, Round: 2, GiveUpAt: rounds[0].GiveUpAt}, rounds[0])
	assert.Equal(t, at.now().Add(3*day), rounds[0].GiveUpAt.UTC())
	before, err := s.TakeDelivery(t.Context(), d.ID, 1)
	require.NoError(t, err)
	assert.Nil(t, before, "the round before is over")
	out, err := s.TakeDelivery(t.Context(), d.ID, 2)
	require.NoError(t, err)
	require.NotNil(t, out, "sent though disabled: its owner asked")
	assert.Equal(t, again.EventID, out.Event.ID, "the webhook-id stays")
	_, err = s.DeliveryTried(t.Context(), d.ID, 2, success(), false)
	require.NoError(t, err)
	e := endpoint(t, s, id)
	assert.Nil(t, e.DisabledAt)
	assert.Nil(t, e.FailingSince)
	opened(t, s, "acct-2")
	assert.Len(t, relayed(t, s), 1)
}

func TestPingsAreTriedOnceAndDisableNothing(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	id, other := subscribed(t, s), subscribed(t, s)
	_, err := s.PingEndpoint(t.Context(), me, id, "whd_1")
	require.NoError(t, err)
	_, err = s.PingEndpoint(t.Context(), me, id, "whd_1") // the same call, repeated
	require.NoError(t, err)
	d := relayed(t, s)
	require.Len(t, d, 1)
	out, err := s.TakeDelivery(t.Context(), d[0].ID, 1)
	require.NoError(t, err)
	assert.Equal(t, registration.EventPing, out.Event.Type)
	assert.Equal(t, id, out.EndpointID)
	assert.NotEqual(t, other, out.EndpointID)
	result, err := s.DeliveryTried(t.Context(), d[0].ID, 1, failure(500), true)
	require.NoError(t, err)
	assert.True(t, result.Over)
	assert.Nil(t, endpoint(t, s, id).FailingSince)
}

func TestLogsSayHowItWent(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	id := subscribed(t, s)
	for i := range 5 {
		opened(t, s, "acct-"+string(rune('a'+i)))
	}
	for _, d := range relayed(t, s) {
		_, err := s.DeliveryTried(t.Context(), d.ID, 1, postgres.Tried{At: time.Now(), Took: time.Second, Error: "timeout", Signature: "v1,first"}, false)
		require.NoError(t, err)
		_, err = s.DeliveryTried(t.Context(), d.ID, 1, success(), false)
		require.NoError(t, err)
	}
	seen := map[string]bool{}
	for after := ""; ; {
		page, err := s.Deliveries(t.Context(), me, id, after, 2)
		require.NoError(t, err)
		for _, d := range page.Items {
			assert.False(t, seen[d.ID])
			seen[d.ID] = true
			require.Len(t, d.Log, 2)
			assert.Equal(t, "timeout", *d.Log[0].Error)
			assert.Nil(t, d.Log[0].Status)
			assert.EqualValues(t, 1000, d.Log[0].DurationMS)
			assert.Equal(t, "v1,first", d.Log[0].Signature)
			assert.Nil(t, d.Log[1].Error)
			assert.Equal(t, 204, *d.Log[1].Status)
			assert.Equal(t, postgres.DeliveryDelivered, d.State)
		}
		if after = page.NextCursor; after == "" {
			break
		}
	}
	assert.Len(t, seen, 5)
}

// A step told is a step committed: the notification is part of the transaction.
func TestWatchersAreToldByTheTransaction(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	ready, heard := make(chan struct{}), make(chan string, 10)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- s.ListenTransitions(ctx, func() { close(ready) }, func(id string) { heard <- id })
	}()
	<-ready
	err := pgx.BeginFunc(t.Context(), s.Pool(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `insert into timeline (registration_id, sequence, kind, at, event, from_state, to_state, actor)
			values ('reg_x', 1, 'individual', now(), 'opened', '', 'identity_required', 'applicant')`)
		require.Error(t, err, "there is no such registration")
		return err
	})
	require.Error(t, err)
	id := opened(t, s, "acct-1")
	assert.Equal(t, id, <-heard)
	steps, state, err := s.TransitionsAfter(t.Context(), id, 0, 10)
	require.NoError(t, err)
	require.Len(t, steps, 1)
	assert.Equal(t, registration.IdentityRequired, state)
	withdrawn(t, s, id)
	assert.Equal(t, id, <-heard)
	steps, state, err = s.TransitionsAfter(t.Context(), id, steps[0].Sequence, 10)
	require.NoError(t, err)
	require.Len(t, steps, 1)
	assert.Equal(t, registration.WithdrawnByApplicant, steps[0].Event)
	assert.True(t, state.Final())
	_, _, err = s.TransitionsAfter(t.Context(), "reg_nobody", 0, 10)
	require.ErrorIs(t, err, postgres.ErrNotFound)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
}

// An event that nobody has subscribed to is kept, and leaves nothing to be done.
func TestWithoutSubscribersThereIsNothingToTell(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	subscribed(t, s, registration.EventPayoutOverdue)
	opened(t, s, "acct-1")
	var events, messages int
	require.NoError(t, s.Pool().QueryRow(t.Context(), `select (select count(*) from events), (select count(*) from outbox where kind = 'event')`).Scan(&events, &messages))
	assert.Equal(t, 1, events)
	assert.Zero(t, messages)
}

// waitsForALock waits until somebody in this database does.
func waitsForALock(t *testing.T, s *postgres.Store) {
	t.Helper()
	require.Eventually(t, func() bool {
		var waiting int
		err := s.Pool().QueryRow(t.Context(), `select count(*) from pg_locks l join pg_database d on d.oid = l.database where d.datname = current_database() and not l.granted`).Scan(&waiting)
		return err == nil && waiting > 0
	}, time.Minute, 5*time.Millisecond)
}

// A step that has found nobody to tell, and has not ended, is waited for by whoever subscribes; one that comes a moment later waits
// for the subscription. Nobody misses what happens after they were told that they are subscribed.
func TestNoEventFallsBetweenASubscriptionAndAStep(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	step, err := s.Pool().Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = step.Rollback(context.WithoutCancel(t.Context())) }()
	_, err = step.Exec(t.Context(), `insert into events values ('evt_1', 'registration.state_changed', 'reg_1', 'acct-1', 1, '', 'identity_required', now())`)
	require.NoError(t, err)
	endpoint := &postgres.Endpoint{ID: registration.NewID("whe"), URL: "https://example.com/hook", Events: registration.WebhookEvents()}
	added := make(chan error)
	go func() {
		_, err := s.AddEndpoint(t.Context(), me, endpoint, secret)
		added <- err
	}()
	waitsForALock(t, s)
	require.NoError(t, step.Commit(t.Context()))
	require.NoError(t, <-added)
	require.NoError(t, s.DropEndpoint(t.Context(), me, endpoint.ID))

	subscription, err := s.Pool().Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = subscription.Rollback(context.WithoutCancel(t.Context())) }()
	_, err = subscription.Exec(t.Context(), `lock table events in share mode`)
	require.NoError(t, err)
	_, err = subscription.Exec(t.Context(), `with key as (insert into vault_keys (subject, wrapped) values ('whe_1', '') returning subject)
		insert into webhook_endpoints (id, owner, url, events, secret, created_at)
		select subject, $1, 'https://example.com', array['registration.state_changed'], '', now() from key`, me)
	require.NoError(t, err)
	application := applying(t, s, "acct-1")
	done := make(chan error)
	go func() {
		_, err := s.Steps().Open(t.Context(), application)
		done <- err
	}()
	waitsForALock(t, s)
	require.NoError(t, subscription.Commit(t.Context()))
	require.NoError(t, <-done)
	assert.Len(t, relayed(t, s), 1)
}
