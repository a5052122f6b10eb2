package api

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A client that sends everything before it looks at the answer.
func (w *world) sendAll(method, path, token string, size int) *http.Response {
	w.t.Helper()
	conn, err := (&net.Dialer{}).DialContext(w.t.Context(), "tcp", w.server.Listener.Addr().String())
	require.NoError(w.t, err)
	w.t.Cleanup(func() { require.NoError(w.t, conn.Close()) })
	require.NoError(w.t, conn.SetDeadline(time.Now().Add(time.Minute)))
	_, err = fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: api\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", method, path, token, size)
	require.NoError(w.t, err)
	for part := bytes.Repeat([]byte(" "), 1<<20); size > 0; size -= len(part) {
		_, err = conn.Write(part[:min(size, len(part))])
		require.NoError(w.t, err, "%d bytes before the end", size)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { require.NoError(w.t, resp.Body.Close()) })
	return resp
}

func TestAClientThatSendsALotSeesItsAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	for _, c := range []struct {
		method, path, token string
		status              int
	}{
		{"POST", "/v1/registrations", "platform-token", 413},
		{"POST", "/v1/registrations", "nobody", 401},
		{"PUT", path + "/documents/id_card_front", "nobody", 401},
		{"PUT", path + "/documents/id_card_front", "ops-token", 403},
		{"PUT", path + "/documents/id_card_front", "platform-token", 413},
		{"POST", "/v1/webhooks/bank", "", 413},
		{"POST", "/v1/nowhere", "platform-token", 404},
	} {
		require.Equal(t, c.status, w.sendAll(c.method, c.path, c.token, 31<<20).StatusCode, "%s %s", c.method, c.path)
	}
}
