package cli

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

type noticeCommands struct {
	List   noticeListCommand   `cmd:"" help:"List SMS and e-mails, newest first, without addresses."`
	Resend noticeResendCommand `cmd:"" help:"Send a notice again that failed: it was refused for good, or may have been sent."`
	Accept noticeAcceptCommand `cmd:"" help:"Say that a notice which failed has come: what waits for it goes on, a payment's transfer for one."`
}

// notice is one SMS or e-mail.
type notice struct {
	ID             string     `json:"id"`
	Kind           string     `json:"kind"`
	Channel        string     `json:"channel"`
	Recipient      string     `json:"recipient"`
	RegistrationID *string    `json:"registration_id"`
	CreatedAt      time.Time  `json:"created_at"`
	State          string     `json:"state"`
	Reason         *string    `json:"reason"`
	SentAt         *time.Time `json:"sent_at"`
	UnknownTries   int        `json:"unknown_tries"`
}

func showNotice(p *page, n notice) {
	unknown := ""
	if n.UnknownTries > 0 {
		unknown = strconv.Itoa(n.UnknownTries)
	}
	p.list(
		pair{"notice", n.ID}, pair{"tells of", n.Kind}, pair{"by", words(n.Channel, n.Recipient)}, pair{"registration", or(n.RegistrationID)},
		pair{"made", at(n.CreatedAt)}, pair{"state", words(n.State, or(n.Reason))}, pair{"sent", atOr(n.SentAt)}, pair{"tries without an outcome", unknown},
	)
}

type noticeListCommand struct {
	apiFlags
	pagingFlags
	State string `enum:",waiting,sent,failed,skipped" default:"" placeholder:"STATE" help:"Only those in this state: waiting, sent, failed or skipped."`
}

// Run lists notices.
func (c *noticeListCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return get(ctx, s, c.query("/v1/notices", nil, pair{"state", c.State}), func(p *page, l listed[notice]) {
		showList(p, "notices", []string{"ID", "TELLS OF", "BY", "TO", "REGISTRATION", "MADE", "STATE"}, l, func(n notice) []string {
			return []string{n.ID, n.Kind, n.Channel, n.Recipient, or(n.RegistrationID), at(n.CreatedAt), words(n.State, or(n.Reason))}
		})
	})
}

// noticeWord is what ops says of a notice.
type noticeWord struct {
	changeFlags
	ID     string `arg:"" name:"id" help:"The notice's id, such as ntc_k3v5…"`
	Reason string `required:"" help:"Why; name nobody."`
}

func (c noticeWord) say(ctx context.Context, o *IO, word string) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return change(ctx, s, http.MethodPost, "/v1/notices/"+url.PathEscape(c.ID)+word, map[string]any{"reason": c.Reason}, showNotice)
}

type noticeResendCommand struct{ noticeWord }

// Run sends a notice again.
func (c *noticeResendCommand) Run(ctx context.Context, o *IO) error { return c.say(ctx, o, "/resend") }

type noticeAcceptCommand struct{ noticeWord }

// Run takes a notice for come.
func (c *noticeAcceptCommand) Run(ctx context.Context, o *IO) error { return c.say(ctx, o, "/accept") }
