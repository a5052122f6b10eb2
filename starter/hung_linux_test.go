package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	// answeredWithin is what a store that hangs may cost whoever calls.
	answeredWithin = 8 * time.Second
	// atATime is how many calls of a kind are made side by side: more than there are connections to the database.
	atATime = 5
	// backWithin is generous: how soon it is, is told in the log.
	backWithin = 40 * time.Second
)

// product is one that runs, for whoever calls its API.
type product struct {
	*process
	t      *testing.T
	api    string
	tokens map[string]string
	secret string // of bank and wallet
	data   string // where it keeps what it keeps
	file   string // its ready file
}

// bringUp starts everything, in a folder that is gone with the test.
func bringUp(t *testing.T) *product {
	t.Helper()
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "ready.json")
	for _, d := range []string{dir, filepath.Dir(dir)} { // PostgreSQL's own user passes through
		require.NoError(t, os.Chmod(d, 0o755))
	}
	data := filepath.Join(dir, "data")
	p := run(t, freePorts("dev", "--data-dir", data, "--ready-file", file)...)
	ready := p.ready(file)
	raw, err := os.ReadFile(filepath.Join(data, "dev.json"))
	require.NoError(t, err)
	var made kept
	require.NoError(t, json.Unmarshal(raw, &made))
	return &product{process: p, t: t, data: data, file: file, api: ready["api_url"].(string), secret: made.WebhookSecret, tokens: map[string]string{
		"platform": made.Tokens.Platform, "reviewer": made.Tokens.Reviewer, "ops": made.Tokens.Ops,
	}}
}

func (p *product) on(t *testing.T) *product { other := *p; other.t = t; return &other }

// said is an answer; a status of 0: there was none.
type said struct {
	status int
	code   string
	body   map[string]any
	took   time.Duration
}

func (s said) String() string {
	return fmt.Sprintf("%d %s after %s", s.status, s.code, s.took.Round(time.Millisecond))
}

// call sends bytes as they are, anything else as JSON.
func (p *product) call(role, key, method, path string, body any) said {
	p.t.Helper()
	raw, plain := body.([]byte)
	if !plain && body != nil {
		var err error
		raw, err = json.Marshal(body)
		require.NoError(p.t, err)
	}
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.api+path, bytes.NewReader(raw))
	require.NoError(p.t, err)
	if role != "" {
		req.Header.Set("Authorization", "Bearer "+p.tokens[role])
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	return p.send(req)
}

func (p *product) send(req *http.Request) said {
	p.t.Helper()
	began := time.Now()
	resp, err := (&http.Client{Timeout: time.Minute}).Do(req)
	if err != nil {
		return said{code: err.Error(), took: time.Since(began)}
	}
	defer func() { _ = resp.Body.Close() }() // only read
	s := said{status: resp.StatusCode, took: time.Since(began)}
	if strings.Contains(resp.Header.Get("Content-Type"), "json") && req.Method != http.MethodHead {
		raw, err := io.ReadAll(resp.Body)
		s.took = time.Since(began)
		require.NoError(p.t, err)
		require.NoError(p.t, json.Unmarshal(raw, &s.body))
		s.code, _ = s.body["code"].(string)
	}
	return s
}

// report is the bank's, of a transfer that is nobody's.
func (p *product) report(id string) said {
	p.t.Helper()
	body := `{"type": "transfer.settled", "key": "shm_nobody"}`
	hook, err := standardwebhooks.NewWebhook(p.secret)
	require.NoError(p.t, err)
	now := time.Now()
	signature, err := hook.Sign(id, now, []byte(body))
	require.NoError(p.t, err)
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.api+"/v1/webhooks/bank", strings.NewReader(body))
	require.NoError(p.t, err)
	for name, value := range map[string]string{"webhook-id": id, "webhook-timestamp": strconv.FormatInt(now.Unix(), 10), "webhook-signature": signature} {
		req.Header.Set(name, value)
	}
	return p.send(req)
}

func application(account string) map[string]any {
	return map[string]any{
		"account_id": account, "kind": "individual", "name": "晨星工作室", "registered_email": account + "@example.com",
		"phone": fmt.Sprintf("138%08d", rand.IntN(100_000_000)),
	}
}

// open opens a registration and returns its path.
func (p *product) open(account string) string {
	p.t.Helper()
	s := p.call("platform", "", http.MethodPost, "/v1/registrations", application(account))
	require.Equal(p.t, http.StatusCreated, s.status, "%s", s)
	return "/v1/registrations/" + s.body["id"].(string)
}

// openMany opens some side by side.
func (p *product) openMany(prefix string) []string {
	p.t.Helper()
	paths := make([]string, atATime)
	var all sync.WaitGroup
	for i := range paths {
		all.Go(func() { paths[i] = p.open(fmt.Sprintf("%s-%d", prefix, i)) })
	}
	all.Wait()
	return paths
}

// kinds are the calls of every kind, of which each may be made for several registrations at once. Those that wait for the engine
// are marked.
type kinds struct {
	call   map[string]func(p *product, path string, i int) said
	engine []string
}

func everyKind(run string) kinds {
	contact := map[string]any{"email": "a@example.com", "phone": "13800138000", "address": "厦门市思明区例示路1号"}
	return kinds{engine: []string{"act", "act with a key", "opening", "opening with a key", "readyz"}, call: map[string]func(*product, string, int) said{
		"read": func(p *product, path string, _ int) said { return p.call("platform", "", http.MethodGet, path, nil) },
		"list": func(p *product, _ string, _ int) said {
			return p.call("ops", "", http.MethodGet, "/v1/registrations", nil)
		},
		"reviews": func(p *product, _ string, _ int) said {
			return p.call("reviewer", "", http.MethodGet, "/v1/reviews", nil)
		},
		"change": func(p *product, path string, _ int) said {
			return p.call("platform", "", http.MethodPut, path+"/contact", contact)
		},
		"change with a key": func(p *product, path string, _ int) said {
			return p.call("platform", "c-"+run, http.MethodPut, path+"/contact", contact)
		},
		"upload": func(p *product, path string, _ int) said {
			return p.call("platform", "", http.MethodPut, path+"/documents/id_card_front", []byte("\x89PNG\x0D\x0A\x1A\x0A scan"))
		},
		"upload with a key": func(p *product, path string, _ int) said {
			return p.call("platform", "u-"+run, http.MethodPut, path+"/documents/id_card_back", []byte("\x89PNG\x0D\x0A\x1A\x0A scan"))
		},
		"act": func(p *product, path string, _ int) said {
			return p.call("platform", "", http.MethodPost, path+"/withdraw", nil)
		},
		"act with a key": func(p *product, path string, _ int) said {
			return p.call("platform", "w-"+run, http.MethodPost, path+"/withdraw", nil)
		},
		"opening": func(p *product, _ string, i int) said {
			return p.call("platform", "", http.MethodPost, "/v1/registrations", application(fmt.Sprintf("new-%s-%d", run, i)))
		},
		"opening with a key": func(p *product, _ string, i int) said {
			account := fmt.Sprintf("keyed-%s-%d", run, i)
			body := application(account)
			body["phone"] = fmt.Sprintf("139%08d", 1000*len(run)+i) // the same each time
			return p.call("platform", "o-"+account, http.MethodPost, "/v1/registrations", body)
		},
		"report": func(p *product, _ string, i int) said { return p.report(fmt.Sprintf("msg-%s-%d", run, i)) },
		"watch": func(p *product, path string, _ int) said {
			return p.call("platform", "", http.MethodHead, path+"/events", nil)
		},
		"readyz": func(p *product, _ string, _ int) said { return p.call("", "", http.MethodGet, "/readyz", nil) },
	}}
}

// frozen stops a server, all its processes, as a machine does that swaps or a disk that does not answer.
func (p *product) frozen(name string) (thaw func()) {
	p.t.Helper()
	stopped := map[int]bool{}
	for grown := true; grown; { // whoever is stopped starts nobody any more
		grown = false
		all := everybody(p.t)
		for _, one := range all {
			if stopped[one.pid] || !stopped[one.parent] && (one.parent != p.cmd.Process.Pid || !strings.HasPrefix(one.program, name)) {
				continue
			}
			require.NoError(p.t, syscall.Kill(one.pid, syscall.SIGSTOP))
			stopped[one.pid], grown = true, true
		}
	}
	require.NotEmpty(p.t, stopped, "there is no %s", name)
	once := sync.OnceFunc(func() {
		for pid := range stopped {
			_ = syscall.Kill(pid, syscall.SIGCONT) // it may have ended
		}
	})
	p.t.Cleanup(once)
	return once
}

// watched is a stream of events that is read on.
type watched struct {
	t     *testing.T
	lines chan string
}

func (p *product) watch(path string) *watched {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.api+path+"/events", nil)
	require.NoError(p.t, err)
	req.Header.Set("Authorization", "Bearer "+p.tokens["platform"])
	resp, err := http.DefaultClient.Do(req)
	require.NoError(p.t, err)
	require.Equal(p.t, http.StatusOK, resp.StatusCode)
	p.t.Cleanup(func() { _ = resp.Body.Close() })
	w := &watched{t: p.t, lines: make(chan string, 100)}
	go func() {
		defer close(w.lines)
		for in := bufio.NewScanner(resp.Body); in.Scan(); {
			if strings.HasPrefix(in.Text(), "data: ") {
				w.lines <- in.Text()
			}
		}
	}()
	return w
}

// says waits for an event.
func (w *watched) says(what string) {
	w.t.Helper()
	late := time.After(backWithin)
	for {
		select {
		case line, open := <-w.lines:
			require.True(w.t, open, "the stream has ended")
			if strings.Contains(line, what) {
				return
			}
		case <-late:
			require.FailNow(w.t, "the stream does not say", "%s", what)
		}
	}
}

// A database or an engine that hangs: whoever calls is told so within eight seconds, many at once; what they were told was not
// done is not done later; and when it is back, so is everything, with no call needed before another.
func TestStoresThatHang(t *testing.T) {
	t.Parallel()
	p := bringUp(t)
	for _, one := range []struct{ name, server string }{{"database", "postgres"}, {"engine", "temporal"}} {
		t.Run(one.name, func(t *testing.T) { p.on(t).hangs(one.name, one.server) })
	}
	p.signal(syscall.SIGTERM)
	assert.Zero(t, p.ends(downWithin))
}

func (p *product) hangs(name, server string) {
	t := p.t
	all := everyKind(name)
	before, after := p.openMany("before-"+name), map[string][]string{}
	for kind := range all.call {
		after[kind] = []string{p.open("after-" + name + "-" + strings.ReplaceAll(kind, " ", "-"))}
	}
	stream := p.watch(after["act"][0])
	thaw := p.frozen(server)
	p.refuseAll(all, name == "engine", before)
	thaw()
	p.back(all, after)
	stream.says(`"to":"withdrawn"`)
	for i, path := range before { // as they were: nobody was told that anything was done
		s := p.call("platform", "", http.MethodGet, path, nil)
		require.Equal(t, "identity_required", s.body["state"], "%s", s)
		require.Equal(t, false, s.body["processing"])
		if name == "database" {
			assert.Nil(t, s.body["contact"])
			assert.Empty(t, s.body["documents"])
		}
		if i > 0 { // the first was opened since, by its key
			s = p.call("platform", "", http.MethodGet, fmt.Sprintf("/v1/accounts/keyed-%s-%d", name, i), nil)
			require.NotEqual(t, "registering", s.body["standing"], "%s", s)
		}
		s = p.call("platform", "", http.MethodGet, fmt.Sprintf("/v1/accounts/new-%s-%d", name, i), nil)
		require.Equal(t, i == 0, s.body["standing"] == "registering", "%s", s)
	}
}

// refuseAll makes all calls at once and requires that each is refused in time; what needs no engine only if that is not all that
// hangs.
func (p *product) refuseAll(all kinds, engineAlone bool, paths []string) {
	p.t.Helper()
	var calls sync.WaitGroup
	var mu sync.Mutex
	longest := map[string]said{}
	for kind, call := range all.call {
		for i, path := range paths {
			calls.Go(func() {
				s := call(p, path, i)
				wanted := http.StatusServiceUnavailable
				if engineAlone && !slices.Contains(all.engine, kind) {
					wanted = s.status
					assert.Less(p.t, s.status, 300, "%s: %s", kind, s)
				}
				assert.Equal(p.t, wanted, s.status, "%s: %s", kind, s)
				assert.Less(p.t, s.took, answeredWithin, "%s: %s", kind, s)
				mu.Lock()
				defer mu.Unlock()
				if s.took > longest[kind].took {
					longest[kind] = s
				}
			})
		}
	}
	calls.Wait()
	for _, kind := range slices.Sorted(maps.Keys(longest)) {
		p.t.Logf("hangs: %-20s %s", kind, longest[kind])
	}
}

// back requires that every kind of call is done again, each by itself, and tells how soon.
func (p *product) back(all kinds, paths map[string][]string) {
	p.t.Helper()
	began := time.Now()
	var calls sync.WaitGroup
	var mu sync.Mutex
	good := map[string]string{}
	for kind, call := range all.call {
		calls.Go(func() {
			again := time.NewTicker(20 * time.Millisecond)
			defer again.Stop()
			for tries := 1; time.Since(began) < backWithin; tries++ {
				s := call(p, paths[kind][0], 0)
				if s.status != 0 && s.status < 300 && s.status != http.StatusAccepted || kind == "report" && s.status == http.StatusAccepted {
					mu.Lock()
					good[kind] = fmt.Sprintf("%s, try %d", time.Since(began).Round(time.Millisecond), tries)
					mu.Unlock()
					return
				}
				mu.Lock()
				p.t.Logf("back:  %-20s %s", kind, s)
				mu.Unlock()
				<-again.C
			}
		})
	}
	calls.Wait()
	for _, kind := range slices.Sorted(maps.Keys(all.call)) {
		assert.NotEmpty(p.t, good[kind], "%s never works again", kind)
		p.t.Logf("back:  %-20s after %s", kind, good[kind])
	}
}
