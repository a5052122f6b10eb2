package tour

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"shiming/internal/client"
)

// lookEvery is how often a condition is looked at, waitWithin how long it may take to come true: longer than a worker
// that was killed needs to be back.
const (
	lookEvery  = 200 * time.Millisecond
	waitWithin = 90 * time.Second
)

// await looks until found says yes.
func await(ctx context.Context, what string, found func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, waitWithin, fmt.Errorf("waited %s for %s", waitWithin, what))
	defer cancel()
	for {
		ok, err := found(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if ok || err != nil {
			return err
		}
		pause := time.NewTimer(lookEvery)
		select {
		case <-ctx.Done():
			pause.Stop()
		case <-pause.C:
		}
	}
}

// outside is what an applicant sees outside the product.
type outside struct{ sandbox *client.Client }

var codeInText = regexp.MustCompile(`\d{6}`)

// smsCode waits for the bank's code on a phone.
func (o outside) smsCode(ctx context.Context, phone string) (code string, err error) {
	err = await(ctx, "the bank's SMS code", func(ctx context.Context) (bool, error) {
		var messages []struct{ Channel, Text string }
		if err := o.sandbox.Do(ctx, client.Request{Method: http.MethodGet, Path: "/inbox?to=" + url.QueryEscape(phone), Into: &messages}); err != nil {
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

// amountReceived waits for the payment on a bank account's statement and returns its amount in fen.
func (o outside) amountReceived(ctx context.Context, account string) (fen int, err error) {
	err = await(ctx, "the payment on the bank statement", func(ctx context.Context) (bool, error) {
		var lines []struct{ Amount, State string }
		if err := o.sandbox.Do(ctx, client.Request{Method: http.MethodGet, Path: "/bank/ledger?account_number=" + url.QueryEscape(account), Into: &lines}); err != nil {
			return false, err
		}
		if len(lines) == 0 {
			return false, nil
		}
		last := lines[len(lines)-1]
		fen, err = parseFen(last.Amount)
		return err == nil, err
	})
	return fen, err
}

func parseFen(amount string) (int, error) {
	fen, err := strconv.Atoi(strings.ReplaceAll(amount, ".", ""))
	if err != nil {
		return 0, errors.New("the bank statement's amount cannot be read")
	}
	return fen, nil
}

func formatFen(fen int) string { return fmt.Sprintf("%d.%02d", fen/100, fen%100) }

// scan is somebody scanning the QR code with a phone.
func (o outside) scan(ctx context.Context, sessionID string, who person) error {
	body, err := jsonBody(map[string]any{"holder_name": who.name, "id_number": who.idNumber, "outcome": "verified"})
	if err != nil {
		return err
	}
	return o.sandbox.Do(ctx, client.Request{
		Method: http.MethodPost, Path: "/wallet/sessions/" + url.PathEscape(sessionID) + "/scan",
		Body: body, ContentType: "application/json",
	})
}
