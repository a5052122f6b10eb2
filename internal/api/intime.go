package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"shiming/internal/engine"
)

// The times within which a call must come to something. Whoever calls while the database or the engine hangs is answered 503
// within 8 s, on a machine that is busy too; an act that the engine has taken is answered 202 after ANSWER_WITHIN (api.md: 10 s).
const (
	plainWithin  = 7 * time.Second         // a call that only the database answers
	actMargin    = 1500 * time.Millisecond // after an act's time: to write down that it goes on
	takenWithin  = 6 * time.Second         // an act, until the engine has it: longer than it looks for a worker that has died
	leastTaking  = time.Second
	fenceMargin  = 500 * time.Millisecond  // beyond the last wait for the engine; and what clocks may differ by
	outsideShare = 5500 * time.Millisecond // what comes before an act, a question to the wallet among it
	waitedShare  = 4 * time.Second         // at most so much of a call's time counts as used up by waiting for others
)

// inTime bounds a call.
func (s *server) inTime(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	rt := routeOf(ctx)
	if rt.streams() {
		next(ctx)
		return
	}
	req := requestOf(r.Context())
	within := plainWithin
	if rt.deferrable || rt.opens() {
		within = max(s.AnswerWithin, takenWithin) + actMargin
	}
	work := r.Context()
	if rt.mutates() {
		work = detached(work)
	}
	work, cancel := context.WithDeadline(work, req.started.Add(within))
	defer cancel()
	next(humago.NewContext(ctx.Operation(), r.WithContext(work), w))
}

// waited leaves a call some time that has waited long for its turn, or for another with its key.
func (s *server) waited(req *request) {
	if least := s.Now().Add(-waitedShare); req.started.Before(least) {
		req.started = least
	}
}

// wait says how long the call may still wait for the engine.
func (s *server) wait(ctx context.Context) engine.Wait {
	started := requestOf(ctx).started
	taken := started.Add(takenWithin)
	if least := s.Now().Add(leastTaking); taken.Before(least) {
		taken = least
	}
	done := started.Add(s.AnswerWithin)
	if done.Before(taken) {
		done = taken
	}
	return engine.Wait{Taken: taken, Done: done}
}

// fence is until when an act or an opening that is begun now may take effect, unless its caller is told that it goes on: a
// little longer than anybody waits. It ends what cannot be closed because the database is away.
func (s *server) fence(ctx context.Context) time.Time {
	at := s.wait(ctx).Done.Add(fenceMargin)
	requestOf(ctx).fence = at
	return at
}

// untilFenced asks the database what must be known before a caller is told "not done". While it is away it is asked again, until
// the fence keeps whatever was begun from taking effect.
func untilFenced[T any](ctx context.Context, s *server, ask func(ctx context.Context) (T, error)) (T, error) {
	until := requestOf(ctx).fence.Add(fenceMargin)
	ctx, cancel := context.WithTimeout(detached(ctx), max(until.Sub(s.Now()), actMargin))
	defer cancel()
	for {
		answer, err := ask(ctx)
		if err == nil || !s.pause(ctx, behindPause, until) {
			return answer, err
		}
	}
}

// beforehand bounds what happens before an act reaches the engine.
func (s *server) beforehand(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithDeadline(ctx, requestOf(ctx).started.Add(outsideShare))
}
