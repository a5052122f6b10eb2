package workflowtest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"shiming/internal/email"
	"shiming/internal/notice"
	"shiming/internal/outside"
	"shiming/internal/sms"
	"shiming/internal/wallet"
	"shiming/registration"
)

// sessionLifetime is how long the wallet takes scans.
const sessionLifetime = 5 * time.Minute

// Wallet opens QR sessions.
type Wallet struct {
	mu       sync.Mutex
	busy     int
	sessions map[string]wallet.Session
	onOpen   func(sessionID string)
	now      func() time.Time
}

// OnOpen runs do for each session the wallet opens, before it answers.
func (w *Wallet) OnOpen(do func(sessionID string)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.onOpen = do
}

// TurnAway makes the wallet refuse the next n calls as busy.
func (w *Wallet) TurnAway(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy = n
}

// OpenSession implements activities.SessionWallet.
func (w *Wallet) OpenSession(_ context.Context, key, _ string) (wallet.Session, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy > 0 {
		w.busy--
		return wallet.Session{}, outside.ErrUnavailable
	}
	s, known := w.sessions[key]
	if !known {
		id := registration.NewID("qrs")
		s = wallet.Session{ID: id, QRPayload: "https://wallet.example/" + id, ExpiresAt: w.now().Add(sessionLifetime)}
		w.sessions[key] = s
		if w.onOpen != nil {
			w.onOpen(id)
		}
	}
	return s, nil
}

// Provider carries messages of one channel.
type Provider struct {
	mu   sync.Mutex
	down bool
	// refuse, if set, is the definite no to every message.
	refuse error
	sent   []string // an id each
	last   string
}

// Down makes the provider unreachable, or reachable again.
func (p *Provider) Down(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

// Refuse makes the provider refuse every message for good.
func (p *Provider) Refuse(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = err
}

// Sent counts the messages accepted.
func (p *Provider) Sent() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.sent)
}

// Last is the words of the newest message accepted.
func (p *Provider) Last() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

func (p *Provider) take(words string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.down:
		return "", outside.ErrUnavailable
	case p.refuse != nil:
		return "", p.refuse
	}
	id := fmt.Sprintf("msg-%d", len(p.sent)+1)
	p.sent, p.last = append(p.sent, id), words
	return id, nil
}

// Mail is the e-mail provider.
type Mail struct{ Provider }

// Send implements activities.Mailer.
func (m *Mail) Send(_ context.Context, message email.Message) (string, error) {
	return m.take(message.Text)
}

// SMS is the SMS provider.
type SMS struct{ Provider }

// Send implements activities.Texter.
func (s *SMS) Send(_ context.Context, message sms.Message) (string, error) {
	return s.take(notice.SMSText(message.Template, message.Params))
}
