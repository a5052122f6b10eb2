package web_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"shiming/internal/web"
)

// Whoever calls while the server is about to stop is answered, and comes over another connection the next time: to another
// process. What waits for its next request is left alone until then.
func TestAnAnswerOfAServerThatIsAboutToStopIsTheLast(t *testing.T) {
	t.Parallel()
	bounds, stopping := web.Defaults(), make(chan struct{})
	bounds.Stopping = stopping
	s := open(t, shop(), bounds)
	idle, called := dial(t, s), dial(t, s)
	for range 2 {
		idle.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		status, _ := idle.answer()
		require.Equal(t, http.StatusOK, status)
	}
	called.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	status, _ := called.answer()
	require.Equal(t, http.StatusOK, status)
	close(stopping)
	for _, c := range []*client{called, dial(t, s), idle} {
		c.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		resp, err := http.ReadResponse(c.in, nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, resp.StatusCode)
		require.True(t, resp.Close, "the client is told")
		require.NoError(t, resp.Body.Close())
		c.closed()
	}
}
