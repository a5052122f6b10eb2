package api

import (
	"context"
	"strconv"
	"time"

	"shiming/registration"
)

// request is what the chain has found out about a call, for its handler.
type request struct {
	caller  caller
	started time.Time
	fence   time.Time // until when what was begun may take effect; see [server.fence]
	// seed is where the ids of what this call makes come from: of its idempotency key, so that a repeated call makes the
	// same, or random.
	seed     string
	upload   *upload
	stranger bool                      // whoever sent it has shown nothing: it leaves nothing behind
	nulls    []registration.FieldError // what was sent as null: no field takes it

	opened     bool // it has opened what it was for, by the engine: not an earlier call
	unanswered bool // the engine or the database did not answer it in time
}

type requestKey struct{}

func withRequest(ctx context.Context, r *request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

func requestOf(ctx context.Context) *request {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		return r
	}
	return &request{}
}

// idSize is how many bytes of a keyed hash make an id.
const idSize = 16

// id makes an id of the call's seed. It names nothing of caller, path or key to who lacks the key of the hash.
func (s *server) id(ctx context.Context, prefix string, generation int) string {
	seed := requestOf(ctx).seed + "\n" + strconv.Itoa(generation)
	return registration.IDFrom(prefix, s.Keys.Fingerprint("api/"+prefix, seed)[:idSize])
}
