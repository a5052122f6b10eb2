package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/notice"
)

// Why a notice failed.
const (
	NoticeRefusedForGood  = "refused"
	NoticeMayHaveBeenSent = "may_have_been_sent"
)

// NoticeView is a notice as ops sees it: whose mailbox it went to, but not its address.
type NoticeView struct {
	ID             string
	Kind           notice.Kind
	Channel        notice.Channel
	Recipient      string // registered, contact, reviewers, ops
	RegistrationID *string
	CreatedAt      time.Time
	State          string
	Reason         *string // why it failed
	SentAt         *time.Time
	UnknownTries   int
}

func (n *noticeRow) view() *NoticeView {
	v := &NoticeView{
		ID: n.ID, Kind: n.Kind, Channel: n.Channel, Recipient: n.Recipient, RegistrationID: n.RegistrationID, CreatedAt: n.CreatedAt,
		State: n.state(), SentAt: n.AcceptedAt, UnknownTries: n.UnknownTries,
	}
	if v.State == NoticeFailed {
		v.Reason = new(NoticeRefusedForGood)
		if n.RefusedAt == nil {
			v.Reason = new(NoticeMayHaveBeenSent)
		}
	}
	return v
}

// NoticeFilter chooses notices. An empty state chooses all.
type NoticeFilter struct {
	State  string
	Cursor string
	Limit  int
}

// Notices lists notices, newest first.
func (s *Store) Notices(ctx context.Context, f NoticeFilter) (Page[*NoticeView], error) {
	var page Page[*NoticeView]
	q := listing{from: "notices", columns: noticeColumns, order: "created_at desc, id desc", limit: f.Limit + 1}
	switch f.State {
	case NoticeSent:
		q.where(noticeIsSent)
	case NoticeFailed:
		q.where(noticeIsFailed)
	case NoticeSkipped:
		q.where(noticeIsSkipped)
	case NoticeWaiting:
		q.where(noticeIsWaiting)
	default:
		q.branch(noticeIsSent, noticeIsFailed, noticeIsSkipped, noticeIsWaiting)
	}
	if err := q.beyond(f.Cursor, "(created_at, id) < (?, ?)"); err != nil {
		return page, err
	}
	rows, err := s.pool.Query(ctx, q.sql(), q.args...)
	if err != nil {
		return page, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[noticeRow])
	found, page.NextCursor = trim(found, f.Limit, func(n *noticeRow) (time.Time, string) { return n.CreatedAt, n.ID })
	for _, n := range found {
		page.Items = append(page.Items, n.view())
	}
	return page, err
}

// NoticeOf returns one notice.
func (s *Store) NoticeOf(ctx context.Context, id string) (*NoticeView, error) {
	n, err := oneNotice(ctx, s.pool, id, "")
	if err != nil {
		return nil, err
	}
	return n.view(), nil
}
