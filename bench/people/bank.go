package people

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"shiming/internal/client"
	"shiming/registration"
)

// AwaitTransfer takes an enterprise to where its payment was accepted by the bank and has not settled, and returns the payment's key.
func (p *Platform) AwaitTransfer(ctx context.Context) (c *Case, key string, err error) {
	if c, err = p.Open(ctx, registration.Enterprise); err != nil {
		return c, "", err
	}
	if err := c.verifyAdministrator(ctx); err != nil {
		return c, "", err
	}
	company, account, err := newCompany(c.who.name, neverSettles)
	if err != nil {
		return c, "", err
	}
	if err := c.Act(ctx, http.MethodPut, "/company", company); err != nil {
		return c, "", err
	}
	err = await(ctx, "the payment on the bank statement", func(ctx context.Context) (bool, error) {
		var lines []struct{ Key string }
		if err := c.outside.Do(ctx, client.Request{Method: http.MethodGet, Path: "/bank/ledger?account_number=" + url.QueryEscape(account), Into: &lines}); err != nil {
			return false, err
		}
		if len(lines) > 0 {
			key = lines[0].Key
		}
		return key != "", nil
	})
	return c, key, err
}

// Settle reports to the API as the bank does that a transfer has arrived. It returns when the report is acknowledged.
func (p *Platform) Settle(ctx context.Context, key string) error {
	signer, err := standardwebhooks.NewWebhook(p.o.Secret)
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]string{"type": "transfer.settled", "key": key})
	if err != nil {
		return err
	}
	id, now := "msg_"+rand.Text(), time.Now()
	signature, err := signer.Sign(id, now, body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.o.API+"/v1/webhooks/bank", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header = http.Header{
		"Content-Type": {"application/json"}, "Webhook-Id": {id}, "Webhook-Timestamp": {strconv.FormatInt(now.Unix(), 10)}, "Webhook-Signature": {signature},
	}
	resp, err := p.bank.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // it was read, or its error is returned
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("a bank's report was answered %d", resp.StatusCode)
	}
	return nil
}

// Subscribe has events sent to an address of the owner of a token.
func (p *Platform) Subscribe(ctx context.Context, token, address string) error {
	body, err := json.Marshal(map[string]any{"url": address})
	if err != nil {
		return err
	}
	return client.New(client.Options{Base: p.o.API, Token: token}).Do(ctx, client.Request{
		Method: http.MethodPost, Path: "/v1/webhook-endpoints", Body: body, ContentType: "application/json", Key: "subscribe-" + p.run + "-" + rand.Text(),
	})
}
