package bank

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"shiming/internal/outside"
)

// Transfer is an order to pay.
type Transfer struct {
	// Key is the order's identity: the bank pays once per key, however often it comes.
	Key           string
	AccountName   string
	AccountNumber string
	BankName      string
	// CNAPS is the 12-digit code of the account's branch (联行号); may be empty.
	CNAPS string
	// AmountFen is in fen, 1 CNY = 100 fen.
	AmountFen int64
	Remark    string
}

// TransferState is how far the bank is with a transfer.
type TransferState string

// The states, in their order. Failed means that the bank never paid, returned that the money came back.
const (
	TransferSent     TransferState = "sent"
	TransferSettled  TransferState = "settled"
	TransferFailed   TransferState = "failed"
	TransferReturned TransferState = "returned"
)

// Report is the type of the report by which the bank says that a transfer is so far.
func (s TransferState) Report() string { return "transfer." + string(s) }

// TransferStatus is what the bank says of a transfer.
type TransferStatus struct {
	Key   string
	State TransferState
	// Reason is set with failed and returned.
	Reason Reason
	// Reference is the bank's name for the transfer, the same as on its statement (流水号); empty from a bank that gives none.
	Reference string
}

type transferAnswer struct {
	Key       string `json:"key"`
	State     string `json:"state"`
	Reason    string `json:"reason"`
	Reference string `json:"reference"`
}

// Transfer orders the payment and returns as soon as the bank accepted it. A repeat with the same key and details pays
// nothing again and answers with the transfer as it stands; one that the bank refused is refused again.
func (c *Client) Transfer(ctx context.Context, t Transfer) (TransferStatus, error) {
	in := struct {
		AccountName   string `json:"account_name"`
		AccountNumber string `json:"account_number"`
		BankName      string `json:"bank_name"`
		CNAPS         string `json:"cnaps"`
		AmountFen     int64  `json:"amount_fen"`
		Remark        string `json:"remark"`
	}{t.AccountName, t.AccountNumber, t.BankName, t.CNAPS, t.AmountFen, t.Remark}
	var out transferAnswer
	call := outside.Call{Method: http.MethodPost, Path: "/bank/transfers", Key: t.Key, In: in, Out: &out}
	if err := c.do(ctx, call, transferReasons...); err != nil {
		return TransferStatus{}, err
	}
	return out.status(t.Key)
}

// FindTransfer looks a transfer up by its key. found is false only if the bank says that it never accepted nor refused
// such a key.
func (c *Client) FindTransfer(ctx context.Context, key string) (status TransferStatus, found bool, err error) {
	var out transferAnswer
	err = c.http.Do(ctx, outside.Call{Method: http.MethodGet, Path: outside.Path("bank", "transfers", key), Out: &out})
	var answer *outside.Answer
	switch {
	case errors.As(err, &answer) && answer.Status == http.StatusNotFound && answer.Code == "transfer_not_found":
		return TransferStatus{}, false, nil
	case answer != nil:
		// Any other 4xx is no answer to the question: taking it for "not found" could pay twice.
		return TransferStatus{}, false, fmt.Errorf("bank: look-up %w: status %d", ErrUnavailable, answer.Status)
	case err != nil:
		return TransferStatus{}, false, err
	}
	status, err = out.status(key)
	return status, err == nil, err
}

// status checks that the answer is about the key asked for, in a state we know.
func (a transferAnswer) status(key string) (TransferStatus, error) {
	if a.Key != key {
		return TransferStatus{}, unreadable("another transfer's key")
	}
	status := TransferStatus{Key: a.Key, State: TransferState(a.State), Reference: a.Reference}
	switch status.State {
	case TransferSent, TransferSettled:
	case TransferFailed, TransferReturned:
		status.Reason = TransferReason(a.Reason)
	default:
		return TransferStatus{}, unreadable("unknown state")
	}
	return status, nil
}

func unreadable(what string) error {
	return fmt.Errorf("bank: %w: unreadable answer, %s", ErrUnknown, what)
}

// reasonOf returns the reason of a refusal, else "".
func reasonOf(err error) Reason {
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		return refusal.Reason
	}
	return ""
}
