package api

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/registration"
)

const objecting = "/v1/identity-clearings/objections"

// objectable makes a clearing to which its holder may object, and returns the token.
func (w *world) objectable(n int) string {
	w.t.Helper()
	ctx, pool := context.Background(), w.store.Pool()
	id, token := registration.NewID("clr"), fmt.Sprintf("token%d", n)
	reg := w.open(fmt.Sprintf("held-%d", n), "individual")[len("/v1/registrations/"):]
	require.NoError(w.t, w.store.NewSubject(ctx, id))
	for _, statement := range []string{
		`insert into vault_items (ref, subject, purpose, sealed) select r, $1, 'test', '' from unnest(array[$1 || 'a', $1 || 'b']) r where $2::text is not null and $3::bytea is not null`,
		`insert into clearings (id, contested, account_id, registration_id, locale, state, sequence, created_at, updated_at, last_act_at, state_since,
			claim_ref, claim_fingerprint, claim, objection_until)
			select $1, true, account_id, id, locale, 'objection_period', 1, now(), now(), now(), now(), $1 || 'a', $3, '{}', now() + interval '3 days' from registrations where id = $2`,
		`insert into objections (clearing_id, token, token_ref, created_at) select $1, $3, $1 || 'b', now() where $2::text is not null`,
	} {
		_, err := pool.Exec(ctx, statement, id, reg, w.deps.Keys.Fingerprint("objection_token", token))
		require.NoError(w.t, err, statement)
	}
	return token
}

func (c call) objects(token string) answer {
	c.w.t.Helper()
	return c.post(objecting, map[string]any{"token": token})
}

// keysOf counts the kept idempotency keys of the call.
func (w *world) keysOf() int {
	return w.count(`select count(*) from idempotency where path = $1`, objecting)
}

// Strangers can send what they like, from wherever the holder calls: the holder is heard at once.
func TestTheHolderIsHeardWhateverStrangersSend(t *testing.T) {
	t.Parallel()
	w := newWorld(t, watchful, func(d *Deps) { d.RateLimit = 1 })
	token := w.objectable(1)
	here := w.fromAddress("203.0.113.7", "")
	var strangers sync.WaitGroup
	statuses := make(chan int, 400)
	for i := range 4 {
		strangers.Go(func() {
			for j := range 100 {
				statuses <- here.withKey(fmt.Sprintf("%d-%d", i, j)).objects(fmt.Sprintf("guess-%d-%d", i, j)).Status
			}
		})
	}
	strangers.Wait()
	close(statuses)
	seen := map[int]int{}
	for status := range statuses {
		seen[status]++
	}
	require.GreaterOrEqual(t, seen[404], 20)
	require.GreaterOrEqual(t, seen[429], 300)
	require.Zero(t, w.keysOf(), "strangers leave nothing behind")
	for range 5 { // and nothing of the holder's own is used up by a mistake
		here.post(objecting, map[string]any{"token": token, "why": "x"}).refused(422, "invalid_request")
	}
	require.Equal(t, map[string]any{"accepted": true}, here.withKey("mine").objects(token).ok(200).Body)
}

func TestARepeatedObjectionIsAnsweredAsBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.objectable(1), w.objectable(2)
	c := w.as("").withKey("k")
	c.objects("guess").refused(404, "not_found") // this key was never used
	c.objects(first).ok(200)
	c.objects(first).ok(200)
	require.Equal(t, 1, w.keysOf())
	w.as("").objects(first).refused(404, "not_found")
	w.as("").withKey("other").objects(first).refused(404, "not_found")
	require.Equal(t, 1, w.keysOf(), "a refusal is not kept")
	c.objects(second).ok(200) // another holder's key is another
	w.as("").withKey("k").post(objecting, `{"token":  "`+first+`"}`).refused(422, "idempotency_key_reused")
}

func TestObjectionsAtOnceAreTakenOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.objectable(1)
	var all sync.WaitGroup
	answers := make([]answer, 20)
	for i := range answers {
		all.Go(func() { answers[i] = w.as("").withKey("k").objects(token) })
	}
	all.Wait()
	for _, a := range answers {
		a.ok(200)
	}
	require.Equal(t, 1, w.count(`select count(*) from objections where used`))
}

// What anybody may send is small, and leaves nothing, whatever is wrong with it.
func TestAStrangersBodyIsSmall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.as("").withKey("k")
	c.post(objecting, `{"token": "`+longKey(5000)+`"}`).refused(413, "document_too_large")
	c.post(objecting, `{"token": "`+longKey(201)+`"}`).refused(422, "invalid_request")
	c.post(objecting, `{"token": 1}`).refused(422, "invalid_request")
	c.post(objecting, `{"token": "a b"}`).refused(404, "not_found")
	c.post(objecting, `{"token"`).refused(400, "malformed_request")
	require.Zero(t, w.keysOf())
}

// The holder's answer does not depend on there being a free connection to the database for each stranger at once.
func TestLookUpsTakeTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.objectable(1)
	var strangers sync.WaitGroup
	for i := range 100 {
		strangers.Go(func() { w.as("").objects(fmt.Sprintf("guess-%d", i)) })
	}
	began := time.Now()
	w.as("").objects(token).ok(200)
	require.Less(t, time.Since(began), generous)
	strangers.Wait()
}
