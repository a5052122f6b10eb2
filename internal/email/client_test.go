package email_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/internal/email"
)

func send(t *testing.T, h http.HandlerFunc, m email.Message) (string, error) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	c, err := email.New(email.Config{Host: server.URL + "/", APIKey: "key", FromName: "Shiming", FromAddress: "from@example.com"})
	require.NoError(t, err)
	return c.Send(t.Context(), m)
}

func TestStatusDecidesWhatHappened(t *testing.T) {
	t.Parallel()
	message := email.Message{To: "to@example.com", Subject: "s", Text: "t"}
	for status, want := range map[int]error{
		401: email.ErrUnavailable, 403: email.ErrUnavailable, 404: email.ErrUnavailable, 429: email.ErrUnavailable,
		503: email.ErrUnavailable, 500: email.ErrUnknown, 502: email.ErrUnknown, 504: email.ErrUnknown, 302: email.ErrUnknown,
	} {
		_, err := send(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/")
			w.WriteHeader(status)
		}, message)
		require.ErrorIs(t, err, want, "status %d", status)
		require.NotContains(t, err.Error(), message.To)
	}
	for _, status := range []int{400, 413} {
		_, err := send(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }, message)
		var refusal *email.Refusal
		require.ErrorAs(t, err, &refusal)
		require.Equal(t, status, refusal.Status)
	}
}

// What the provider has read, it may have sent; without a connection it can have sent nothing.
func TestATimeOutAfterTheRequestIsUnknown(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	c, err := email.New(email.Config{Host: server.URL, APIKey: "key", FromAddress: "from@example.com", Timeout: 300 * time.Millisecond})
	require.NoError(t, err)
	message := email.Message{To: "to@example.com", Subject: "s", Text: "t"}
	_, err = c.Send(t.Context(), message)
	require.ErrorIs(t, err, email.ErrUnknown)
	server.Close()
	_, err = c.Send(t.Context(), message)
	require.ErrorIs(t, err, email.ErrUnavailable)
}

func TestWhatIsSent(t *testing.T) {
	t.Parallel()
	var got map[string]any
	id, err := send(t, func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil || json.Unmarshal(raw, &got) != nil || r.URL.Path != "/v3/mail/send" || r.Header.Get("Authorization") != "Bearer key" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("X-Message-Id", "id-1")
		w.WriteHeader(http.StatusAccepted)
	}, email.Message{To: "to@example.com", Subject: "s", Text: "t"})
	require.NoError(t, err)
	require.Equal(t, "id-1", id)
	require.Equal(t, []any{map[string]any{"type": "text/plain", "value": "t"}}, got["content"], "no empty HTML part")
	require.Equal(t, map[string]any{
		"click_tracking": map[string]any{"enable": false, "enable_text": false}, "open_tracking": map[string]any{"enable": false},
	}, got["tracking_settings"], "single-use links are not rewritten")
}

func TestConfigurationIsChecked(t *testing.T) {
	t.Parallel()
	_, err := email.New(email.Config{FromAddress: "from@example.com"})
	require.Error(t, err)
	_, err = email.New(email.Config{APIKey: "k", FromAddress: "from"})
	require.Error(t, err)
}
