package activities

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sethvargo/go-retry"

	"shiming/internal/email"
	"shiming/internal/notice"
	"shiming/internal/outside"
	"shiming/internal/postgres"
	"shiming/internal/sms"
	"shiming/registration"
)

// Mailer sends e-mail.
type Mailer interface {
	Send(ctx context.Context, m email.Message) (providerID string, err error)
}

// Texter sends SMS.
type Texter interface {
	Send(ctx context.Context, m sms.Message) (providerID string, err error)
}

// NoticeBook keeps notices. What it gave out with TakeNotice is answered by one of the others.
type NoticeBook interface {
	TakeNotice(ctx context.Context, id string, patience func(notice.Channel) time.Duration) (*postgres.Notice, error)
	NoticeAccepted(ctx context.Context, id, providerID string) error
	NoticeRefused(ctx context.Context, id string) error
	NoticeUnknown(ctx context.Context, taken *postgres.Notice) (failed bool, err error)
	NoticeUntouched(ctx context.Context, taken *postgres.Notice) error
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
	// Timeouts are how long a provider may take to answer; a channel left out has outside.DefaultTimeout.
	Timeouts map[notice.Channel]time.Duration
	// Paced are the lanes that have a pace, as in [Boundary]: none of their messages is sent past the lane.
	Paced []registration.Lane

	underWay atomic.Int64 // messages being sent, also those that their activity or its worker has left behind
	resting  sync.Map     // lanes whose provider did not answer a first try a moment ago, each until when
}

// What an attempt is given beside the time that its provider may take.
const (
	handing   = 5 * time.Second  // from taking the notice to calling the provider
	recording = 10 * time.Second // and from there to the record; after that the attempt counts as dead
)

// recordWithin is for how long the record is insisted on.
const recordWithin = 2 * time.Minute

// Deliver sends one notice: once, or twice if the process died or the call timed out between the provider's acceptance and our
// record of it. It fails for good if the provider refused it for good, or if nobody knows after two tries: ops decides then.
func (p *Post) Deliver(ctx context.Context, noticeID string) error {
	defer alive(ctx)()
	p.underWay.Add(1)
	defer p.underWay.Add(-1)
	return classify(p.send(ctx, noticeID))
}

// sideBySide sends notices at once. Nobody has to wait for the answers: each is recorded by itself.
func (p *Post) sideBySide(ctx context.Context, noticeIDs []string) <-chan error {
	answers := make(chan error, len(noticeIDs))
	for _, id := range noticeIDs {
		p.underWay.Add(1)
		go func() {
			defer p.underWay.Add(-1)
			answers <- p.send(context.WithoutCancel(ctx), id)
		}()
	}
	return answers
}

// FinishSending waits for what is being sent although its activity is over, for as long as ctx allows. It is no method of
// Post's: each of those is an activity.
func FinishSending(ctx context.Context, p *Post) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for p.underWay.Load() > 0 {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (p *Post) timeout(c notice.Channel) time.Duration { return outside.TimeoutOr(p.Timeouts[c]) }

// patience is how long an attempt without a record may still be alive.
func (p *Post) patience(c notice.Channel) time.Duration { return p.timeout(c) + recording }

// send makes one attempt. From taking the notice on it is seen through, also if its activity is over: what the provider says
// must be recorded.
func (p *Post) send(ctx context.Context, noticeID string) error {
	if ctx.Err() != nil { // the worker stops: nothing has been taken, and the next attempt need not wait for this one
		return ctx.Err()
	}
	begun := time.Now()
	ctx = context.WithoutCancel(ctx)
	n, err := p.take(ctx, noticeID)
	if n == nil || err != nil {
		return err
	}
	providerID, err := p.call(ctx, n, begun)
	return p.record(ctx, n, providerID, err)
}

// take begins the attempt, unless the notice is not to be sent (nil).
func (p *Post) take(ctx context.Context, noticeID string) (*postgres.Notice, error) {
	ctx, cancel := context.WithTimeout(ctx, handing)
	defer cancel()
	return p.Book.TakeNotice(ctx, noticeID, p.patience)
}

// call hands the notice to its provider, while this attempt is the only one.
func (p *Post) call(ctx context.Context, n *postgres.Notice, begun time.Time) (providerID string, err error) {
	if n.Token != "" {
		n.Data.Token = n.Token
		if p.ObjectionPage != "" {
			n.Data.Link = p.ObjectionPage + "#token=" + n.Token
		}
	}
	message, err := notice.Render(n.Kind, string(n.Locale), n.Data)
	if err != nil {
		return "", err
	}
	if time.Since(begun) > handing { // this process stood still: another may be at it soon
		return "", fmt.Errorf("%w: the attempt came too late", outside.ErrUnavailable)
	}
	ctx, cancel := context.WithDeadline(ctx, begun.Add(handing+p.timeout(n.Channel)))
	defer cancel()
	return p.hand(ctx, n, message)
}

// record writes down what came of an attempt, and returns whether there is to be another.
func (p *Post) record(ctx context.Context, n *postgres.Notice, providerID string, answer error) error {
	ctx, cancel := context.WithTimeout(ctx, recordWithin)
	defer cancel()
	var noMail *email.Refusal
	var noSMS *sms.Refusal
	failed := false
	var err error
	switch {
	case answer == nil:
		err = written(ctx, func(ctx context.Context) error { return p.Book.NoticeAccepted(ctx, n.ID, providerID) })
	case errors.As(answer, &noMail), errors.As(answer, &noSMS):
		failed = true
		err = written(ctx, func(ctx context.Context) error { return p.Book.NoticeRefused(ctx, n.ID) })
	case errors.Is(answer, outside.ErrUnknown):
		err = written(ctx, func(ctx context.Context) (err error) { failed, err = p.Book.NoticeUnknown(ctx, n); return err })
	default:
		err = written(ctx, func(ctx context.Context) error { return p.Book.NoticeUntouched(ctx, n) })
	}
	switch {
	case err != nil:
		return err
	case failed:
		return postgres.ErrNoticeFailed
	}
	return answer
}

// written insists on a record: without it the next attempt may send the message again.
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
