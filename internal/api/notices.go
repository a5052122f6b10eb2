package api

import (
	"context"
	"net/http"
	"time"

	"shiming/internal/notice"
	"shiming/internal/postgres"
	"shiming/internal/problem"
	"shiming/registration"
)

const noticeTag = "Notices"

// notices makes the routes by which ops helps messages that did not come.
func (s *server) notices() {
	register(s, route{
		id: "list-notices", method: http.MethodGet, path: "/v1/notices", tag: noticeTag, summary: "List notices",
		description: "Every SMS and e-mail, newest first, without addresses. A failed one was refused for good, or may have been sent: " +
			"twice its provider did not answer, and it is not tried again by itself.",
		codes: []problem.Code{registration.CodeInvalidRequest},
	}, s.listNotices)
	register(s, noticeRoute("resend-notice", "/resend", "Send a notice again",
		"One more round of tries for a notice that failed. Its reader may get it once more than they should."), s.resendNotice)
	register(s, noticeRoute("accept-notice", "/accept", "Say that a notice has come",
		"Takes the caller's word that a notice which failed has come, as if its provider had taken it now: what waits for it goes on, a payment's transfer for one."), s.acceptNotice)
}

func noticeRoute(id, path, summary, description string) route {
	return route{
		id: id, method: http.MethodPost, path: "/v1/notices/{id}" + path, tag: noticeTag, summary: summary, description: description,
		codes: []problem.Code{registration.CodeWrongState},
	}
}

// Notice is one message to one mailbox or phone.
type Notice struct {
	ID             string         `json:"id" doc:"The notice's id" example:"ntc_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
	Kind           notice.Kind    `json:"kind" doc:"What it tells of" example:"payment_requested"`
	Channel        notice.Channel `json:"channel" enum:"email,sms" doc:"How it travels" example:"sms"`
	Recipient      string         `json:"recipient" enum:"registered,contact,reviewers,ops" doc:"Whose mailbox or phone" example:"registered"`
	RegistrationID *string        `json:"registration_id" doc:"The registration whose addresses it goes to; null: reviewers' or ops' own" example:"reg_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
	CreatedAt      time.Time      `json:"created_at" doc:"When there was something to tell" example:"2026-09-30T10:00:00+08:00"`
	State          string         `json:"state" enum:"waiting,sent,failed,skipped" doc:"waiting: on its way; skipped: nobody wants it any more, or its mailbox has a copy of its own" example:"failed"`
	Reason         *string        `json:"reason" enum:"refused,may_have_been_sent" doc:"Why it failed; null unless it has" example:"may_have_been_sent"`
	SentAt         *time.Time     `json:"sent_at" doc:"When its provider took it, or ops said that it came" example:"2026-09-30T10:00:01+08:00"`
	UnknownTries   int            `json:"unknown_tries" doc:"Tries of this round whose outcome nobody knows; after two there is no other" example:"2"`
}

func noticeOf(v *postgres.NoticeView) Notice { return Notice(*v) }

type listNotices struct {
	State string `query:"state" enum:"waiting,sent,failed,skipped" doc:"Only those in this state" example:"failed"`
	Paging
}

// NoticePage is a page of notices.
type NoticePage struct {
	Items      []Notice `json:"items" doc:"Notices, newest first"`
	NextCursor *string  `json:"next_cursor" doc:"Where the next page begins; null on the last" example:"MjAyNi0wOS0zMFQwMjowMDowMFp8bnRjX2szdjU"`
}

func (s *server) listNotices(ctx context.Context, in *listNotices) (*struct{ Body NoticePage }, error) {
	page, err := s.Store.Notices(ctx, postgres.NoticeFilter{State: in.State, Cursor: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	return &struct{ Body NoticePage }{NoticePage{Items: shown(page.Items, noticeOf), NextCursor: next(page.NextCursor)}}, nil
}

type noticeWord struct {
	ID   string `path:"id" doc:"The notice's id" example:"ntc_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
	Body struct {
		Reason string `json:"reason" doc:"Why; name nobody, no ID, card, account or phone number" example:"The applicant says on the phone that nothing came."`
	}
}

type noticeAnswer struct{ Body Notice }

func (s *server) resendNotice(ctx context.Context, in *noticeWord) (*noticeAnswer, error) {
	return s.aboutNotice(ctx, in, s.Store.ResendNotice)
}

func (s *server) acceptNotice(ctx context.Context, in *noticeWord) (*noticeAnswer, error) {
	return s.aboutNotice(ctx, in, s.Store.AcceptNotice)
}

// aboutNotice answers with what say makes of a notice.
func (s *server) aboutNotice(ctx context.Context, in *noticeWord, say func(context.Context, postgres.NoticeWord) (*registration.Refusal, error)) (*noticeAnswer, error) {
	if err := mustBeID(in.ID); err != nil {
		return nil, err
	}
	if err := checkReason(in.Body.Reason); err != nil {
		return nil, err
	}
	refusal, err := say(ctx, postgres.NoticeWord{NoticeID: in.ID, By: byOps(ctx), Reason: in.Body.Reason})
	if err != nil {
		return nil, err
	}
	if refusal != nil {
		return nil, refusal
	}
	n, err := s.Store.NoticeOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &noticeAnswer{noticeOf(n)}, nil
}
