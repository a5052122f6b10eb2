package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/internal/vault"
	"shiming/registration"
)

// SystemSubject is whose data key seals words that concern no registration and no clearing; it is made when the first of them
// are written.
const SystemSubject = "system"

func reasonPlace(subject string, round int, r registration.Reason) vault.Place {
	return Own(subject).place(dossier.PurposeReason, fmt.Sprintf("%d/%s/%s", round, r.Field, r.Code))
}

// sealReasons seals a reviewer's words. In clear stays what the process goes by: field and code.
func (s *Store) sealReasons(ctx context.Context, q querier, subject string, round int, reasons []registration.Reason) (registration.Corrections, error) {
	kept := registration.Corrections{}
	if len(reasons) == 0 {
		return kept, nil
	}
	wrapped, err := dataKey(ctx, q, subject)
	if err != nil {
		return nil, err
	}
	for _, r := range reasons {
		sealed, err := s.sealWith(wrapped, reasonPlace(subject, round, r), r.Message)
		if err != nil {
			return nil, err
		}
		kept = append(kept, registration.Correction{Reason: registration.Reason{Field: r.Field, Code: r.Code}, Words: sealed})
	}
	return kept, nil
}

// openReasons puts a reviewer's words back. Whose data was erased has none any more.
func (s *Store) openReasons(keys dataKeys, subject string, round int, kept registration.Corrections) error {
	for i := range kept {
		if kept[i].Words == nil || keys[subject] == nil {
			continue
		}
		if err := s.unsealWith(keys[subject], reasonPlace(subject, round, kept[i].Reason), kept[i].Words, &kept[i].Message); err != nil {
			return err
		}
	}
	return nil
}

// dataKeys are the wrapped data keys of some subjects; there is none of one whose data was erased.
type dataKeys map[string][]byte

// keysOf reads the data keys of subjects in one round trip, in none if there are no subjects.
func keysOf(ctx context.Context, q querier, subjects ...string) (dataKeys, error) {
	keys := dataKeys{}
	if len(subjects) == 0 {
		return keys, nil
	}
	rows, err := q.Query(ctx, `select subject, wrapped from vault_keys where subject = any($1) and wrapped is not null`, subjects)
	if err != nil {
		return nil, err
	}
	var subject string
	var wrapped []byte
	_, err = pgx.ForEachRow(rows, []any{&subject, &wrapped}, func() error {
		keys[subject], wrapped = wrapped, nil
		return nil
	})
	return keys, err
}

// sealAbout seals what is about a registration or a clearing with its key, anything else with everybody's, and says with whose.
// A subject may be one that there is no row of, or no more: what ops must hear is kept all the same.
func (s *Store) sealAbout(ctx context.Context, q querier, about, row, purpose string, v any) (sealed []byte, sealedFor string, err error) {
	if strings.HasPrefix(about, "reg_") || registration.IsClearingID(about) {
		sealed, err = s.seal(ctx, q, Owner{about, row}.place(purpose, ""), v)
		if !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrErased) {
			return sealed, about, err
		}
	}
	sealed, err = s.sealShared(ctx, q, Owner{SystemSubject, row}.place(purpose, ""), v)
	return sealed, SystemSubject, err
}

// openAbout opens what [Store.sealAbout] has sealed.
func (s *Store) openAbout(keys dataKeys, sealedFor, about, row, purpose string, sealed []byte, v any) error {
	switch {
	case sealedFor != SystemSubject && sealedFor != about:
		return fmt.Errorf("%w: %s of %s", ErrForeign, purpose, row)
	case keys[sealedFor] == nil:
		return ErrErased
	}
	return s.unsealWith(keys[sealedFor], Owner{sealedFor, row}.place(purpose, ""), sealed, v)
}
