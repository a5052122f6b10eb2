package api

import (
	"context"
	"fmt"
	"net/http"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"shiming/internal/chinaid"
	"shiming/internal/dossier"
	"shiming/internal/postgres"
	"shiming/internal/problem"
)

// party is who reports to us by webhook.
type party string

const (
	bankParty   party = "bank"
	walletParty party = "wallet"
)

// signatures are the secrets that a party may sign with: several while one is being replaced.
type signatures []*standardwebhooks.Webhook

func newSignatures(bankSecrets, walletSecrets []string) (map[party]signatures, error) {
	hooks := map[party]signatures{}
	for who, secrets := range map[party][]string{bankParty: bankSecrets, walletParty: walletSecrets} {
		for _, secret := range secrets {
			hook, err := standardwebhooks.NewWebhook(secret)
			if err != nil || secret == "" {
				return nil, fmt.Errorf("api: a webhook secret of the %s is not base64 after whsec_", who)
			}
			hooks[who] = append(hooks[who], hook)
		}
	}
	return hooks, nil
}

// verify reports whether a body was signed with one of the secrets, within five minutes.
func (s signatures) verify(body []byte, h http.Header) bool {
	for _, hook := range s {
		if hook.Verify(body, h) == nil {
			return plainName(h.Get(standardwebhooks.HeaderWebhookID))
		}
	}
	return false
}

// reports makes the routes by which bank and wallet report.
func (s *server) reports() {
	register(s, route{
		id: "report-bank", method: http.MethodPost, path: "/v1/webhooks/bank", tag: "Webhooks in", signed: bankParty,
		summary: "The bank reports on a transfer", description: "Signed by the Standard Webhooks scheme. 200: stored with its effect; 202: nobody's key, kept for ops.",
	}, s.bankReport)
	register(s, route{
		id: "report-wallet", method: http.MethodPost, path: "/v1/webhooks/wallet", tag: "Webhooks in", signed: walletParty,
		summary: "The wallet reports on a QR session", description: "Signed by the Standard Webhooks scheme. 200: stored with its effect; 202: nobody's session, kept for ops.",
		codes: []problem.Code{problem.CodeIDNumberInvalid},
	}, s.walletReport)
}

// Signed are the headers of the Standard Webhooks scheme. Exported, like [ByID] and [Paging], for huma looks into no other
// embedded types.
type Signed struct {
	MessageID string `header:"webhook-id" required:"true" doc:"The message's id" example:"msg_2k3v5m2q7w4x6"`
	Timestamp string `header:"webhook-timestamp" required:"true" doc:"When it was signed, in Unix seconds" example:"1790647200"`
	Signature string `header:"webhook-signature" required:"true" doc:"v1, and the signature" example:"v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="`
}

type bankReport struct {
	Signed
	Body struct {
		Type   string `json:"type" enum:"transfer.sent,transfer.settled,transfer.failed,transfer.returned" doc:"What happened" example:"transfer.settled"`
		Key    string `json:"key" minLength:"1" maxLength:"255" doc:"The transfer's idempotency key" example:"shm_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
		Reason string `json:"reason,omitempty" maxLength:"1000" doc:"Why it failed or came back" example:"account_not_found"`
	}
}

// ReportReceipt says whether a report was somebody's.
type ReportReceipt struct {
	Known bool `json:"known" doc:"Whether the report belongs to a registration; otherwise it is kept for ops" example:"true"`
}

type receiptAnswer struct {
	Status int
	Body   ReportReceipt
}

func (s *server) bankReport(ctx context.Context, in *bankReport) (*receiptAnswer, error) {
	return s.take(ctx, postgres.Report{
		Source: string(bankParty), MessageID: in.MessageID, Type: in.Body.Type, Key: in.Body.Key, Reason: in.Body.Reason,
	})
}

type walletReport struct {
	Signed
	Body struct {
		Type       string `json:"type" enum:"session.verified,session.failed" doc:"What happened" example:"session.verified"`
		SessionID  string `json:"session_id" minLength:"1" maxLength:"255" doc:"The session" example:"ses_k3v5m2q7"`
		HolderName string `json:"holder_name,omitempty" doc:"Who was verified" example:"王五"`
		IDNumber   string `json:"id_number,omitempty" doc:"Their resident ID number" example:"110101199003077758"`
	}
}

func (s *server) walletReport(ctx context.Context, in *walletReport) (*receiptAnswer, error) {
	report := postgres.Report{Source: string(walletParty), MessageID: in.MessageID, Type: in.Body.Type, Key: in.Body.SessionID}
	if in.Body.Type == "session.verified" {
		var c checks
		report.Person = dossier.WalletReport{
			Holder:   c.take("holder_name", "", in.Body.HolderName, chinaid.CleanName),
			IDNumber: c.take("id_number", problem.CodeIDNumberInvalid, in.Body.IDNumber, residentID(s.Now())),
		}
		if err := c.problem(); err != nil {
			return nil, err
		}
	}
	return s.take(ctx, report)
}

// take stores a report before it is acknowledged.
func (s *server) take(ctx context.Context, r postgres.Report) (*receiptAnswer, error) {
	if !visible(r.Key) { // no key of ours, and nothing the database could keep
		var c checks
		c.add("key", codeInvalid, "The value is not valid.")
		return nil, c.problem()
	}
	known, err := s.Store.TakeReport(ctx, r)
	if err != nil {
		return nil, err
	}
	if !known {
		return &receiptAnswer{Status: http.StatusAccepted}, nil
	}
	return &receiptAnswer{Status: http.StatusOK, Body: ReportReceipt{Known: true}}, nil
}
