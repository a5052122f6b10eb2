package storm

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"time"
)

// outside is where people look and act that are not the product's: the phone, the mailbox, the statement, the wallet's app.
type outside struct{ url string }

// entry is a line of an account holder's statement.
type entry struct {
	Key, Amount, State string
	Presented          int
	Account            string // whose, if it was asked for one
	At                 time.Time
}

// message is an SMS or mail in the inbox.
type message struct {
	Channel, To, Subject, Text string
	At                         time.Time
}

func (o outside) call(ctx context.Context, method, path string, body, into any) error {
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		reader = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, o.url+path, reader)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Timeout: 20 * time.Second}).Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %d %s", method, path, resp.StatusCode, raw)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(raw, into)
}

// statement is what came to a bank account; all of them for "".
func (o outside) statement(ctx context.Context, account string) (entries []entry, err error) {
	err = o.call(ctx, http.MethodGet, "/bank/ledger?account_number="+url.QueryEscape(account), nil, &entries)
	for i := range entries {
		entries[i].Account = account
	}
	return entries, err
}

// inbox is newest first; everybody's for "".
func (o outside) inbox(ctx context.Context, to string) (all []message, err error) {
	return all, o.call(ctx, http.MethodGet, "/inbox?to="+url.QueryEscape(to), nil, &all)
}

func (o outside) scans(ctx context.Context, session string, who person) error {
	return o.call(ctx, http.MethodPost, "/wallet/sessions/"+url.PathEscape(session)+"/scan",
		map[string]any{"holder_name": who.Name, "id_number": who.IDNumber, "outcome": "verified"}, nil)
}

func (o outside) breaks(ctx context.Context, f fault) error {
	return o.call(ctx, http.MethodPost, "/faults", map[string]any{"target": f.Target, "mode": f.Mode, "rate": f.Rate, "for": f.For.String()}, nil)
}

func (o outside) heals(ctx context.Context) error {
	return o.call(ctx, http.MethodDelete, "/faults", nil, nil)
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// code is the newest that the bank has sent to a phone, "" if there is none.
func (o outside) code(ctx context.Context, phone string) string {
	all, err := o.inbox(ctx, phone)
	if err != nil {
		return ""
	}
	for _, m := range all {
		if code := sixDigits.FindString(m.Text); m.Channel == "sms" && kinds.ofText(m.Text) == "" && code != "" {
			return code
		}
	}
	return ""
}
