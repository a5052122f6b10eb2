package activities

import (
	"context"
	"errors"

	"shiming/internal/bank"
	"shiming/internal/postgres"
)

// PayingBank pays a company's account.
type PayingBank interface {
	Transfer(ctx context.Context, t bank.Transfer) (bank.TransferStatus, error)
	FindTransfer(ctx context.Context, key string) (status bank.TransferStatus, found bool, err error)
}

// PayoutBook keeps penny payments.
type PayoutBook interface {
	HeldNotices(ctx context.Context, paymentID string) (ids []string, wanted bool, err error)
	NoticeTaken(ctx context.Context, paymentID string) (bool, error)
	PaymentNotified(ctx context.Context, paymentID string) error
	TakeOrder(ctx context.Context, paymentID string) (*postgres.Order, error)
	PaymentKey(ctx context.Context, paymentID string) (string, error)
	OrderAnswered(ctx context.Context, paymentID, kind, reason string) error
	OrderDropped(ctx context.Context, paymentID string) error
	LostAdopted(ctx context.Context, paymentID, key, kind, reason string) error
	LostRefused(ctx context.Context, paymentID, key string) error
	LeaveToJudge(ctx context.Context, paymentID string) error
	PayoutCancelIgnored(ctx context.Context, paymentID string) error
}

// Payouts announces and orders penny payments (对公打款). Neither activity gives up by itself: a payment that does not
// move on is flagged overdue by its registration, for ops.
type Payouts struct {
	Bank PayingBank
	Book PayoutBook
	Post *Post
}

// errNoChannel is why the announcement is tried again: each channel has refused the notice for good, or may have sent it, and
// ops has said nothing yet.
var errNoChannel = errors.New("no channel has accepted the payment notice")

// Announce sends the payment notice by all channels at once. As soon as one has accepted it the window starts; what is left
// is delivered by the relay.
func (a *Payouts) Announce(ctx context.Context, paymentID string) error {
	defer alive(ctx)()
	held, wanted, err := a.Book.HeldNotices(ctx, paymentID)
	if err != nil || !wanted {
		return err
	}
	if err := a.firstTaken(ctx, paymentID, held); err != nil {
		return err
	}
	return a.Book.PaymentNotified(ctx, paymentID)
}

// firstTaken returns as soon as one channel has taken the notice. Another that is slow goes on by itself. The error says why
// none has; what waits for ops is no reason while another channel has a better one.
func (a *Payouts) firstTaken(ctx context.Context, paymentID string, held []string) error {
	if taken, err := a.Book.NoticeTaken(ctx, paymentID); taken || err != nil { // by an attempt before this one, or by ops' word
		return err
	}
	answers := a.Post.sideBySide(ctx, held)
	var failed error
	for range held {
		var answer error
		select {
		case answer = <-answers:
		case <-ctx.Done():
			return ctx.Err()
		}
		switch {
		case answer == nil:
			if taken, err := a.Book.NoticeTaken(ctx, paymentID); taken || err != nil {
				return err
			}
		case !errors.Is(answer, postgres.ErrNoticeFailed):
			failed = errors.Join(failed, answer)
		}
	}
	if failed == nil {
		return errNoChannel
	}
	return failed
}

// Order has the bank pay, exactly once: the key was stored with the payment before the bank is first called, and after
// a call without an answer the bank is asked by that key before anything is sent again. Nor is anything sent before the bank was
// shown every transfer that a restore has lost and that may have been made for the same company.
func (a *Payouts) Order(ctx context.Context, paymentID string) error {
	defer alive(ctx)()
	for {
		again, err := a.order(ctx, paymentID)
		if !again || err != nil {
			return err
		}
	}
}

// order orders a payment once. again: what stands in its way has changed.
func (a *Payouts) order(ctx context.Context, paymentID string) (again bool, err error) {
	order, err := a.Book.TakeOrder(ctx, paymentID)
	if order == nil || err != nil { // void before it was ordered, or answered already
		return false, err
	}
	if order.Asked {
		status, found, err := a.Bank.FindTransfer(ctx, order.Key)
		switch {
		case err != nil:
			return false, err
		case found:
			return false, a.ordered(ctx, paymentID, status, nil)
		case order.Void: // and the bank never heard of it
			return false, a.Book.OrderDropped(ctx, paymentID)
		}
	}
	switch {
	case order.Barred != nil:
		return false, order.Barred
	case order.Lost != nil:
		return a.takeOver(ctx, paymentID, order)
	case order.Judge:
		return false, a.Book.LeaveToJudge(ctx, paymentID)
	}
	status, err := a.Bank.Transfer(ctx, transfer(order, order.Key, order.AmountFen))
	return false, a.ordered(ctx, paymentID, status, err)
}

// takeOver shows the bank one lost transfer after the other, until it knows one as this order. One that the bank has forgotten is not
// shown: that would be to pay it.
func (a *Payouts) takeOver(ctx context.Context, paymentID string, order *postgres.Order) (again bool, err error) {
	for _, lost := range order.Lost {
		status, found, err := a.Bank.FindTransfer(ctx, lost.Key)
		if found && err == nil {
			status, err = a.Bank.Transfer(ctx, transfer(order, lost.Key, lost.AmountFen))
		}
		switch {
		case err == nil && !found, errors.Is(err, bank.ErrKeyReused):
			if err := a.Book.LostRefused(ctx, paymentID, lost.Key); err != nil {
				return false, err
			}
		case err != nil:
			return false, err
		default:
			err := a.Book.LostAdopted(ctx, paymentID, lost.Key, status.State.Report(), string(status.Reason))
			return err == nil, err // another payment may have been quicker
		}
	}
	return true, nil
}

// ordered records what the bank has answered to an order.
func (a *Payouts) ordered(ctx context.Context, paymentID string, status bank.TransferStatus, err error) error {
	var no *bank.Refusal
	switch {
	case errors.As(err, &no):
		status.State, status.Reason = bank.TransferFailed, no.Reason
	case err != nil:
		return err
	}
	return a.Book.OrderAnswered(ctx, paymentID, status.State.Report(), string(status.Reason))
}

func transfer(order *postgres.Order, key string, fen int64) bank.Transfer {
	account := order.Company.Bank
	return bank.Transfer{
		Key: key, AmountFen: fen, AccountName: account.AccountName, AccountNumber: account.AccountNumber,
		BankName: account.BankName, CNAPS: account.CNAPSCode, Remark: "开发者账号验证",
	}
}

// Ask asks the bank what became of a payment whose report is late; if it knows more than we do, that is recorded.
func (a *Payouts) Ask(ctx context.Context, paymentID string) error {
	defer alive(ctx)()
	key, err := a.Book.PaymentKey(ctx, paymentID)
	if err != nil {
		return err
	}
	status, found, err := a.Bank.FindTransfer(ctx, key)
	if err != nil || !found {
		return err
	}
	return a.Book.OrderAnswered(ctx, paymentID, status.State.Report(), string(status.Reason))
}

// CancelIgnored notes that somebody asked for the payment's workflow to be cancelled: what was announced is seen through.
func (a *Payouts) CancelIgnored(ctx context.Context, paymentID string) error {
	return a.Book.PayoutCancelIgnored(ctx, paymentID)
}
