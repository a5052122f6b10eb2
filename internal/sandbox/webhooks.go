package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sethvargo/go-retry"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const (
	// deliveryTimeout bounds one attempt.
	deliveryTimeout = 15 * time.Second
	// firstPause and longestPause are between two attempts, giveUpAfter from the first to the last.
	firstPause   = 200 * time.Millisecond
	longestPause = 5 * time.Second
	giveUpAfter  = time.Hour
	// jitterPercent keeps many reports to a product coming back from arriving all at once.
	jitterPercent = 20
)

// deliveryConnections bounds how many reports are on the wire at once.
const deliveryConnections = 32

// deliveryClient keeps its connections, and never more than deliveryConnections of them.
func deliveryClient() *http.Client {
	transport := &http.Transport{
		MaxConnsPerHost: deliveryConnections, MaxIdleConnsPerHost: deliveryConnections, IdleConnTimeout: 30 * time.Second,
	}
	return &http.Client{Transport: transport}
}

// webhook is a report on its way.
type webhook struct {
	From target `json:"from"`
	// MessageID is the same at each attempt.
	MessageID string `json:"message_id"`
	Body      string `json:"body"`
}

// report schedules a webhook, if the party has somewhere to report to. The caller holds the state.
func (s *Server) report(st *state, from target, messageID string, body any, pause time.Duration) {
	if s.webhookURL(from) == "" {
		return
	}
	raw, err := json.Marshal(body)
	if err != nil {
		s.cfg.Log.Error("report cannot be written as JSON", "from", string(from), "error", err)
		return
	}
	s.schedule(st, task{
		Kind: taskReport, Due: time.Now().Add(pause),
		Webhook: &webhook{From: from, MessageID: messageID, Body: string(raw)},
	})
}

func (s *Server) webhookURL(from target) string {
	if from == walletParty {
		return s.cfg.WebhookWalletURL
	}
	return s.cfg.WebhookBankURL
}

// deliver sends the report until it is taken or an hour has passed. It returns false if the sandbox closes first.
func (s *Server) deliver(t task) bool {
	pauses := retry.WithMaxDuration(giveUpAfter, retry.WithCappedDuration(longestPause,
		retry.WithJitterPercent(jitterPercent, retry.NewExponential(firstPause))))
	warned := false
	err := retry.Do(s.stopping, pauses, func(ctx context.Context) error {
		err := s.post(ctx, *t.Webhook)
		if err != nil && !warned && ctx.Err() == nil {
			warned = true
			s.cfg.Log.Warn("report not taken, trying again", "from", string(t.Webhook.From), "webhook_id", t.Webhook.MessageID, "error", err)
		}
		return retry.RetryableError(err)
	})
	if s.stopping.Err() != nil && err != nil {
		return false
	}
	if err != nil {
		s.cfg.Log.Error("report given up", "from", string(t.Webhook.From), "webhook_id", t.Webhook.MessageID, "error", err)
	}
	return true
}

// post makes one attempt, signed anew because receivers refuse old time-stamps.
func (s *Server) post(ctx context.Context, hook webhook) error {
	ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
	defer cancel()
	now := time.Now()
	signature, err := s.signer.Sign(hook.MessageID, now, []byte(hook.Body))
	if err != nil {
		return fmt.Errorf("signing: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.webhookURL(hook.From), strings.NewReader(hook.Body))
	if err != nil {
		return fmt.Errorf("building the request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(standardwebhooks.HeaderWebhookID, hook.MessageID)
	req.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	req.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	resp, err := s.cfg.HTTPClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()                         //nolint:errcheck // only the status matters
	_, _ = io.CopyN(io.Discard, resp.Body, maxBody) // read so that the connection is used again; the body says nothing
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("answered with status %d", resp.StatusCode)
	}
	return nil
}
