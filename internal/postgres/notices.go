package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/internal/notice"
	"shiming/internal/workday"
	"shiming/registration"
)

// notify writes one notice of an event for each channel and mailbox its kind goes to; the relay has them delivered together.
// The event's key makes sure that there is one of each. rec is nil for what concerns no registration.
func (s *Store) notify(ctx context.Context, tx querier, rec *record, kind notice.Kind, eventKey string, data notice.Data, at time.Time) error {
	group := registration.NewID("ntg")
	written, err := s.writeNotices(ctx, tx, rec, kind, eventKey, data, at, &group)
	if err != nil || len(written) == 0 {
		return err
	}
	return sendNotices(ctx, tx, at, group, written)
}

// sendNotices leaves word for the relay to have a group of notices delivered.
func sendNotices(ctx context.Context, q querier, at time.Time, group string, notices []registration.NoticeRef) error {
	payload, err := json.Marshal(notices)
	if err != nil {
		return err
	}
	return enqueue(ctx, q, at, MessageNotices, group, payload)
}

// tell is notify for the registration being changed.
func (c *regChange) tell(ctx context.Context, kind notice.Kind, eventKey string, data notice.Data) error {
	return c.notify(ctx, c.tx, c.rec, kind, eventKey, data, c.at)
}

// notifyHeld writes the payment notice, which the workflow itself sends: the window starts when a channel accepts it.
func (c *regChange) notifyHeld(ctx context.Context, p *payment) error {
	_, err := c.writeNotices(ctx, c.tx, c.rec, notice.PaymentRequested, paymentNoticeKey(p.ID), notice.Data{BankAccountLast4: p.BankLast4}, c.at, nil)
	return err
}

func paymentNoticeKey(paymentID string) string { return "payment_requested/" + paymentID }

func moneyArrivedKey(paymentID string) string { return "money_arrived/" + paymentID }

// writeNotices writes the notices of an event, to be delivered as a group; without a group they are held.
func (s *Store) writeNotices(ctx context.Context, tx querier, rec *record, kind notice.Kind, eventKey string, data notice.Data, at time.Time, group *string) (written []registration.NoticeRef, err error) {
	recipients, err := s.recipients(ctx, tx, rec, kind)
	if err != nil {
		return nil, err
	}
	locale, registrationID := registration.Chinese, (*string)(nil)
	if rec != nil {
		locale, registrationID = rec.Locale, &rec.ID
		data.AccountID = rec.AccountID
		if data.RegistrationID == "" { // not about something else of the account's, a clearing
			data.RegistrationID, data.Kind = rec.ID, string(rec.Kind)
		}
	}
	for _, channel := range kind.Channels() {
		for _, recipient := range recipients {
			id := registration.NewID("ntc")
			sealed, sealedFor, err := s.sealAbout(ctx, tx, noticeSubject(registrationID, data.RegistrationID), id, dossier.PurposeNotice, data)
			if err != nil {
				return nil, err
			}
			tag, err := tx.Exec(ctx, `insert into notices (id, registration_id, event_key, kind, channel, recipient, locale, about, account_id, sealed,
				sealed_for, held, group_id, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
				on conflict (event_key, channel, recipient) do nothing`,
				id, registrationID, eventKey, kind, channel, recipient, locale, data.RegistrationID, data.AccountID, sealed, sealedFor, group == nil, group, at)
			if err != nil {
				return nil, err
			}
			if tag.RowsAffected() == 1 {
				written = append(written, registration.NoticeRef{ID: id, Lane: laneOf(channel)})
			}
		}
	}
	return written, nil
}

// laneOf is the lane that a channel's notices go by.
func laneOf(channel notice.Channel) registration.Lane {
	if channel == notice.SMS {
		return registration.SMSLane
	}
	return registration.EmailLane
}

// noticeSubject is whose key seals a notice: of the registration whose addresses it goes to, else of what it is about.
func noticeSubject(registrationID *string, about string) string {
	if registrationID != nil {
		return *registrationID
	}
	return about
}

// open opens what a notice tells.
func (n *keyedNotice) open(s *Store) (data notice.Data, err error) {
	if n.Sealed == nil { // by an older release, in clear
		return *n.Data, nil
	}
	keys := dataKeys{*n.SealedFor: n.DataKey}
	err = s.openAbout(keys, *n.SealedFor, noticeSubject(n.RegistrationID, n.about()), n.ID, dossier.PurposeNotice, n.Sealed, &data)
	return data, err
}

// recipients names the mailboxes of a kind; the contact's is left out if it is the registered one.
func (s *Store) recipients(ctx context.Context, tx querier, rec *record, kind notice.Kind) ([]string, error) {
	switch kind.Audience() {
	case notice.Reviewers:
		return []string{"reviewers"}, nil
	case notice.Ops:
		return []string{"ops"}, nil
	case notice.Applicant:
		return []string{"registered"}, nil
	}
	if rec == nil || rec.ContactRef == nil {
		return []string{"registered"}, nil
	}
	var applicant dossier.Applicant
	var contact dossier.Contact
	err := errors.Join(
		s.get(ctx, tx, Own(rec.ID), rec.ApplicantRef, dossier.PurposeApplicant, &applicant),
		s.get(ctx, tx, Own(rec.ID), *rec.ContactRef, dossier.PurposeContact, &contact),
	)
	if err != nil || contact.Email == applicant.Email {
		return []string{"registered"}, err
	}
	return []string{"registered", "contact"}, nil
}

// Notice is one message to one mailbox or phone, ready to be rendered and sent.
type Notice struct {
	ID       string
	Kind     notice.Kind
	Channel  notice.Channel
	Locale   registration.Locale
	Data     notice.Data
	To       string    // e-mail address or mobile number; empty for reviewers and ops, whose address is configured
	Audience string    // registered, contact, reviewers, ops
	Token    string    // of an objection's link; empty for every other kind
	Since    time.Time // when this attempt began; no other of the notice has the same
}

// TakeNotice opens a notice for an attempt to send it, which must be recorded. It returns nil if there is nothing to send: a
// provider has taken it, nobody wants it any more, or it would be the second to one mailbox. The error is [ErrNoticeFailed] if
// it waits for ops, [ErrBeingSent] if another attempt began less than patience ago, by its channel, and has left no record;
// [ErrPaused] or a [*CeilingError] if it must wait for what it costs.
func (s *Store) TakeNotice(ctx context.Context, id string, patience func(notice.Channel) time.Duration) (*Notice, error) {
	row, err := noticeWithKey(ctx, s.pool, id)
	if err != nil {
		return nil, err
	}
	if may, err := row.mayBegin(s.now(), patience(row.Channel)); !may {
		return nil, err
	}
	data, err := row.open(s)
	if err != nil {
		return nil, err
	}
	n := &Notice{ID: id, Kind: row.Kind, Channel: row.Channel, Locale: row.Locale, Data: data, Audience: row.Recipient}
	wanted, err := s.complete(ctx, &row.noticeRow, n)
	if err != nil {
		return nil, err
	}
	if !wanted {
		return nil, s.skipNotice(ctx, id)
	}
	since, mine, err := s.seize(ctx, id, patience(row.Channel))
	if !mine || err != nil {
		return nil, err
	}
	n.Since = since
	return n, nil
}

// complete adds what is known only as a notice is being sent. It reports false if nobody wants it any more.
func (s *Store) complete(ctx context.Context, row *noticeRow, n *Notice) (wanted bool, err error) {
	wanted = true
	switch n.Kind {
	case notice.PaymentRequested:
		wanted, err = s.announce(ctx, row.EventKey, n)
	case notice.ClearingObjection:
		wanted, err = s.announceObjection(ctx, row.EventKey, n)
	case notice.MoneyArrived, notice.WindowClosing:
		err = s.refreshWindow(ctx, row.EventKey, n)
	case notice.DeadlineMoved:
		wanted, err = s.stillMoved(ctx, row.EventKey, n)
	}
	if !wanted || err != nil || row.RegistrationID == nil {
		return wanted, err
	}
	err = s.address(ctx, *row.RegistrationID, n)
	if errors.Is(err, errSecondCopy) {
		return false, nil
	}
	return true, err
}

// announce completes the payment notice as it is being sent: until when the amount is taken, if this is the moment from
// which the days count. It reports false if the payment is no longer wanted.
func (s *Store) announce(ctx context.Context, eventKey string, n *Notice) (wanted bool, err error) {
	p, err := onePayment(ctx, s.pool, `id = $1`, strings.TrimPrefix(eventKey, paymentNoticeKey("")))
	if err != nil || !p.open() {
		return false, err
	}
	now := s.now()
	window := s.cal.WorkingDays(now, registration.WindowDays)
	switch {
	case p.outlasted(now): // this channel is late, and so is the money: whenever it comes, there is as long as this at least
		window = s.cal.WorkingDays(now, registration.SettledDays)
	case p.WindowClosesAt != nil:
		window = workday.Deadline{At: *p.WindowClosesAt, Provisional: p.WindowProvisional}
	}
	n.Data.Deadline, n.Data.DeadlineProvisional = &window.At, window.Provisional
	return true, nil
}

// refreshWindow has a notice that waited for its provider name the day that holds now, and not one that has moved since.
func (s *Store) refreshWindow(ctx context.Context, eventKey string, n *Notice) error {
	_, paymentID, _ := strings.Cut(eventKey, "/")
	p, err := onePayment(ctx, s.pool, `id = $1`, paymentID)
	if err == nil && p.open() && p.WindowClosesAt != nil {
		n.Data.Deadline, n.Data.DeadlineProvisional = p.WindowClosesAt, p.WindowProvisional
	}
	return err
}

// stillMoved reports whether the day that a notice says a deadline has moved to is the one that holds, and is still waited for.
// If it has moved on, another notice says so.
func (s *Store) stillMoved(ctx context.Context, eventKey string, n *Notice) (wanted bool, err error) {
	of := strings.Split(eventKey, "/")[1]
	if registration.IsClearingID(of) {
		k, err := loadClearing(ctx, s.pool, of, "")
		if err != nil || k.State != registration.ObjectionPeriod || k.ObjectedAt != nil || k.ObjectionUntil == nil {
			return false, err
		}
		return k.ObjectionUntil.Equal(*n.Data.Deadline), nil
	}
	p, err := onePayment(ctx, s.pool, `id = $1`, of)
	if err != nil || !p.open() {
		return false, err
	}
	at := p.ExpectedBy
	if p.SettledAt != nil {
		at = p.WindowClosesAt
	}
	return at != nil && at.Equal(*n.Data.Deadline), nil
}

// errSecondCopy says that the contact's mailbox is the registered one by now, which has a copy of its own.
var errSecondCopy = errors.New("postgres: the mailbox has a copy already")

// address fills in who the notice is for, and by which names they know themselves. All of it is read at one moment.
func (s *Store) address(ctx context.Context, registrationID string, n *Notice) error {
	outside := n.Audience == "registered" || n.Audience == "contact"
	rows, err := s.pool.Query(ctx, `select r.name, coalesce(r.company ->> 'legal_name', ''), coalesce(i.ref, ''), i.subject, i.purpose, i.sealed, k.wrapped
		from registrations r left join vault_items i on $2 and i.ref = r.applicant_ref or $3 = 'contact' and i.ref = r.contact_ref
		left join vault_keys k on k.subject = i.subject where r.id = $1`, registrationID, outside, n.Audience)
	if err != nil {
		return err
	}
	items := map[string]sealedItem{}
	var item sealedItem
	tag, err := pgx.ForEachRow(rows, []any{&n.Data.DeveloperName, &n.Data.CompanyName, &item.ref, &item.subject, &item.purpose, &item.sealed, &item.wrapped}, func() error {
		if item.purpose != nil {
			items[*item.purpose] = item
		}
		item = sealedItem{}
		return nil
	})
	switch {
	case err != nil:
		return err
	case tag.RowsAffected() == 0:
		return ErrNotFound
	case !outside:
		return nil
	}
	return s.addressOf(Own(registrationID), items, n)
}

// addressOf is the address, by what the registration's owner has handed in.
func (s *Store) addressOf(owner Owner, items map[string]sealedItem, n *Notice) error {
	var a dossier.Applicant
	if err := s.openItem(items[dossier.PurposeApplicant], owner, dossier.PurposeApplicant, &a); err != nil {
		return err
	}
	if n.Audience == "contact" {
		var contact dossier.Contact
		err := s.openItem(items[dossier.PurposeContact], owner, dossier.PurposeContact, &contact)
		if err == nil && contact.Email == a.Email {
			err = errSecondCopy
		}
		n.To = contact.Email
		return err
	}
	n.To = a.Email
	if n.Channel == notice.SMS {
		n.To = a.Phone
	}
	return nil
}

// HeldNotices lists a payment's notices that are still to be sent. wanted is false if the payment is void: then it is announced
// to nobody, and what is left is skipped.
func (s *Store) HeldNotices(ctx context.Context, paymentID string) (ids []string, wanted bool, err error) {
	p, err := onePayment(ctx, s.pool, `id = $1`, paymentID)
	if err != nil || p == nil {
		return nil, false, err
	}
	if !p.open() {
		return nil, false, s.skipHeld(ctx, paymentID)
	}
	rows, err := s.pool.Query(ctx, `select id from notices where event_key = $1 and held and `+noticeIsWaiting+` order by channel`, paymentNoticeKey(paymentID))
	if err != nil {
		return nil, false, err
	}
	ids, err = pgx.CollectRows(rows, pgx.RowTo[string])
	return ids, true, err
}

// skipHeld gives up the notices of a payment that nobody wants any more; those that failed, too, wait for ops no longer.
func (s *Store) skipHeld(ctx context.Context, paymentID string) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `update notices set skipped_at = $2 where event_key = $1 and held and accepted_at is null and skipped_at is null returning id`,
			paymentNoticeKey(paymentID), s.now())
		if err != nil {
			return err
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
		for _, id := range ids {
			err = errors.Join(err, s.gone(ctx, tx, registration.FindingMessageUnsure, id))
		}
		return err
	})
}
