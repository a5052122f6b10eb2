package outside_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/internal/outside"
)

func client(t *testing.T, url string, timeout time.Duration) *outside.Client {
	t.Helper()
	c, err := outside.New(outside.Config{Party: "party", BaseURL: url, APIKey: "api-key", Timeout: timeout})
	require.NoError(t, err)
	return c
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func TestStatusDecidesWhatHappened(t *testing.T) {
	t.Parallel()
	tests := map[int]error{
		http.StatusUnauthorized: outside.ErrUnavailable, http.StatusForbidden: outside.ErrUnavailable,
		http.StatusTooManyRequests: outside.ErrUnavailable, http.StatusServiceUnavailable: outside.ErrUnavailable,
		http.StatusInternalServerError: outside.ErrUnknown, http.StatusBadGateway: outside.ErrUnknown,
		http.StatusGatewayTimeout: outside.ErrUnknown, http.StatusRequestTimeout: outside.ErrUnknown,
		http.StatusTemporaryRedirect: outside.ErrUnknown,
	}
	for status, want := range tests {
		url := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/x" {
				return // 200: whoever follows the redirect takes this for a success
			}
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		})
		err := client(t, url, 0).Do(t.Context(), outside.Call{Method: http.MethodPost, Path: "/x"})
		require.ErrorIs(t, err, want, "status %d", status)
	}
}

func TestRefusalCarriesTheCodeOnly(t *testing.T) {
	t.Parallel()
	for body, code := range map[string]string{
		`{"code":"card_unusable","message":"张三"}`: "card_unusable",
		`{"code":"张三 6222020000000000"}`:          "",
		`<html>`:                                  "",
	} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = io.WriteString(w, body)
		})
		err := client(t, url, 0).Do(t.Context(), outside.Call{Method: http.MethodPost, Path: "/x"})
		var answer *outside.Answer
		require.ErrorAs(t, err, &answer)
		require.Equal(t, outside.Answer{Status: http.StatusUnprocessableEntity, Code: code}, *answer)
		require.NotContains(t, err.Error(), "张三")
	}
}

func TestRequestCarriesKeyAndCredentials(t *testing.T) {
	t.Parallel()
	got := make(chan *http.Request, 1)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got <- r
		_, _ = io.WriteString(w, `{"answer":7}`)
	})
	var out struct{ Answer int }
	require.NoError(t, client(t, url+"/", 0).Do(t.Context(), outside.Call{
		Method: http.MethodPost, Path: outside.Path("a", "b/c"), Key: "k", In: map[string]int{"x": 1}, Out: &out,
	}))
	r := <-got
	require.Equal(t, "/a/b%2Fc", r.URL.EscapedPath())
	require.Equal(t, "Bearer api-key", r.Header.Get("Authorization"))
	require.Equal(t, "k", r.Header.Get("Idempotency-Key"))
	require.Equal(t, 7, out.Answer)
}

func TestLostAnswers(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.HandlerFunc{
		"hung up":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"not JSON": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "OK") },
		"cut off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "99")
			_, _ = io.WriteString(w, "{")
		},
		"too long": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `"`+strings.Repeat("x", 2<<20)+`"`)
		},
		"never came": func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); <-r.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := client(t, serve(t, h), 500*time.Millisecond)
			var out any
			call := outside.Call{Method: http.MethodPost, Path: "/secret-in-path", In: map[string]string{"n": "张三"}, Out: &out}
			err := c.Do(t.Context(), call)
			require.ErrorIs(t, err, outside.ErrUnknown)
			require.NotContains(t, err.Error(), "secret-in-path")
			require.NotContains(t, err.Error(), "张三")

			call.Method, call.In = http.MethodGet, nil
			require.ErrorIs(t, c.Do(t.Context(), call), outside.ErrUnavailable, "reading again does no harm")
		})
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	err = client(t, "http://"+address, 0).Do(t.Context(), outside.Call{Method: http.MethodPost, Path: "/x"})
	require.ErrorIs(t, err, outside.ErrUnavailable)

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	url := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("nothing should arrive") })
	err = client(t, url, 0).Do(cancelled, outside.Call{Method: http.MethodPost, Path: "/x"})
	require.ErrorIs(t, err, outside.ErrUnavailable)
}

// A listener that accepts no connection looks like a slow network: the time-out strikes while dialling or in the TLS
// handshake, before anything was asked.
func TestTimeOutBeforeAConnectionIsThere(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, listener.Close()) })
	c := client(t, "https://"+listener.Addr().String(), 200*time.Millisecond)
	err = c.Do(t.Context(), outside.Call{Method: http.MethodPost, Path: "/x"})
	require.ErrorIs(t, err, outside.ErrUnavailable)
}

func TestConfigurationIsChecked(t *testing.T) {
	t.Parallel()
	for _, cfg := range []outside.Config{
		{BaseURL: "", APIKey: "k"}, {BaseURL: "ftp://x", APIKey: "k"}, {BaseURL: "/only/path", APIKey: "k"}, {BaseURL: "http://x"},
	} {
		_, err := outside.New(cfg)
		require.Error(t, err)
	}
}
