package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/chinaid"
)

// another is one more API of a product that runs, as an operator would start it.
func (p *product) another(settings ...string) *product {
	p.t.Helper()
	ready := p.ready(p.file)
	serving := runWith(p.t, append([]string{
		"DATABASE_URL=" + ready["database_url"].(string), "TEMPORAL_ADDRESS=" + ready["temporal_address"].(string), "TEMPORAL_NAMESPACE=default",
		"KEYS_FILE=" + filepath.Join(p.data, "keys.json"), "BLOBS_URL=" + filepath.Join(p.data, "blobs"), "API_TOKENS_FILE=" + filepath.Join(p.data, "api-tokens"),
		"WALLET_URL=" + ready["sandbox_url"].(string), "WALLET_API_KEY=dev", "API_ADDR=127.0.0.1:0",
		"BANK_WEBHOOK_SECRETS=" + p.secret, "WALLET_WEBHOOK_SECRETS=" + p.secret,
	}, settings...), "serve")
	serving.says("serving the API")
	other := *p
	other.process = serving
	other.api = "http://" + regexp.MustCompile(`"addr":"(127\.0\.0\.1:\d+)"`).FindStringSubmatch(serving.stderr.String())[1]
	return &other
}

// fault makes a part of the outside world fail.
func (p *product) fault(target, mode string) {
	p.t.Helper()
	body, err := json.Marshal(map[string]string{"target": target, "mode": mode})
	require.NoError(p.t, err)
	resp, err := http.Post(p.ready(p.file)["sandbox_url"].(string)+"/faults", "application/json", bytes.NewReader(body))
	require.NoError(p.t, err)
	require.NoError(p.t, resp.Body.Close())
	require.Less(p.t, resp.StatusCode, 300)
}

// caller calls again and again until nobody answers any more.
type caller struct {
	good  int
	last  time.Time // of the good ones
	first error     // why nobody answered
	since time.Time
	after int  // good ones after that
	told  bool // that the connection ends
}

// callOn makes calls, each over a connection of its own or all over one.
func (p *product) callOn(path string, reuse bool, until <-chan struct{}) *caller {
	c := &caller{}
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: !reuse}}
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		select {
		case <-until:
			return c
		case <-again.C:
		}
		req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.api+path, nil)
		if err != nil {
			c.first = err
			return c
		}
		req.Header.Set("Authorization", "Bearer "+p.tokens["platform"])
		resp, err := client.Do(req)
		switch {
		case err != nil && c.first == nil:
			c.first, c.since = err, time.Now()
		case err == nil && resp.StatusCode == http.StatusOK:
			c.good, c.last = c.good+1, time.Now()
			c.told = c.told || resp.Close && reuse
			if c.first != nil {
				c.after++
			}
		}
		if err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
	}
}

// An API that is told to stop says so first; as long as those who share out calls may not have seen it, it takes them; then the
// door is closed, and what is under way is answered.
func TestAnAPILeavesBeforeItsDoorIsClosed(t *testing.T) {
	t.Parallel()
	const unready = 4 * time.Second
	p := bringUp(t)
	t.Run("in order", func(t *testing.T) { p.on(t).another("UNREADY_FOR=4s").leaves(unready) })
	t.Run("at once", func(t *testing.T) {
		api := p.on(t).another("UNREADY_FOR=1h")
		api.signal(syscall.SIGTERM)
		api.says("not ready any more")
		require.Equal(t, http.StatusServiceUnavailable, api.call("", "", http.MethodGet, "/readyz", nil).status)
		api.signal(syscall.SIGTERM)
		assert.Zero(t, api.ends(quickly))
	})
	p.signal(syscall.SIGTERM)
	assert.Zero(t, p.ends(downWithin))
}

func (p *product) leaves(unready time.Duration) {
	t := p.t
	watched, applicant := p.open("leaves-1"), p.open("leaves-2")
	ready := p.call("", "", http.MethodGet, "/readyz", nil)
	require.Equal(t, http.StatusOK, ready.status)
	require.Equal(t, map[string]any{"status": "ok", "database": "ok", "engine": "ok", "storage": "ok", "outbox": "ok", "outbox_late_seconds": ready.body["outbox_late_seconds"]}, ready.body)
	ended := p.follow(watched)
	over := make(chan struct{})
	callers := make([]*caller, 2)
	var calling sync.WaitGroup
	for i := range callers {
		calling.Go(func() { callers[i] = p.callOn(watched, i == 1, over) })
	}

	told := time.Now()
	p.signal(syscall.SIGTERM)
	p.says("not ready any more")
	s := p.call("", "", http.MethodGet, "/readyz", nil)
	require.Equal(t, http.StatusServiceUnavailable, s.status)
	require.Equal(t, map[string]any{"status": "stopping"}, s.body)
	require.Equal(t, http.StatusOK, p.call("", "", http.MethodGet, "/healthz", nil).status)
	p.fault("bank", "slow")
	slow := make(chan said)
	go func() { slow <- p.call("platform", "", http.MethodPost, applicant+"/card", card(t)) }() // longer than the door is open

	p.says("taking no more calls")
	assert.GreaterOrEqual(t, time.Since(told), unready)
	require.NoError(t, <-ended, "the stream has an end")
	s = <-slow
	assert.Equal(t, http.StatusAccepted, s.status, "%s", s)
	assert.Greater(t, s.took, unready)
	assert.Zero(t, p.ends(downWithin))
	close(over)
	calling.Wait()
	for i, c := range callers {
		assert.Zero(t, c.after, "nobody is let in again")
		assert.Greater(t, c.good, 10)
		if assert.Error(t, c.first, "caller %d", i) {
			assert.GreaterOrEqual(t, c.since.Sub(told), unready, "caller %d: %s", i, c.first)
		}
	}
	assert.True(t, callers[1].told)
}

// follow reads a stream of events to its end, and says whether that was one.
func (p *product) follow(path string) <-chan error {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.api+path+"/events", nil)
	require.NoError(p.t, err)
	req.Header.Set("Authorization", "Bearer "+p.tokens["platform"])
	resp, err := http.DefaultClient.Do(req)
	require.NoError(p.t, err)
	require.Equal(p.t, http.StatusOK, resp.StatusCode)
	in := bufio.NewReader(resp.Body)
	for line := ""; !strings.HasPrefix(line, "data: "); {
		line, err = in.ReadString('\n')
		require.NoError(p.t, err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, in)
		_ = resp.Body.Close()
		ended <- err
	}()
	return ended
}

// card is one of somebody's.
func card(t *testing.T) map[string]any {
	t.Helper()
	return map[string]any{
		"card_number": chinaid.NewCard("622202", rand.Uint64()%1e12).Value(), "holder_name": "陈晓明", "id_number": idOf(t),
		"phone": fmt.Sprintf("138%08d", rand.IntN(100_000_000)), "payment_password": "135790",
	}
}
