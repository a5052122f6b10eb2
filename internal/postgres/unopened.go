package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// unopenedAfter is how old a data key must be to be one of an opening that came to nothing: an opening lives for some seconds,
// and so does everybody who waits for it.
const unopenedAfter = 10 * time.Minute

// unopenedLease keeps how far the look at data keys has come. It is nobody's lease: the look is the reconciler's.
const unopenedLease = "unopened"

// ForgetUnopened forgets what was handed in with openings whose caller was answered that nothing came to be, where that could not
// be forgotten at once: the database was away, or the process died. It looks at so many data keys, in the order in which they were
// made, at each of them once, and says how many it has forgotten.
func (s *Store) ForgetUnopened(ctx context.Context, limit int) (forgotten int, err error) {
	from, err := s.Swept(ctx, unopenedLease)
	if err := unless(err, ErrNotFound); err != nil {
		return 0, err
	}
	keys, err := s.keysAfter(ctx, from, limit)
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	var errs []error
	for _, k := range keys {
		if !k.Unopened {
			continue
		}
		stands, err := s.CloseOpening(ctx, k.Subject)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", k.Subject, err))
		case !stands:
			forgotten++
		}
	}
	if len(errs) > 0 { // looked at again in the next round
		return forgotten, errors.Join(errs...)
	}
	return forgotten, s.SweptTo(ctx, unopenedLease, keys[len(keys)-1].Place)
}

// agedKey is a data key that is old enough. Place is where it stands among all.
type agedKey struct {
	Subject  string
	Place    string
	Unopened bool // no registration and no clearing has come to be of it
}

// keysAfter lists data keys that are old enough, from a place on. A place is a moment, in microseconds, and a subject.
func (s *Store) keysAfter(ctx context.Context, from string, limit int) ([]agedKey, error) {
	var micros int64
	var subject string
	if from != "" {
		if _, err := fmt.Sscanf(from, "%d %s", &micros, &subject); err != nil {
			return nil, fmt.Errorf("postgres: the place %q of the lease %s cannot be read: %w", from, unopenedLease, err)
		}
	}
	rows, err := s.pool.Query(ctx, `select k.subject, (extract(epoch from k.created_at) * 1000000)::bigint || ' ' || k.subject,
			(k.subject like 'reg\_%' or k.subject like 'clr\_%') and not exists (select from registrations r where r.id = k.subject)
			and not exists (select from clearings c where c.id = k.subject)
		from vault_keys k where (k.created_at, k.subject) > ($1, $2) and k.created_at < $3 order by k.created_at, k.subject limit $4`,
		time.UnixMicro(micros), subject, s.now().Add(-unopenedAfter), limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[agedKey])
}
