package activities

import (
	"context"
	"errors"
	"slices"
	"time"

	"shiming/internal/outside"
	"shiming/registration"
)

// restFor is how long a lane has no first tries whose provider did not answer one: they would only keep the others waiting.
const restFor = 10 * time.Second

// TryNotices sends the notices of an event at once and returns those that are left to be delivered by their lanes: the ones of a
// paced lane or one that rests, and those that have no good answer yet. An attempt that takes longer goes on by itself, and is
// recorded.
func (p *Post) TryNotices(ctx context.Context, notices []registration.NoticeRef) (left []registration.NoticeRef, err error) {
	ctx, enough := context.WithTimeout(ctx, registration.FirstTryWithin)
	defer enough()
	answers := make([]<-chan error, len(notices))
	for i, n := range notices {
		if p.mayTryFirst(ctx, n.Lane) {
			answers[i] = p.sideBySide(ctx, []string{n.ID})
		}
	}
	for i, n := range notices {
		if answers[i] == nil || !p.arrived(ctx, n.Lane, answers[i]) {
			left = append(left, n)
		}
	}
	return left, nil
}

// mayTryFirst reports whether a notice may be tried outside its lane.
func (p *Post) mayTryFirst(ctx context.Context, lane registration.Lane) bool {
	value, _ := p.resting.Load(lane)
	until, _ := value.(time.Time) // zero: it does not rest
	return ctx.Err() == nil && !slices.Contains(p.Paced, lane) && time.Now().After(until)
}

// arrived reports whether a first try has come to a good end in time. If its provider is why it has not, the lane rests.
func (p *Post) arrived(ctx context.Context, lane registration.Lane, answer <-chan error) bool {
	var err error
	select {
	case err = <-answer:
	case <-ctx.Done():
		err = outside.ErrUnknown
	}
	if errors.Is(err, outside.ErrUnknown) || errors.Is(err, outside.ErrUnavailable) {
		p.resting.Store(lane, time.Now().Add(restFor))
	}
	return err == nil
}
