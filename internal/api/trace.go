package api

import (
	"context"
	"net/http"
	"time"

	"shiming/internal/bank"
	"shiming/internal/postgres"
	"shiming/internal/problem"
	"shiming/registration"
)

// Bank is what the API asks of the bank: nothing that moves money.
type Bank interface {
	FindTransfer(ctx context.Context, key string) (status bank.TransferStatus, found bool, err error)
}

// tracesEvery is how often the bank is asked about the payments of one registration, in each process.
const tracesEvery = 3 * time.Second

// traces makes the routes by which the bank is asked what it knows of a payment.
func (s *server) traces() {
	const learns = "The bank is asked by the payment's key. What it says, and we did not know, counts as if it had reported it: the registration goes on. " +
		"At most once in three seconds for each registration."
	codes := []problem.Code{registration.CodeProviderUnavailable}
	register(s, route{
		id: "trace-payout", method: http.MethodGet, path: "/v1/registrations/{id}/payout/trace", tag: registrationTag, summary: "Ask the bank about a payment",
		description: "About the newest payment of a registration; wrong_state if it has none. " + learns, codes: append(codes, registration.CodeWrongState),
	}, s.tracePayout)
	register(s, route{
		id: "trace-payment", method: http.MethodGet, path: "/v1/payments/{id}/trace", tag: payoutsTag, summary: "Ask the bank about any payment",
		description: "Also about one that another has taken the place of. " + learns, codes: codes,
	}, s.tracePayment)
}

// What the bank is found to know of a payment, beside the states of its own.
const (
	traceUnknown    = "unknown"     // it has never heard of it
	traceNotOrdered = "not_ordered" // nor have we told it
)

// PaymentTrace is what the bank says of a payment now.
type PaymentTrace struct {
	State         string    `json:"state" enum:"sent,settled,failed,returned,unknown,not_ordered" doc:"The bank's word. unknown: it has never heard of the payment's key; not_ordered: nor was it told, the payment has not been ordered" example:"sent"`
	BankReference *string   `json:"bank_reference" doc:"The bank's name for the transfer, as on its statement; null if it gives none" example:"20260930000123"`
	CheckedAt     time.Time `json:"checked_at" doc:"When the bank was asked" example:"2026-09-30T10:00:00+08:00"`
}

type traceAnswer struct{ Body PaymentTrace }

func (s *server) tracePayout(ctx context.Context, in *ByID) (*traceAnswer, error) {
	if err := mustBeID(in.ID); err != nil {
		return nil, err
	}
	p, state, err := s.Store.NewestToTrace(ctx, in.ID)
	switch {
	case err != nil:
		return nil, err
	case p == nil:
		return nil, (&registration.Refusal{Code: registration.CodeWrongState, State: state}).
			Saying("No payment has been asked for: there is nothing to ask the bank about.")
	}
	return s.trace(ctx, p)
}

func (s *server) tracePayment(ctx context.Context, in *ByPayment) (*traceAnswer, error) {
	if err := mustBeID(in.ID); err != nil {
		return nil, err
	}
	p, err := s.Store.ToTrace(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.trace(ctx, p)
}

// trace asks the bank, and keeps what it says as the payment's workflow does when a report is late.
func (s *server) trace(ctx context.Context, p *postgres.Traceable) (*traceAnswer, error) {
	if s.Bank == nil {
		return nil, problem.New(registration.CodeProviderUnavailable,
			problem.WithDetail("This API has not been told where the bank is. Have whoever runs it set BANK_URL and BANK_API_KEY; the payment goes on all the same."))
	}
	if wait, ok := s.asked.take(p.RegistrationID); !ok {
		return nil, problem.New(problem.CodeRateLimited, problem.WithRetryAfter(wait),
			problem.WithDetail("The bank has just been asked about this registration. Ask again in some seconds."))
	}
	status, found, err := s.askBank(ctx, p.Key)
	if err != nil {
		return nil, err
	}
	out := PaymentTrace{State: string(status.State), CheckedAt: s.Now()}
	if visible(status.Reference) {
		out.BankReference = &status.Reference
	}
	switch {
	case !found && p.Ordered:
		out.State = traceUnknown
	case !found:
		out.State = traceNotOrdered
	default:
		err = s.Store.OrderAnswered(ctx, p.ID, status.State.Report(), string(status.Reason))
	}
	return &traceAnswer{out}, err
}

// askBank leaves time for what comes after it.
func (s *server) askBank(ctx context.Context, key string) (bank.TransferStatus, bool, error) {
	ctx, cancel := s.beforehand(ctx)
	defer cancel()
	return s.Bank.FindTransfer(ctx, key)
}
