package sandbox

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

type mode string

const (
	modeDown      mode = "down"       // 503 at once
	modeSlow      mode = "slow"       // done at once, answered after slowAnswer
	modeTimeout   mode = "timeout"    // done, never answered
	modeErrorRate mode = "error_rate" // 503 with the given probability, before anything is done
)

// fault is how a party is broken at the moment.
type fault struct {
	Target target  `json:"target"`
	Mode   mode    `json:"mode"`
	Rate   float64 `json:"rate,omitempty"`
	// Until is nil for a fault that stays until it is cleared.
	Until *time.Time `json:"until,omitempty"`
}

func (f fault) strikes() bool { return rand.Float64() < f.Rate }

// faults are the faults set, at most one a party.
type faults struct {
	mu  sync.Mutex
	set map[target]fault
}

func (f *faults) of(to target) fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.set[to]
	if now.Until != nil && !time.Now().Before(*now.Until) {
		delete(f.set, to)
		return fault{}
	}
	return now
}

func (f *faults) put(next fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.set == nil {
		f.set = map[target]fault{}
	}
	f.set[next.Target] = next
}

func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.set = nil
}

var parties = []target{bankParty, walletParty, smsParty, emailParty}

// showFaults lists the faults in force.
func (s *Server) showFaults(w http.ResponseWriter, _ *http.Request) {
	active := []fault{}
	for _, to := range parties {
		if f := s.faults.of(to); f.Mode != "" {
			active = append(active, f)
		}
	}
	writeJSON(w, http.StatusOK, active)
}

// setFault breaks a party: {target, mode, rate, for}. A new fault of a party replaces the former one.
func (s *Server) setFault(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Target target  `json:"target"`
		Mode   mode    `json:"mode"`
		Rate   float64 `json:"rate"`
		For    string  `json:"for"`
	}
	if !readJSON(w, r, &in) {
		return
	}
	f := fault{Target: in.Target, Mode: in.Mode}
	switch {
	case !slices.Contains(parties, in.Target):
		writeError(w, http.StatusUnprocessableEntity, "target_unknown", "target is bank, wallet, sms or email")
		return
	case !slices.Contains([]mode{modeDown, modeSlow, modeTimeout, modeErrorRate}, in.Mode):
		writeError(w, http.StatusUnprocessableEntity, "mode_unknown", "mode is down, slow, timeout or error_rate")
		return
	case in.Rate < 0 || in.Rate > 1:
		writeError(w, http.StatusUnprocessableEntity, "rate_invalid", "rate is from 0 to 1")
		return
	case in.Mode == modeErrorRate:
		f.Rate = in.Rate
	}
	if in.For != "" {
		d, err := time.ParseDuration(in.For)
		if err != nil || d <= 0 {
			writeError(w, http.StatusUnprocessableEntity, "for_invalid", `for is a duration such as "30s"`)
			return
		}
		until := time.Now().Add(d)
		f.Until = &until
	}
	s.faults.put(f)
	s.cfg.Log.Info("fault set", "target", string(f.Target), "mode", string(f.Mode))
	s.showFaults(w, r)
}

// clearFaults mends everything.
func (s *Server) clearFaults(w http.ResponseWriter, r *http.Request) {
	s.faults.clear()
	s.showFaults(w, r)
}
