package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/registration"
)

// PaymentGrant is one more payment that a person of ops has allowed a bank account.
type PaymentGrant struct {
	RegistrationID string  // where it was said
	Reason         *string // nil: it was erased
	By             string
	At             time.Time
	UsedBy         *string // the payment that was made by it; nil: none yet
}

// PaymentResolution is what a person of ops has said of a payment in the bank's place.
type PaymentResolution struct {
	Outcome string  // settled, failed, returned
	Reason  *string // nil, as is By: it was erased
	By      *string
	At      time.Time
}

// grantRow is a grant as it lies in the database.
type grantRow struct {
	BankFingerprint []byte
	RegistrationID  string
	SealedReason    []byte
	Reason          *string // of an older release, until it is sealed
	GrantedBy       string
	At              time.Time
	UsedBy          *string
}

// addGrants adds to payments what their bank accounts were granted.
func (s *Store) addGrants(ctx context.Context, q querier, payments []*paymentRow, views []*PaymentView) error {
	ids := make([]string, len(payments))
	for i, p := range payments {
		ids[i] = p.ID
	}
	rows, err := q.Query(ctx, `select bank_fingerprint, registration_id, sealed_reason, reason, granted_by, at, used_by from payment_grants
		where bank_fingerprint in (select bank_fingerprint from payments where id = any($1)) order by at desc, id desc`, ids)
	if err != nil {
		return err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[grantRow])
	if err != nil {
		return err
	}
	var subjects []string
	for _, g := range all {
		subjects = append(subjects, g.RegistrationID)
	}
	keys, err := keysOf(ctx, q, subjects...)
	if err != nil {
		return err
	}
	for _, g := range all {
		reason, err := s.openGrant(keys, g)
		if err != nil {
			return err
		}
		grant := PaymentGrant{RegistrationID: g.RegistrationID, Reason: reason, By: g.GrantedBy, At: g.At, UsedBy: g.UsedBy}
		for i, p := range payments {
			if slices.Equal(p.BankFingerprint, g.BankFingerprint) {
				views[i].Grants = append(views[i].Grants, grant)
			}
		}
	}
	return nil
}

// openGrant opens why a grant was given. Of a registration whose data was erased nobody knows any more.
func (s *Store) openGrant(keys dataKeys, g *grantRow) (*string, error) {
	wrapped := keys[g.RegistrationID]
	if g.SealedReason == nil || wrapped == nil {
		return g.Reason, nil
	}
	var reason string
	err := s.unsealWith(wrapped, grantPlace(g.RegistrationID, g.BankFingerprint), g.SealedReason, &reason)
	return &reason, err
}

// resolutionRow is ops' word on a payment as it lies in the database.
type resolutionRow struct {
	MessageID, Type, Key, SealedFor string
	RegistrationID                  *string
	Body                            []byte
	ReceivedAt                      time.Time
}

// addResolutions adds to payments what ops has said of them.
func (s *Store) addResolutions(ctx context.Context, q querier, views []*PaymentView) error {
	keys := make([]string, len(views))
	byKey := map[string]*PaymentView{}
	for i, v := range views {
		keys[i], byKey[v.BankKey] = v.BankKey, v
	}
	rows, err := q.Query(ctx, `select message_id, type, key, sealed_for, registration_id, body, received_at from reports
		where source = 'ops' and key = any($1) order by received_at desc, message_id desc`, keys)
	if err != nil {
		return err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[resolutionRow])
	if err != nil {
		return err
	}
	var subjects []string
	for _, r := range all {
		subjects = append(subjects, r.SealedFor)
	}
	open, err := keysOf(ctx, q, subjects...)
	if err != nil {
		return err
	}
	for _, r := range all {
		v := byKey[r.Key]
		resolution, err := s.openResolution(open, r, v.RegistrationID)
		if err != nil {
			return err
		}
		v.Resolutions = append(v.Resolutions, resolution)
	}
	return nil
}

// openResolution opens who has said it, and why: it was sealed for the payment's registration or, after that was erased, for all.
func (s *Store) openResolution(keys dataKeys, r *resolutionRow, registrationID string) (PaymentResolution, error) {
	out := PaymentResolution{Outcome: strings.TrimPrefix(r.Type, "transfer."), At: r.ReceivedAt}
	if r.SealedFor != registrationID && r.SealedFor != UnmatchedSubject {
		return out, fmt.Errorf("%w: a resolution of %s", ErrForeign, registrationID)
	}
	wrapped := keys[r.SealedFor]
	if wrapped == nil {
		return out, nil
	}
	var body reportBody
	place := Report{Source: string(registration.ByOps), MessageID: r.MessageID, Key: r.Key}.place(r.SealedFor)
	if err := s.unsealWith(wrapped, place, r.Body, &body); err != nil {
		return out, err
	}
	out.Reason, out.By = &body.Reason, &body.By
	return out, nil
}
