package client_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/client"
)

// answers serves one handler a call, in turn, and remembers the keys that came.
func answers(t *testing.T, turns ...http.HandlerFunc) (*client.Client, func() []string) {
	t.Helper()
	var mu sync.Mutex
	var keys []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		turn := turns[min(len(keys), len(turns)-1)]
		keys = append(keys, r.Header.Get("Idempotency-Key"))
		mu.Unlock()
		turn(w, r)
	}))
	t.Cleanup(server.Close)
	return client.New(client.Options{Base: server.URL, Token: "token"}), func() []string {
		mu.Lock()
		defer mu.Unlock()
		return keys
	}
}

func with(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body)) // to a test's own client
	}
}

func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func TestCallsAreRepeatedUntilTheyHaveAnOutcome(t *testing.T) {
	t.Parallel()
	c, keys := answers(
		t, hangUp, with(http.StatusServiceUnavailable, `{"code": "engine_unavailable"}`), with(http.StatusTooManyRequests, `{"code": "rate_limited"}`),
		with(http.StatusBadGateway, "<html>"), with(http.StatusAccepted, `{"processing": true}`), with(http.StatusOK, `{"id": "reg_1"}`),
	)
	var why []string
	c.Waiting = func(w string) { why = append(why, w) }
	var got struct{ ID string }
	require.NoError(t, c.Do(t.Context(), client.Request{Method: http.MethodPost, Path: "/x", Key: "k", Into: &got}))
	assert.Equal(t, "reg_1", got.ID)
	assert.Equal(t, []string{"k", "k", "k", "k", "k", "k"}, keys())
	assert.Equal(t, []string{"the connection broke", "503 engine_unavailable", "rate_limited", "502 no_problem_body", "still processing"}, why)
}

func TestRefusalsAreNotRepeated(t *testing.T) {
	t.Parallel()
	const raw = `{"code": "deposit_amount_mismatch", "detail": "Not that.", "attempts_left": 2, "errors": [{"location": "amount", "code": "invalid", "message": "m"}]}`
	c, keys := answers(t, with(http.StatusUnprocessableEntity, raw))
	err := c.Do(t.Context(), client.Request{Method: http.MethodPost, Path: "/x", Key: "k"})
	var no *client.Problem
	require.ErrorAs(t, err, &no)
	assert.Equal(t, "deposit_amount_mismatch", no.Code)
	assert.Equal(t, "Not that.", no.Detail)
	assert.Equal(t, 2, *no.AttemptsLeft)
	assert.Equal(t, http.StatusUnprocessableEntity, no.Status)
	assert.JSONEq(t, raw, string(no.Raw))
	assert.Equal(t, "422 deposit_amount_mismatch (amount: invalid)", no.Error())
	assert.Len(t, keys(), 1)
}

// The limits that an applicant meets are answers; only too many calls at once are tried again.
func TestAnApplicantsLimitIsARefusal(t *testing.T) {
	t.Parallel()
	c, keys := answers(t, with(http.StatusTooManyRequests, `{"code": "code_resend_too_soon"}`))
	var no *client.Problem
	require.ErrorAs(t, c.Do(t.Context(), client.Request{Method: http.MethodPost, Path: "/x"}), &no)
	assert.Len(t, keys(), 1)
}

func TestATokenGoesNowhereElse(t *testing.T) {
	t.Parallel()
	c, keys := answers(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	var no *client.Problem
	require.ErrorAs(t, c.Do(t.Context(), client.Request{Method: http.MethodGet, Path: "/x"}), &no)
	assert.Equal(t, http.StatusTemporaryRedirect, no.Status)
	assert.Equal(t, client.CodeNoBody, no.Code)
	assert.Len(t, keys(), 1)
}

func TestTimeIsUp(t *testing.T) {
	t.Parallel()
	c, keys := answers(t, with(http.StatusAccepted, `{}`))
	c.Within = 500 * time.Millisecond
	var none *client.NoOutcomeError
	require.ErrorAs(t, c.Do(t.Context(), client.Request{Method: http.MethodPost, Path: "/x"}), &none)
	assert.Equal(t, "POST /x: no outcome: still processing", none.Error())
	assert.NotEmpty(t, keys())

	stopped, stop := context.WithCancelCause(t.Context())
	why := errors.New("told to stop")
	c.Waiting = func(string) { stop(why) }
	require.ErrorIs(t, c.Do(stopped, client.Request{Method: http.MethodPost, Path: "/x"}), why)
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	c := client.New(client.Options{Base: "http://" + l.Addr().String(), ConnectWithin: time.Millisecond})
	began := time.Now()
	var none *client.NoOutcomeError
	require.ErrorAs(t, c.Do(t.Context(), client.Request{Method: http.MethodGet, Path: "/"}), &none)
	assert.Contains(t, none.Why, "nobody listens at 127.0.0.1:")
	assert.Less(t, time.Since(began), 10*time.Second)
}

func TestAStreamIsOpened(t *testing.T) {
	t.Parallel()
	c, keys := answers(
		t, with(http.StatusServiceUnavailable, ""),
		func(w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, "7", r.Header.Get("Last-Event-ID"))
			assert.Equal(t, "Bearer token", r.Header.Get("Authorization"))
			_, _ = w.Write([]byte("content")) // to a test's own client
		}, with(http.StatusNotFound, `{"code": "not_found"}`),
	)
	resp, err := c.Open(t.Context(), client.Request{Method: http.MethodGet, Path: "/x", LastEventID: "7"})
	require.NoError(t, err)
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, errors.Join(err, resp.Body.Close()))
	assert.Equal(t, "content", string(raw))
	assert.Len(t, keys(), 2)

	var no *client.Problem
	_, err = c.Open(t.Context(), client.Request{Method: http.MethodGet, Path: "/x"})
	require.ErrorAs(t, err, &no)
	assert.Equal(t, "not_found", no.Code)
}
