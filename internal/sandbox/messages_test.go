package sandbox_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/internal/email"
	"shiming/internal/outside"
	"shiming/internal/sandbox"
	"shiming/internal/sms"
)

var templates = map[string]string{"SMS_1": "${name},款项已发起,请于${deadline}前输入金额。", "SMS_2": "Nothing to fill in."}

func smsClient(t *testing.T, w *world, timeout time.Duration) *sms.Client {
	t.Helper()
	c, err := sms.New(sms.Config{
		Endpoint: strings.TrimPrefix(w.url, "http://"), Protocol: "http", AccessKeyID: "id", AccessKeySecret: "secret",
		SignName: "实名", Timeout: timeout,
	})
	require.NoError(t, err)
	return c
}

func emailClient(t *testing.T, w *world) *email.Client {
	t.Helper()
	c, err := email.New(email.Config{
		Host: w.url, APIKey: "key", FromName: "Shiming", FromAddress: "no-reply@example.com", HTTPClient: w.http,
	})
	require.NoError(t, err)
	return c
}

func TestSMSArrives(t *testing.T) {
	t.Parallel()
	w := onNetwork(t, sandbox.Config{SMSTemplates: templates})
	c := smsClient(t, w, 0)
	id, err := c.Send(t.Context(), sms.Message{
		To: "13800138000", Template: "SMS_1", Params: map[string]string{"name": "小店 & 🙂", "deadline": "10月11日"},
	})
	require.NoError(t, err)
	require.NotEmpty(t, id)
	_, err = c.Send(t.Context(), sms.Message{To: "13900139000", Template: "SMS_2"})
	require.NoError(t, err)

	got := w.inbox(t, "13800138000")
	require.Len(t, got, 1)
	require.Equal(t, "【实名】小店 & 🙂,款项已发起,请于10月11日前输入金额。", got[0].Text)
	require.Equal(t, "sms", got[0].Channel)
	require.Len(t, w.inbox(t, ""), 2)
	require.Len(t, w.inbox(t, "%2B8613800138000"), 1, "the country code makes no other number")
}

func TestSMSRefusals(t *testing.T) {
	t.Parallel()
	w := onNetwork(t, sandbox.Config{SMSTemplates: templates})
	c := smsClient(t, w, 0)
	tests := map[string]struct {
		message sms.Message
		code    string
	}{
		"no mobile number":  {sms.Message{To: "02112345678", Template: "SMS_2"}, "isv.MOBILE_NUMBER_ILLEGAL"},
		"unknown template":  {sms.Message{To: "13800138000", Template: "SMS_3"}, "isv.SMS_TEMPLATE_ILLEGAL"},
		"missing parameter": {sms.Message{To: "13800138000", Template: "SMS_1"}, "isv.TEMPLATE_MISSING_PARAMETERS"},
	}
	for name, test := range tests {
		_, err := c.Send(t.Context(), test.message)
		var refusal *sms.Refusal
		require.ErrorAs(t, err, &refusal, name)
		require.Equal(t, test.code, refusal.Code)
		require.NotContains(t, err.Error(), test.message.To)
	}
	require.Empty(t, w.inbox(t, ""))
}

func TestSMSProviderBroken(t *testing.T) {
	t.Parallel()
	w := onNetwork(t, sandbox.Config{SMSTemplates: templates})
	message := sms.Message{To: "13800138000", Template: "SMS_2"}

	setFault(t, w, `{"target":"sms","mode":"down"}`)
	_, err := smsClient(t, w, 0).Send(t.Context(), message)
	require.ErrorIs(t, err, sms.ErrUnavailable)
	require.Empty(t, w.inbox(t, ""))

	setFault(t, w, `{"target":"sms","mode":"timeout"}`)
	_, err = smsClient(t, w, 300*time.Millisecond).Send(t.Context(), message)
	require.ErrorIs(t, err, sms.ErrUnknown)
	require.NotContains(t, err.Error(), message.To)
	require.Len(t, w.inbox(t, ""), 1, "sent all the same, and once: the provider's client does not retry")

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err = smsClient(t, w, time.Minute).Send(ctx, message)
	require.ErrorIs(t, err, sms.ErrUnknown)
	require.Less(t, time.Since(began), 30*time.Second, "the context ends it")

	nowhere, err := sms.New(sms.Config{Endpoint: "127.0.0.1:1", Protocol: "http", AccessKeyID: "id", AccessKeySecret: "s", SignName: "x"})
	require.NoError(t, err)
	_, err = nowhere.Send(t.Context(), message)
	require.ErrorIs(t, err, sms.ErrUnavailable)
	require.NotContains(t, err.Error(), message.To)
}

func TestEmailArrives(t *testing.T) {
	t.Parallel()
	w := onNetwork(t, sandbox.Config{})
	c := emailClient(t, w)
	id, err := c.Send(t.Context(), email.Message{
		To: "Somebody@Example.com", Subject: "审核结果", Text: "已通过 <b>", HTML: "<p>已通过 &amp; done</p>",
	})
	require.NoError(t, err)
	require.NotEmpty(t, id)
	got := w.inbox(t, "somebody@example.COM")
	require.Len(t, got, 1)
	require.Equal(t, message{
		Channel: "email", To: "somebody@example.com", Subject: "审核结果", Text: "已通过 <b>", HTML: "<p>已通过 &amp; done</p>", At: got[0].At,
	}, got[0])
	_, err = time.Parse(time.RFC3339, got[0].At)
	require.NoError(t, err)
}

func TestEmailRefusals(t *testing.T) {
	t.Parallel()
	w := onNetwork(t, sandbox.Config{})
	c := emailClient(t, w)
	for name, m := range map[string]email.Message{
		"no address": {To: "somebody", Subject: "s", Text: "t"},
		"no subject": {To: "somebody@example.com", Text: "t"},
		"no text":    {To: "somebody@example.com", Subject: "s"},
	} {
		_, err := c.Send(t.Context(), m)
		var refusal *email.Refusal
		require.ErrorAs(t, err, &refusal, name)
		require.Equal(t, http.StatusBadRequest, refusal.Status)
	}
	require.Empty(t, w.inbox(t, ""))
}

func TestEmailProviderBroken(t *testing.T) {
	t.Parallel()
	inBubble(t, sandbox.Config{}, func(t *testing.T, w *world) {
		c, m := emailClient(t, w), email.Message{To: "somebody@example.com", Subject: "s", Text: "t"}
		setFault(t, w, `{"target":"email","mode":"down"}`)
		_, err := c.Send(t.Context(), m)
		require.ErrorIs(t, err, email.ErrUnavailable)
		setFault(t, w, `{"target":"email","mode":"timeout"}`)
		_, err = c.Send(t.Context(), m)
		require.ErrorIs(t, err, email.ErrUnknown)
		require.NotContains(t, err.Error(), m.To)
		require.Len(t, w.inbox(t, ""), 1)
		nowhere, err := email.New(email.Config{Host: "http://nowhere.test", APIKey: "k", FromAddress: "a@example.com", HTTPClient: w.http})
		require.NoError(t, err)
		_, err = nowhere.Send(t.Context(), m)
		require.ErrorIs(t, err, outside.ErrUnavailable)
	})
}

func TestOneMailForEachRecipient(t *testing.T) {
	t.Parallel()
	inBubble(t, sandbox.Config{}, func(t *testing.T, w *world) {
		body := `{"personalizations":[{"to":[{"email":"a@example.com"},{"email":"b@example.com"}],"cc":[{"email":"c@example.com"}]}],
			"from":{"email":"f@example.com"},"subject":"s","content":[{"type":"text/plain","value":"t"}]}`
		require.Equal(t, http.StatusAccepted, w.call(t, http.MethodPost, "/v3/mail/send", body, nil))
		require.Len(t, w.inbox(t, ""), 3)
		for _, to := range []string{"a@example.com", "b@example.com", "c@example.com"} {
			require.Len(t, w.inbox(t, to), 1)
		}
	})
}

func TestInboxIsNewestFirst(t *testing.T) {
	t.Parallel()
	inBubble(t, sandbox.Config{}, func(t *testing.T, w *world) {
		var none []message
		w.call(t, http.MethodGet, "/inbox", "", &none)
		require.NotNil(t, none, "an empty list is an array")
		c := emailClient(t, w)
		for _, subject := range []string{"first", "second", "third"} {
			_, err := c.Send(t.Context(), email.Message{To: "a@example.com", Subject: subject, Text: "t"})
			require.NoError(t, err)
		}
		got := w.inbox(t, "")
		require.Equal(t, []string{"third", "second", "first"}, []string{got[0].Subject, got[1].Subject, got[2].Subject})
		require.Len(t, w.inbox(t, "&limit=2"), 2)
	})
}

func TestCallsNeedCredentials(t *testing.T) {
	t.Parallel()
	w := onNetwork(t, sandbox.Config{})
	for path, want := range map[string]int{
		"/bank/transfers": http.StatusUnauthorized, "/v3/mail/send": http.StatusUnauthorized, "/": http.StatusBadRequest,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+path, strings.NewReader("{}"))
		require.NoError(t, err)
		resp, err := w.http.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, want, resp.StatusCode, path)
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	w := onNetwork(t, sandbox.Config{})
	for path, kind := range map[string]string{"/": "text/html", "/page.js": "text/javascript", "/page.css": "text/css"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+path, http.NoBody)
		require.NoError(t, err)
		resp, err := w.http.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusOK, resp.StatusCode)
		require.Contains(t, resp.Header.Get("Content-Type"), kind)
		require.Contains(t, resp.Header.Get("Content-Security-Policy"), "default-src 'none'")
	}
}
