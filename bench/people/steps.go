package people

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"shiming/internal/client"
	"shiming/registration"
)

// Register takes a registration of a kind from its creation to its approval.
func (p *Platform) Register(ctx context.Context, kind registration.Kind) (*Case, error) {
	c, err := p.Open(ctx, kind)
	if err != nil {
		return c, err
	}
	way := []func(context.Context) error{c.bindCard, c.enterCode, c.give, c.submit, c.approve}
	if kind == registration.Enterprise {
		way = []func(context.Context) error{c.verifyAdministrator, c.companyAndDeposit, c.give, c.submit, c.approve}
	}
	for _, step := range way {
		if err := step(ctx); err != nil {
			return c, err
		}
	}
	return c, nil
}

func (c *Case) bindCard(ctx context.Context) error {
	return c.Act(ctx, http.MethodPost, "/card", c.who.card())
}

func (c *Case) enterCode(ctx context.Context) error {
	code, err := c.smsCode(ctx)
	if err != nil {
		return err
	}
	return c.Act(ctx, http.MethodPost, "/card/code", map[string]any{"code": code})
}

func (c *Case) verifyAdministrator(ctx context.Context) error {
	var session struct {
		SessionID string `json:"session_id"`
	}
	err := c.call(ctx, c.backend, http.MethodPost, "/v1/registrations/"+c.ID+"/admin-session", map[string]any{"role": registration.LegalRepresentative}, &session)
	if err != nil {
		return err
	}
	err = c.call(ctx, c.outside, http.MethodPost, "/wallet/sessions/"+url.PathEscape(session.SessionID)+"/scan",
		map[string]any{"holder_name": c.who.name, "id_number": c.who.idNumber, "outcome": "verified"}, nil)
	if err != nil {
		return err
	}
	return c.Await(ctx, registration.CompanyRequired)
}

func (c *Case) companyAndDeposit(ctx context.Context) error {
	company, account, err := newCompany(c.who.name, settles)
	if err != nil {
		return err
	}
	if err := c.Act(ctx, http.MethodPut, "/company", company); err != nil {
		return err
	}
	if err := c.Await(ctx, registration.DepositRequired); err != nil {
		return err
	}
	if err := think(ctx); err != nil {
		return err
	}
	amount, err := c.amount(ctx, account)
	if err != nil {
		return err
	}
	return c.Act(ctx, http.MethodPost, "/deposit", map[string]any{"amount": amount})
}

// think is what somebody does who has been told something, before they act on it: meanwhile the messages about it have been sent.
func think(ctx context.Context) error {
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// give hands in contact and documents.
func (c *Case) give(ctx context.Context) error {
	if err := c.Act(ctx, http.MethodPut, "/contact", c.who.contact()); err != nil {
		return err
	}
	slots := []registration.Slot{registration.IDCardFront, registration.IDCardBack}
	if c.Kind == registration.Enterprise {
		slots = []registration.Slot{registration.BusinessLicence}
	}
	scan, err := newScan()
	if err != nil {
		return err
	}
	for _, slot := range slots {
		if err := c.Act(ctx, http.MethodPut, "/documents/"+string(slot), scan); err != nil {
			return err
		}
	}
	return nil
}

func (c *Case) submit(ctx context.Context) error { return c.Act(ctx, http.MethodPost, "/submit", nil) }

func (c *Case) approve(ctx context.Context) error {
	if err := c.call(ctx, c.reviewer, http.MethodPost, "/v1/reviews/"+c.ID+"/claim", nil, nil); err != nil {
		return err
	}
	return c.call(ctx, c.reviewer, http.MethodPost, "/v1/reviews/"+c.ID+"/decision", map[string]any{"decision": "approve"}, nil)
}

var codeInText = regexp.MustCompile(`\d{6}`)

// smsCode waits for the bank's code on the applicant's phone.
func (c *Case) smsCode(ctx context.Context) (code string, err error) {
	err = await(ctx, "the bank's SMS code", func(ctx context.Context) (bool, error) {
		var messages []struct{ Channel, Text string }
		if err := c.outside.Do(ctx, client.Request{Method: http.MethodGet, Path: "/inbox?to=" + url.QueryEscape(c.who.phone), Into: &messages}); err != nil {
			return false, err
		}
		for _, m := range messages { // newest first
			if m.Channel == "sms" && strings.Contains(m.Text, "验证码") {
				code = codeInText.FindString(m.Text)
				return code != "", nil
			}
		}
		return false, nil
	})
	return code, err
}

// amount waits for the payment on the company's bank statement.
func (c *Case) amount(ctx context.Context, account string) (amount string, err error) {
	err = await(ctx, "the payment on the bank statement", func(ctx context.Context) (bool, error) {
		var lines []struct{ Amount string }
		if err := c.outside.Do(ctx, client.Request{Method: http.MethodGet, Path: "/bank/ledger?account_number=" + url.QueryEscape(account), Into: &lines}); err != nil {
			return false, err
		}
		if len(lines) == 0 {
			return false, nil
		}
		amount = lines[len(lines)-1].Amount
		return true, nil
	})
	return amount, err
}
