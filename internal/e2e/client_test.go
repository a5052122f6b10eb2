package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// caller is somebody with a token.
type caller struct {
	t     testing.TB
	base  string
	token string
	key   string // Idempotency-Key of the next call only

	header  http.Header // sent with every call
	outside bool        // calls somebody else than the API: nothing is held to the API's document
}

// answer is what the API said.
type answer struct {
	t      testing.TB
	Status int
	Header http.Header
	Raw    []byte
	Body   map[string]any
}

// withKey is the same caller sending an Idempotency-Key.
func (c caller) withKey(key string) caller { c.key = key; return c }

func (c caller) get(path string) answer { c.t.Helper(); return c.send(http.MethodGet, path, nil, "") }

func (c caller) post(path string, body any) answer {
	c.t.Helper()
	return c.json(http.MethodPost, path, body)
}

func (c caller) put(path string, body any) answer {
	c.t.Helper()
	return c.json(http.MethodPut, path, body)
}

func (c caller) json(method, path string, body any) answer {
	c.t.Helper()
	if body == nil {
		return c.send(method, path, nil, "")
	}
	raw, isRaw := body.([]byte)
	if !isRaw {
		var err error
		raw, err = json.Marshal(body)
		require.NoError(c.t, err)
	}
	return c.send(method, path, bytes.NewReader(raw), "application/json")
}

func (c caller) send(method, path string, body io.Reader, contentType string) answer {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, body)
	require.NoError(c.t, err)
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.key != "" {
		req.Header.Set("Idempotency-Key", c.key)
	}
	maps.Copy(req.Header, c.header)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := (&http.Client{Timeout: 40 * time.Second}).Do(req)
	require.NoError(c.t, err)
	defer func() { require.NoError(c.t, resp.Body.Close()) }()
	a := answer{t: c.t, Status: resp.StatusCode, Header: resp.Header}
	a.Raw, err = io.ReadAll(resp.Body)
	require.NoError(c.t, err)
	if !c.outside {
		hold(c.t, req, a)
	}
	_ = json.Unmarshal(a.Raw, &a.Body)
	return a
}

// ok requires a status and returns the answer.
func (a answer) ok(status int) answer {
	a.t.Helper()
	require.Equal(a.t, status, a.Status, "%s", a.Raw)
	return a
}

// refused requires a problem of a status and a code.
func (a answer) refused(status int, code string) answer {
	a.t.Helper()
	require.Equal(a.t, status, a.Status, "%s", a.Raw)
	require.Equal(a.t, "application/problem+json", a.Header.Get("Content-Type"), "%s", a.Raw)
	require.Equal(a.t, code, a.Body["code"], "%s", a.Raw)
	return a
}

// inState requires success and the registration's state.
func (a answer) inState(state string) answer {
	a.t.Helper()
	require.Contains(a.t, []int{200, 201}, a.Status, "%s", a.Raw)
	require.Equal(a.t, state, a.Body["state"], "%s", a.Raw)
	return a
}

// at walks into the body: at("payout", "attempts_left").
func (a answer) at(path ...string) any {
	a.t.Helper()
	var v any = a.Body
	for _, p := range path {
		m, ok := v.(map[string]any)
		require.True(a.t, ok, "no %v in %s", path, a.Raw)
		v = m[p]
	}
	return v
}
