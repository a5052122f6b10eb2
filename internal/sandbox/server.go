package sandbox

import (
	"context"
	"net/http"
	"sync"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Server is the outside world: a handler for the calls, and the settlements and reports that follow them. It is safe
// for concurrent use.
type Server struct {
	cfg    Config
	mux    *http.ServeMux
	signer *standardwebhooks.Webhook
	file   *stateFile
	faults faults

	// mu guards state and closed; see update.
	mu     sync.Mutex
	state  *state
	closed bool

	// stopping ends background work and held answers.
	stopping context.Context //nolint:containedctx // the life of the server's own work, not of a call
	stop     context.CancelFunc
	tasks    sync.WaitGroup
}

// New reads the state file, if there is one, and takes up what was pending. Close must be called in the end.
func New(cfg Config) (*Server, error) {
	cfg = cfg.withDefaults()
	signer, err := cfg.signer()
	if err != nil {
		return nil, err
	}
	st, err := loadState(cfg.StateFile)
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, signer: signer, state: st, file: openStateFile(cfg.StateFile)}
	s.stopping, s.stop = context.WithCancel(context.Background())
	s.routes()
	s.resume()
	return s, nil
}

// ServeHTTP answers for all parties.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Close stops settlements and reports and lets go of held answers. What was pending stays in the state file.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	s.tasks.Wait()
	return s.file.save(s.snapshot)
}

// update changes the state and returns when the change is on disk, if there is a state file.
func (s *Server) update(change func(*state)) {
	s.mu.Lock()
	change(s.state)
	s.mu.Unlock()
	if err := s.file.save(s.snapshot); err != nil {
		s.cfg.Log.Error("sandbox state not saved; going on from memory", "error", err)
	}
}

// view reads the state.
func (s *Server) view(read func(*state)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	read(s.state)
}

func (s *Server) routes() {
	s.mux = http.NewServeMux()
	for pattern, h := range map[string]http.HandlerFunc{
		"POST /bank/cards/bindings":                   s.party(bankParty, s.bindCard),
		"POST /bank/cards/bindings/{id}/codes":        s.party(bankParty, s.resendCode),
		"POST /bank/cards/bindings/{id}/confirmation": s.party(bankParty, s.confirmCode),
		"POST /bank/transfers":                        s.party(bankParty, s.orderTransfer),
		"GET /bank/transfers/{key}":                   s.party(bankParty, s.findTransfer),
		"GET /bank/statement":                         s.party(bankParty, s.showStatement),

		"GET /wallet/accounts/{id}":                  s.party(walletParty, s.walletAccount),
		"POST /wallet/accounts/{id}/password-checks": s.party(walletParty, s.checkPassword),
		"POST /wallet/accounts/{id}/sessions":        s.party(walletParty, s.openSession),
		"GET /wallet/accounts/{id}/facts":            s.party(walletParty, s.walletFacts),
		"PUT /wallet/accounts/{id}/hold":             s.party(walletParty, s.holdAccount),
		"DELETE /wallet/accounts/{id}/hold":          s.party(walletParty, s.releaseAccount),
		"DELETE /wallet/accounts/{id}/identity":      s.party(walletParty, s.clearIdentity),

		"POST /{$}":          s.party(smsParty, s.sendSMS),
		"POST /v3/mail/send": s.party(emailParty, s.sendMail),

		"GET /{$}":                         servePage("index.html"),
		"GET /page.js":                     servePage("page.js"),
		"GET /page.css":                    servePage("page.css"),
		"GET /inbox":                       s.showInbox,
		"GET /bank/ledger":                 s.showLedger,
		"POST /bank/ledger/{key}/return":   s.returnTransfer,
		"PUT /bank/ledger/{key}/statement": s.misstate,
		"POST /wallet/sessions/{id}/scan":  s.scanSession,
		"GET /faults":                      s.showFaults,
		"POST /faults":                     s.setFault,
		"DELETE /faults":                   s.clearFaults,
		"GET /healthz": func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
		},
	} {
		s.mux.HandleFunc(pattern, h)
	}
}
