package cli

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"shiming/internal/client"
)

// connectWithin is how long a command goes on while nobody listens: a server that starts again needs no longer, and a
// mistyped address should not take two minutes to be told.
const connectWithin = 5 * time.Second

// apiFlags are common to every command that calls the API.
type apiFlags struct {
	URL       string        `name:"url" group:"Calling the API:" placeholder:"URL" help:"Where the API is; left out: SHIMING_URL."`
	TokenFile string        `group:"Calling the API:" type:"path" placeholder:"FILE" help:"A file that holds the token; left out: the variable SHIMING_TOKEN. A token is no argument: every user of the machine could read it."`
	JSON      bool          `name:"json" group:"Calling the API:" help:"Write the API's answer as JSON, a refusal's too."`
	Timeout   time.Duration `group:"Calling the API:" default:"2m" placeholder:"DURATION" help:"How long to go on for an outcome while the service is busy, restarting or waiting for a provider (${default})."`
}

// changeFlags are common to every command that changes something.
type changeFlags struct {
	apiFlags
	IdempotencyKey string `group:"Calling the API:" placeholder:"KEY" help:"Names this change, so that repeating the command with the same key and fields changes nothing more and gives the first answer again; left out: a new one."`
}

// Validate is kong's.
func (f apiFlags) Validate() error {
	if f.Timeout <= 0 {
		return errors.New("--timeout must be above 0, such as 2m")
	}
	return nil
}

// session is one command's connection to the API.
type session struct {
	*IO
	client *client.Client
	json   bool
	key    string // Idempotency-Key of the command's one change
}

// open finds address and token for a command that only reads.
func (f apiFlags) open(o *IO) (*session, error) {
	token, err := f.token(o)
	if err != nil {
		return nil, err
	}
	return f.openWith(o, token)
}

// open finds address and token for a command that changes something.
func (f changeFlags) open(o *IO) (*session, error) {
	s, err := f.apiFlags.open(o)
	if err != nil {
		return nil, err
	}
	s.key = f.key()
	return s, nil
}

func (f changeFlags) key() string {
	if f.IdempotencyKey != "" {
		return f.IdempotencyKey
	}
	return "cli-" + strings.ToLower(rand.Text())
}

func (f apiFlags) openWith(o *IO, token string) (*session, error) {
	base := f.URL
	if base == "" {
		base = o.Getenv("SHIMING_URL")
	}
	if base == "" {
		return nil, usage("where is the API? Set SHIMING_URL, or give --url; `starter dev` prints its address")
	}
	parsed, err := url.Parse(base)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" {
		return nil, usage("SHIMING_URL or --url is no address such as https://shiming.example.com")
	}
	told := ""
	return &session{IO: o, json: f.JSON, client: client.New(client.Options{
		Base: base, Token: token, Within: f.Timeout, ConnectWithin: connectWithin,
		Waiting: func(why string) {
			if why != told {
				told = why
				o.hintf("waiting: %s…", clean(why))
			}
		},
	})}, nil
}

func (f apiFlags) token(o *IO) (string, error) {
	token := o.Getenv("SHIMING_TOKEN")
	if f.TokenFile != "" {
		raw, err := os.ReadFile(f.TokenFile)
		if err != nil {
			return "", usage("--token-file: %v", err)
		}
		token = string(raw)
	}
	token = strings.TrimSpace(token)
	switch {
	case token == "":
		return "", usage("who calls? Set SHIMING_TOKEN, or give --token-file; `starter token new` makes a token, `starter dev` prints three")
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "", usage("the token holds characters that no token has")
	}
	return token, nil
}

// get reads something and shows it.
func get[T any](ctx context.Context, s *session, path string, show func(*page, T)) error {
	return call(ctx, s, client.Request{Method: http.MethodGet, Path: path}, show)
}

// change changes something, with a JSON body unless it is nil, and shows the answer.
func change[T any](ctx context.Context, s *session, method, path string, body map[string]any, show func(*page, T)) error {
	r := client.Request{Method: method, Path: path, Key: s.key}
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		r.Body, r.ContentType = raw, "application/json"
	}
	return call(ctx, s, r, show)
}

// call makes a call and shows its answer: as it came with --json, else as show lays it out.
func call[T any](ctx context.Context, s *session, r client.Request, show func(*page, T)) error {
	raw := json.RawMessage("null")
	r.Into = &raw
	if err := s.client.Do(ctx, r); err != nil {
		return s.failed(err)
	}
	if s.json {
		return s.writeJSON(raw)
	}
	var answer T
	if err := json.Unmarshal(raw, &answer); err != nil {
		return fmt.Errorf("the answer is not what this program knows; is it of the same version? %w", err)
	}
	var p page
	show(&p, answer)
	return p.to(s.Out)
}

// read reads something for the command's own use.
func (s *session) read(ctx context.Context, path string, into any) error {
	return s.failed(s.client.Do(ctx, client.Request{Method: http.MethodGet, Path: path, Into: into}))
}

// failed writes a refusal for programs, and says how to go on where the outcome is not known.
func (s *session) failed(err error) error {
	var no *client.Problem
	var unknown *client.NoOutcomeError
	switch {
	case errors.As(err, &no) && s.json && no.Raw != nil:
		return errors.Join(err, s.writeJSON(no.Raw))
	case errors.As(err, &unknown) && unknown.Method != http.MethodGet:
		return fmt.Errorf("%w; it may have had its effect: repeat the command with --idempotency-key=%s to learn it", err, s.key)
	}
	return err
}

// writeJSON writes one line.
func (s *session) writeJSON(v any) error { return json.NewEncoder(s.Out).Encode(v) }

// registrationPath is where a registration, or a part of it, is.
func registrationPath(id, rest string) string {
	return "/v1/registrations/" + url.PathEscape(id) + rest
}
