//go:build unix

package cli_test

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/term"

	"shiming/internal/cli"
)

// person sits at a terminal. What the terminal shows is what the command writes and what is echoed.
type person struct {
	t      *testing.T
	keys   *os.File // the terminal's other end
	tty    *os.File
	mu     sync.Mutex
	screen bytes.Buffer
}

func atTerminal(t *testing.T) *person {
	t.Helper()
	keys, tty, err := pty.Open()
	require.NoError(t, err)
	p := &person{t: t, keys: keys, tty: tty}
	read := make(chan struct{})
	go func() {
		defer close(read)
		buffer := make([]byte, 4096)
		for {
			n, err := keys.Read(buffer)
			p.mu.Lock()
			p.screen.Write(buffer[:n])
			p.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		_, err := keys.WriteString("\n" + strings.Repeat("\x04", 8)) // Ctrl-D: a prompt that still waits, after a failure, ends
		assert.NoError(t, err)
		assert.NoError(t, tty.Close())
		assert.NoError(t, keys.Close())
		<-read
	})
	return p
}

func (p *person) sees() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.screen.String()
}

// types answers a prompt once it is there. A secret is typed when the echo is off, as a person would by then.
func (p *person) types(prompt, text string) {
	p.t.Helper()
	require.Eventually(p.t, func() bool { return strings.HasSuffix(p.sees(), prompt+": ") }, 10*time.Second, time.Millisecond, "%s", prompt)
	if strings.Contains(prompt, "not shown") {
		require.Eventually(p.t, func() bool { return !p.echoes() }, 10*time.Second, time.Millisecond)
	}
	_, err := p.keys.WriteString(text + "\n")
	require.NoError(p.t, err)
}

func (p *person) echoes() bool {
	p.t.Helper()
	out, err := exec.CommandContext(p.t.Context(), "stty", "-F", p.tty.Name(), "-a").Output()
	require.NoError(p.t, err)
	return strings.Contains(string(out), " echo ")
}

// start runs a command at the terminal.
func (p *person) start(ctx context.Context, api *fakeAPI, args ...string) <-chan error {
	p.t.Helper()
	env := api.command().env
	streams := &cli.IO{In: p.tty, Out: p.tty, Err: p.tty, Getenv: func(name string) string { return env[name] }}
	done := make(chan error, 1)
	go func() { done <- parseAndRun(ctx, p.t, streams, args) }()
	return done
}

func ended(t *testing.T, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(10 * time.Second):
		require.FailNow(t, "the command does not end")
		return nil
	}
}

func TestSecretsAreTypedWithoutEcho(t *testing.T) {
	t.Parallel()
	p := atTerminal(t)
	api := newAPI(t, map[string]http.HandlerFunc{"POST /v1/registrations/reg_1/card": answer(200, registered)})
	done := p.start(t.Context(), api, "card", "reg_1")
	p.types("Debit card number (not shown)", "6222021234567890128")
	p.types("Holder's name", "陈晓明")
	p.types("Holder's resident ID number (not shown)", "110101199003077758")
	p.types("Mobile number on file at the bank", "13800138000")
	p.types("The wallet's payment password (not shown)", "135790")
	require.NoError(t, ended(t, done))

	assert.Equal(t, map[string]any{
		"card_number": "6222021234567890128", "holder_name": "陈晓明", "id_number": "110101199003077758",
		"phone": "13800138000", "payment_password": "135790",
	}, api.only(t).Body)
	for _, secret := range []string{"6222021234567890128", "110101199003077758", "135790"} {
		assert.NotContains(t, p.sees(), secret)
	}
	assert.Contains(t, p.sees(), "陈晓明", "a name is echoed, so that it can be read over")
	assert.True(t, p.echoes())
}

// What a file leaves out is asked for: a password need not be written down.
func TestAFileAndATerminal(t *testing.T) {
	t.Parallel()
	p := atTerminal(t)
	file := filepath.Join(t.TempDir(), "card.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"card_number": "6", "holder_name": "a", "id_number": "1", "phone": "2"}`), 0o600))
	api := newAPI(t, map[string]http.HandlerFunc{"POST /v1/registrations/reg_1/card": answer(200, registered)})
	done := p.start(t.Context(), api, "card", "reg_1", "--from", file)
	p.types("The wallet's payment password (not shown)", "135790")
	require.NoError(t, ended(t, done))
	assert.Equal(t, "135790", api.only(t).Body["payment_password"])
	assert.NotContains(t, p.sees(), "Holder's name")
}

func TestWhatMayBeLeftOutIsLeftOut(t *testing.T) {
	t.Parallel()
	p := atTerminal(t)
	api := newAPI(t, map[string]http.HandlerFunc{"PUT /v1/registrations/reg_1/contact": answer(200, registered)})
	done := p.start(t.Context(), api, "contact", "reg_1")
	p.types("Contact's name; of an individual, the verified holder's (Enter leaves it out)", "")
	p.types("Contact's mailbox (Enter leaves it out)", " d@example.com ")
	p.types("Contact's mobile number (Enter leaves it out)", "")
	p.types("Contact's address (Enter leaves it out)", "厦门市思明区例示路1号")
	require.NoError(t, ended(t, done))
	assert.Equal(t, map[string]any{"email": "d@example.com", "address": "厦门市思明区例示路1号"}, api.only(t).Body)
}

func TestWhatIsNeededMustBeTyped(t *testing.T) {
	t.Parallel()
	p := atTerminal(t)
	api := newAPI(t, nil)
	done := p.start(t.Context(), api, "code", "reg_1")
	p.types("The bank's SMS code (not shown)", "")
	assert.Equal(t, cli.Usage, cli.ExitCode(ended(t, done)))
	assert.Empty(t, api.all())
}

// Ctrl-C at a secret leaves a terminal that echoes.
func TestAnInterruptedPromptGivesTheEchoBack(t *testing.T) {
	t.Parallel()
	p := atTerminal(t)
	ctx, interrupt := context.WithCancel(t.Context())
	done := p.start(ctx, newAPI(t, nil), "code", "reg_1")
	require.Eventually(t, func() bool { return strings.HasSuffix(p.sees(), ": ") && !p.echoes() }, 10*time.Second, time.Millisecond)
	interrupt()
	require.ErrorContains(t, ended(t, done), "interrupted")
	assert.True(t, p.echoes())
}

func TestADocumentDoesNotGarbleTheTerminal(t *testing.T) {
	t.Parallel()
	p := atTerminal(t)
	require.True(t, term.IsTerminal(int(p.tty.Fd())))
	api := newAPI(t, nil)
	err := ended(t, p.start(t.Context(), api, "review", "document", "reg_1", "id_card_front", "--out", "-"))
	assert.Equal(t, cli.Usage, cli.ExitCode(err))
	assert.Empty(t, api.all())
}
