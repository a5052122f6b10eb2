package activities

import (
	"context"
	"errors"
	"time"

	"github.com/sethvargo/go-retry"

	"shiming/internal/email"
	"shiming/internal/notice"
	"shiming/internal/postgres"
	"shiming/internal/sms"
)

// Mailer sends e-mail.
type Mailer interface {
	Send(ctx context.Context, m email.Message) (providerID string, err error)
}

// Texter sends SMS.
type Texter interface {
	Send(ctx context.Context, m sms.Message) (providerID string, err error)
}

// NoticeBook keeps notices.
type NoticeBook interface {
	TakeNotice(ctx context.Context, id string) (*postgres.Notice, error)
	NoticeAccepted(ctx context.Context, id, providerID string) error
	NoticeRefused(ctx context.Context, id string) error
}

// Post delivers notices. A provider that is down delays a notice and nothing else; one that refuses it for good (an
// address that does not exist) ends it.
type Post struct {
	Mail      Mailer
	SMS       Texter
	Book      NoticeBook
	Reviewers string // the reviewers' mailbox
	Ops       string // ops' mailbox
	// ObjectionPage is where the holder of an account objects to a clearing; the link's token is added as a fragment, which
	// stays out of every server's log. If it is empty the notice has no link but the token to enter.
	ObjectionPage string
	// Templates maps our template codes to those the SMS provider has issued; a code left out goes as it is.
	Templates map[string]string
}

// Deliver sends one notice, at most once unless the process dies or the call times out between the provider's
// acceptance and our record of it.
func (p *Post) Deliver(ctx context.Context, noticeID string) error {
	defer alive(ctx)()
	return classify(p.send(ctx, noticeID))
}

func (p *Post) send(ctx context.Context, noticeID string) error {
	n, err := p.Book.TakeNotice(ctx, noticeID)
	if n == nil || err != nil {
		return err
	}
	if n.Token != "" {
		n.Data.Token = n.Token
		if p.ObjectionPage != "" {
			n.Data.Link = p.ObjectionPage + "#token=" + n.Token
		}
	}
	message, err := notice.Render(n.Kind, string(n.Locale), n.Data)
	if err != nil {
		return err
	}
	providerID, err := p.hand(ctx, n, message)
	var noMail *email.Refusal
	var noSMS *sms.Refusal
	switch {
	case errors.As(err, &noMail), errors.As(err, &noSMS):
		return written(ctx, func(ctx context.Context) error { return p.Book.NoticeRefused(ctx, noticeID) })
	case err != nil:
		return err
	}
	return written(ctx, func(ctx context.Context) error { return p.Book.NoticeAccepted(ctx, noticeID, providerID) })
}

// written insists on a record for as long as this attempt lives: the next one would send the message again.
func written(ctx context.Context, record func(ctx context.Context) error) error {
	pauses := retry.WithCappedDuration(time.Second, retry.NewExponential(50*time.Millisecond))
	return retry.Do(ctx, pauses, func(ctx context.Context) error { return retry.RetryableError(record(ctx)) })
}

func (p *Post) hand(ctx context.Context, n *postgres.Notice, m notice.Message) (providerID string, err error) {
	if n.Channel == notice.SMS {
		template := m.SMSTemplate
		if issued, known := p.Templates[template]; known {
			template = issued
		}
		return p.SMS.Send(ctx, sms.Message{To: n.To, Template: template, Params: m.SMSParams})
	}
	to := n.To
	switch n.Audience {
	case "reviewers":
		to = p.Reviewers
	case "ops":
		to = p.Ops
	}
	return p.Mail.Send(ctx, email.Message{To: to, Subject: m.Subject, Text: m.Text, HTML: m.HTML})
}
