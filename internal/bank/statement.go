package bank

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"shiming/internal/outside"
	"shiming/internal/workday"
)

// maxStatementPages bounds how much of one day is read, so that a bank that always names a next page is an error and not
// a call without an end. A day of ours has some hundred transfers.
const maxStatementPages = 10_000

// StatementEntry is one transfer on the statement of our account. An order that the bank refused is none.
type StatementEntry struct {
	// Key is the order's; empty for money that went out past us, by a person at the bank's counter. Then Reference is there.
	Key string
	// AmountFen is in fen, 1 CNY = 100 fen; above 0, also of a transfer that came back.
	AmountFen int64
	// AccountLast4 are the last four digits of the account paid to.
	AccountLast4 string
	// State is sent, settled or returned: as it is now, not as it was on the day.
	State TransferState
	// Reference is the bank's name for the transfer (流水号); empty from a bank that gives none.
	Reference string
	// At is when the bank accepted it.
	At time.Time
}

// statementPage is what the bank answers: a part of the day, and where the next begins.
type statementPage struct {
	Entries    []statementLine `json:"entries"`
	NextCursor string          `json:"next_cursor"`
}

type statementLine struct {
	Key          string    `json:"key"`
	AmountFen    int64     `json:"amount_fen"`
	AccountLast4 string    `json:"account_last4"`
	State        string    `json:"state"`
	Reference    string    `json:"reference"`
	At           time.Time `json:"at"`
}

// Statement lists what the bank accepted on a day of Asia/Shanghai, the one that the moment day falls into, oldest
// first, each in its state of now. A day that is not over has what was accepted so far.
//
// All of it or nothing: a statement that could be read in part only is ErrUnavailable (ask again) or ErrUnknown (what
// the bank answered cannot be understood).
func (c *Client) Statement(ctx context.Context, day time.Time) ([]StatementEntry, error) {
	query := url.Values{"day": {day.In(workday.Shanghai()).Format(time.DateOnly)}}
	entries := []StatementEntry{}
	for range maxStatementPages {
		page, err := c.statementPage(ctx, query)
		if err != nil {
			return nil, err
		}
		for _, line := range page.Entries {
			entry, err := line.entry()
			if err != nil {
				return nil, err
			}
			entries = append(entries, entry)
		}
		if page.NextCursor == "" {
			return entries, nil
		}
		if page.NextCursor == query.Get("cursor") {
			return nil, unreadable("a statement's page that leads to itself")
		}
		query.Set("cursor", page.NextCursor)
	}
	return nil, unreadable("a statement without an end")
}

func (c *Client) statementPage(ctx context.Context, query url.Values) (statementPage, error) {
	var page statementPage
	path := outside.Path("bank", "statement") + "?" + query.Encode()
	err := c.http.Do(ctx, outside.Call{Method: http.MethodGet, Path: path, Out: &page})
	if answer, no := errors.AsType[*outside.Answer](err); no {
		// As with a look-up: a no is not the answer that nothing was paid.
		return statementPage{}, fmt.Errorf("bank: statement %w: status %d", ErrUnavailable, answer.Status)
	}
	if err == nil && page.Entries == nil {
		err = unreadable("a statement without its entries")
	}
	return page, err
}

var lastFour = regexp.MustCompile(`^[0-9]{4}$`)

// entry checks that the line says which transfer it is about, how much, to whom, when, and in a state that we know.
func (l statementLine) entry() (StatementEntry, error) {
	entry := StatementEntry{
		Key: l.Key, AmountFen: l.AmountFen, AccountLast4: l.AccountLast4, State: TransferState(l.State),
		Reference: l.Reference, At: l.At,
	}
	switch {
	case l.Key == "" && l.Reference == "":
		return StatementEntry{}, unreadable("an entry with neither key nor reference")
	case l.AmountFen <= 0 || !lastFour.MatchString(l.AccountLast4) || l.At.IsZero():
		return StatementEntry{}, unreadable("an entry that is not complete")
	}
	switch entry.State {
	case TransferSent, TransferSettled, TransferReturned:
		return entry, nil
	default:
		return StatementEntry{}, unreadable("unknown state")
	}
}
