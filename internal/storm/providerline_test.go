package storm

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// providerLine stands between a process and the providers. It remembers every message that was handed to one, and what the
// process got to hear of it: that decides whether a second one is excused.
type providerLine struct {
	process  *process
	upstream string
	client   *http.Client
	book     *callBook
	url      string
}

// callBook holds the calls of all processes, and which of them have written to which notice's row.
type callBook struct {
	mu      sync.Mutex
	calls   []*messageCall
	writers map[string][]*life // by the notice's id
}

// messageCall is one try to hand a message to a provider.
type messageCall struct {
	Channel, To string
	Kind        string // a notice's kind, "" if it is none
	By          *life
	Began       time.Time
	Ended       time.Time
	Forwarded   bool // the provider had it
	Answered    bool // the process was given the answer
	Status      int
}

func (b *callBook) add(c *messageCall) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = append(b.calls, c)
}

func (b *callBook) all() (calls []*messageCall) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.calls {
		clone := *c
		calls = append(calls, &clone)
	}
	return calls
}

func (b *callBook) wrote(by *life, notices ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range notices {
		if !slices.Contains(b.writers[id], by) {
			b.writers[id] = append(b.writers[id], by)
		}
	}
}

func (b *callBook) wroteTo() map[string][]*life {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := map[string][]*life{}
	for id, lives := range b.writers {
		all[id] = slices.Clone(lives)
	}
	return all
}

func newProviderLine(ctx context.Context, p *process, upstream string, book *callBook) (*providerLine, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	line := &providerLine{
		process: p, upstream: upstream, book: book, url: "http://" + l.Addr().String(),
		client: &http.Client{Timeout: 90 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
	}
	server := &http.Server{Handler: line, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(l) }()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return line, nil
}

// ServeHTTP hands a call on, and kills its process before or after if that is what is planned.
func (p *providerLine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	by := p.process.now()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	before, after := providerPoints(r)
	call := messageOf(r, body)
	if call != nil {
		call.By, call.Began = by, time.Now()
		p.book.add(call)
		defer func() { p.close(call) }()
	}
	if before != "" && by.passes(before) {
		panic(http.ErrAbortHandler)
	}
	status, header, answer := p.forward(r, body, call)
	if status == 0 || after != "" && status < http.StatusInternalServerError && by.passes(after) {
		panic(http.ErrAbortHandler)
	}
	for name := range header {
		w.Header().Set(name, header.Get(name))
	}
	w.WriteHeader(status)
	_, err = w.Write(answer)
	if call != nil && err == nil && r.Context().Err() == nil {
		p.book.mu.Lock()
		call.Answered, call.Status = true, status
		p.book.mu.Unlock()
	}
}

func (p *providerLine) close(call *messageCall) {
	p.book.mu.Lock()
	defer p.book.mu.Unlock()
	call.Ended = time.Now()
}

// forward returns status 0 if there is no answer.
func (p *providerLine) forward(r *http.Request, body []byte, call *messageCall) (status int, header http.Header, answer []byte) {
	req, err := http.NewRequestWithContext(r.Context(), r.Method, p.upstream+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil
	}
	req.Header = r.Header.Clone()
	if call != nil {
		p.book.mu.Lock()
		call.Forwarded = true
		p.book.mu.Unlock()
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, nil, nil
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err = io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil, nil
	}
	resp.Header.Del("Content-Length")
	return resp.StatusCode, resp.Header, answer
}

const (
	mailPath = "/v3/mail/send"
	smsPath  = "/"
)

// providerPoints are the points before and after a call; "" if there is none.
func providerPoints(r *http.Request) (before, after point) {
	switch path := r.URL.Path; {
	case r.Method == http.MethodPost && path == "/bank/transfers":
		return beforeTransfer, afterTransfer
	case path == mailPath, path == smsPath:
		return beforeMessage, afterMessage
	case strings.HasPrefix(path, "/wallet/"):
		return "", afterWallet
	}
	return "", ""
}

// messageOf reads who is sent what; nil if the call is no message.
func messageOf(r *http.Request, body []byte) *messageCall {
	switch r.URL.Path {
	case mailPath:
		var mail struct {
			Subject          string
			Personalizations []struct {
				Subject string
				To      []struct{ Email string }
			}
		}
		if json.Unmarshal(body, &mail) != nil || len(mail.Personalizations) == 0 || len(mail.Personalizations[0].To) == 0 {
			return nil
		}
		first := mail.Personalizations[0]
		subject := mail.Subject
		if first.Subject != "" {
			subject = first.Subject
		}
		return &messageCall{Channel: "email", To: strings.ToLower(first.To[0].Email), Kind: kinds.ofSubject(subject)}
	case smsPath:
		form, _ := url.ParseQuery(string(body))
		maps.Copy(form, r.URL.Query())
		return &messageCall{Channel: "sms", To: form.Get("PhoneNumbers"), Kind: kinds.ofTemplate(form.Get("TemplateCode"))}
	}
	return nil
}
