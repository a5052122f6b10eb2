package sms

import (
	"errors"
	"net"
	"testing"

	"github.com/alibabacloud-go/tea/tea"
	"github.com/stretchr/testify/require"
)

func TestCodesDecideWhatHappened(t *testing.T) {
	t.Parallel()
	unavailable := []string{"isv.BUSINESS_LIMIT_CONTROL", "isv.AMOUNT_NOT_ENOUGH", "isp.RAM_PERMISSION_DENY", "Throttling.User", "InvalidAccessKeyId.NotFound"}
	for _, code := range unavailable {
		require.ErrorIs(t, refused(code), ErrUnavailable, code)
	}
	for _, code := range []string{"isp.SYSTEM_ERROR", "", "not a code: 13800138000"} {
		require.ErrorIs(t, refused(code), ErrUnknown, code)
		require.NotContains(t, refused(code).Error(), "13800138000")
	}
	var refusal *Refusal
	require.ErrorAs(t, refused("isv.MOBILE_NUMBER_ILLEGAL"), &refusal)
}

func TestFailuresOfTheProvidersClient(t *testing.T) {
	t.Parallel()
	answered := func(status int, code string) error {
		return &tea.SDKError{StatusCode: tea.Int(status), Code: tea.String(code), Message: tea.String("13800138000")}
	}
	tests := map[string]struct{ err, want error }{
		"throttled":       {answered(429, "Throttling"), ErrUnavailable},
		"down":            {answered(503, "ServiceUnavailable"), ErrUnavailable},
		"broken":          {answered(500, "InternalError"), ErrUnknown},
		"wrong signature": {answered(400, "SignatureDoesNotMatch"), ErrUnavailable},
		"no connection":   {&net.OpError{Op: "dial", Err: errors.New("refused")}, ErrUnavailable},
		"connection lost": {&net.OpError{Op: "read", Err: errors.New("reset")}, ErrUnknown},
		"not JSON":        {errors.New("invalid character"), ErrUnknown},
	}
	for name, test := range tests {
		require.ErrorIs(t, failed(test.err), test.want, name)
		require.NotContains(t, failed(test.err).Error(), "13800138000")
	}
}

func TestConfigurationIsChecked(t *testing.T) {
	t.Parallel()
	good := Config{Endpoint: "dysmsapi.aliyuncs.com", AccessKeyID: "id", AccessKeySecret: "secret", SignName: "实名"}
	_, err := New(good)
	require.NoError(t, err)
	for _, spoil := range []func(*Config){
		func(c *Config) { c.Endpoint = "" }, func(c *Config) { c.AccessKeyID = "" },
		func(c *Config) { c.SignName = "" }, func(c *Config) { c.Protocol = "gopher" },
	} {
		bad := good
		spoil(&bad)
		_, err := New(bad)
		require.Error(t, err)
	}
}
