package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"shiming/internal/cli"
)

var update = flag.Bool("update", false, "write the golden files and docs/commands.md anew")

// result is how a command ended.
type result struct {
	code        int
	out, errOut string
}

// command is a command about to be run.
type command struct {
	in  io.Reader
	env map[string]string
}

// run runs a command as main does.
func (c command) run(ctx context.Context, t *testing.T, args ...string) result {
	t.Helper()
	var out, errOut bytes.Buffer
	in := c.in
	if in == nil {
		in = strings.NewReader("")
	}
	streams := &cli.IO{In: in, Out: &out, Err: &errOut, Getenv: func(name string) string { return c.env[name] }}
	err := parseAndRun(ctx, t, streams, args)
	if err != nil {
		cli.Report(&errOut, "starter", err)
	}
	return result{code: cli.ExitCode(err), out: out.String(), errOut: errOut.String()}
}

func newParser(t *testing.T, out io.Writer) *kong.Kong {
	t.Helper()
	parser, err := kong.New(
		&cli.Commands{}, kong.Name("starter"), kong.Writers(out, out), kong.Exit(func(int) {}), kong.Vars{},
	)
	require.NoError(t, err)
	return parser
}

func parseAndRun(ctx context.Context, t *testing.T, streams *cli.IO, args []string) error {
	t.Helper()
	parsed, err := newParser(t, io.Discard).Parse(args)
	if err != nil {
		return err
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	return parsed.Run(streams)
}

// seen is a call as the API received it.
type seen struct {
	Method, Path, Query, Key, Token, Type string
	Body                                  map[string]any
	Raw                                   []byte
}

// fakeAPI answers calls from fixtures, and remembers them.
type fakeAPI struct {
	*httptest.Server
	mu    sync.Mutex
	calls []seen
}

// newAPI answers a call of "METHOD /path" with its handler.
func newAPI(t *testing.T, routes map[string]http.HandlerFunc) *fakeAPI {
	t.Helper()
	f := &fakeAPI{}
	mux := http.NewServeMux()
	for pattern, handler := range routes {
		mux.HandleFunc(pattern, handler)
	}
	mux.HandleFunc("/", answer(http.StatusNotFound, `{"status": 404, "code": "not_found", "detail": "There is no such thing."}`))
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			panic(err)
		}
		call := seen{
			Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Key: r.Header.Get("Idempotency-Key"),
			Token: r.Header.Get("Authorization"), Type: r.Header.Get("Content-Type"), Raw: raw,
		}
		if call.Type == "application/json" {
			if err := json.Unmarshal(raw, &call.Body); err != nil {
				panic(err)
			}
		}
		f.mu.Lock()
		f.calls = append(f.calls, call)
		f.mu.Unlock()
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *fakeAPI) all() []seen {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// only is the one call that came.
func (f *fakeAPI) only(t *testing.T) seen {
	t.Helper()
	calls := f.all()
	require.Len(t, calls, 1)
	return calls[0]
}

// command is a command against this API.
func (f *fakeAPI) command() command {
	return command{env: map[string]string{"SHIMING_URL": f.URL, "SHIMING_TOKEN": "the-token"}}
}

func (c command) with(in string) command { c.in = strings.NewReader(in); return c }

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // to a test's own client
	}
}

// fixture answers with a file of testdata.
func fixture(t *testing.T, name string) http.HandlerFunc {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return answer(http.StatusOK, string(raw))
}

// golden compares with a file of testdata, or writes it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}
