package sms_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/internal/sms"
)

func send(t *testing.T, endpoint string, timeout time.Duration) error {
	t.Helper()
	c, err := sms.New(sms.Config{Endpoint: endpoint, Protocol: "http", AccessKeyID: "id", AccessKeySecret: "secret", SignName: "实名", Timeout: timeout})
	require.NoError(t, err)
	_, err = c.Send(t.Context(), sms.Message{To: "13800138000", Template: "T"})
	return err
}

// What the provider has read, it may have sent.
func TestATimeOutAfterTheRequestIsUnknown(t *testing.T) {
	t.Parallel()
	read := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		read <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	began := time.Now()
	require.ErrorIs(t, send(t, strings.TrimPrefix(server.URL, "http://"), 300*time.Millisecond), sms.ErrUnknown)
	require.Len(t, read, 1, "it was sent once")
	require.Less(t, time.Since(began), 5*time.Second, "the setting is what bounds the call")
}

func TestARefusedConnectionDidNothing(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.ErrorIs(t, send(t, l.Addr().String(), time.Second), sms.ErrUnavailable)
}
