package sms

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/alibabacloud-go/tea/tea"

	"shiming/internal/outside"
)

var (
	// ErrUnavailable says that nothing was sent and that the message may be sent again later.
	ErrUnavailable = outside.ErrUnavailable
	// ErrUnknown says that the message may have been sent.
	ErrUnknown = outside.ErrUnknown
)

// Refusal is the provider's definite no to this very message.
type Refusal struct {
	// Code is the provider's, such as isv.MOBILE_NUMBER_ILLEGAL
	// (https://help.aliyun.com/document_detail/101346.html).
	Code string
}

func (r *Refusal) Error() string { return "sms refused: " + r.Code }

// curable are the codes that begin with "isv." and yet are not about the message: flow control, and the state of our
// own account. They pass with time or with a hand of ops, so the message is worth sending again.
var curable = []string{
	"isv.BUSINESS_LIMIT_CONTROL", "isv.DAY_LIMIT_CONTROL", "isv.MONTH_LIMIT_CONTROL", "isv.SMS_SIGNATURE_SCENE_ILLEGAL",
	"isv.AMOUNT_NOT_ENOUGH", "isv.OUT_OF_SERVICE", "isv.ACCOUNT_NOT_EXISTS", "isv.ACCOUNT_ABNORMAL",
	"isv.PRODUCT_UN_SUBSCRIPT", "isv.PRODUCT_UNSUBSCRIBE", "isv.DENY_IP_RANGE",
}

var codePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,63}$`)

// refused classifies a code the provider answered with, in a body of status 200 or 4xx.
func refused(code string) error {
	switch {
	case !codePattern.MatchString(code):
		return fmt.Errorf("sms: %w: answer without a code", ErrUnknown)
	case strings.HasPrefix(code, "isv.") && !slices.Contains(curable, code):
		return &Refusal{Code: code}
	case strings.HasPrefix(code, "isp.") && code != "isp.RAM_PERMISSION_DENY":
		// The provider's own failure somewhere on the way; its documentation does not say where.
		return fmt.Errorf("sms: %w: %s", ErrUnknown, code)
	default:
		return fmt.Errorf("sms: %w: %s", ErrUnavailable, code)
	}
}

// failed classifies an error of the provider's client.
func failed(err error) error {
	var answer *tea.SDKError
	switch {
	case errors.As(err, &answer) && answer.StatusCode != nil:
		if status := outside.CheckStatus(tea.IntValue(answer.StatusCode)); status != nil {
			return fmt.Errorf("sms: %w", status)
		}
		return refused(tea.StringValue(answer.Code))
	case outside.DialFailed(err):
		return fmt.Errorf("sms: %w: connection failed", ErrUnavailable)
	default:
		return fmt.Errorf("sms: %w: connection lost or answer unreadable", ErrUnknown)
	}
}
