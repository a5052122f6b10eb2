package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"shiming/internal/devstack"
	"shiming/internal/vault"
)

// home is the folder of a development set-up. A kept one holds database, engine, sandbox, keys, scans and tokens from one run to
// the next; a temporary one goes with the run.
type home struct {
	dir       string // absolute
	temporary bool
	lock      *devstack.FileLock // of a kept one: two sets of servers on one folder would spoil it
	kept      kept
}

// kept is what a run has made up and the next one needs again.
type kept struct {
	Tokens        tokens `json:"tokens"`
	WebhookSecret string `json:"webhook_secret"`
	// Calendar of the runs so far: compressed days are counted from its epoch.
	Calendar string `json:"calendar"`
}

// tokens are bearer tokens in clear, one a role.
type tokens struct {
	Platform string `json:"platform"`
	Reviewer string `json:"reviewer"`
	Ops      string `json:"ops"`
}

func (h *home) path(name string) string { return filepath.Join(h.dir, name) }

// Paths of a kept home; PostgreSQL and Temporal keep nothing in a temporary one.
func (h *home) keysFile() string   { return h.path("keys.json") }
func (h *home) tokensFile() string { return h.path("api-tokens") }
func (h *home) keptFile() string   { return h.path("dev.json") }

func (h *home) ifKept(name string) string {
	if h.temporary {
		return ""
	}
	return h.path(name)
}

// openHome opens the folder, or makes it with all that is needed to start. An empty dir makes a temporary one.
func openHome(dir string, workingDay time.Duration) (*home, error) {
	h := &home{temporary: dir == ""}
	var err error
	if h.temporary {
		h.dir, err = os.MkdirTemp("", "shiming-dev-")
	} else if h.dir, err = filepath.Abs(dir); err == nil {
		err = os.MkdirAll(h.dir, 0o711) //nolint:gosec // G301: PostgreSQL's user passes through on its way to its own folder
	}
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := h.take(); err != nil {
		return nil, err
	}
	if err := h.furnish(workingDay); err != nil {
		return nil, errors.Join(fmt.Errorf("data folder %s: %w", h.dir, err), h.close())
	}
	return h, nil
}

// take makes sure that nobody else uses a kept folder, before anything in it is changed.
func (h *home) take() error {
	if h.temporary {
		return nil
	}
	var err error
	if h.lock, err = devstack.TryLock(h.path("lock")); err != nil {
		return fmt.Errorf("data folder %s: %w", h.dir, err)
	}
	if h.lock == nil {
		return fmt.Errorf("the data folder %s is in use by another starter: end that one, or choose another folder with --data-dir", h.dir)
	}
	return nil
}

func (h *home) furnish(workingDay time.Duration) error {
	raw, err := os.ReadFile(h.keptFile())
	switch {
	case errors.Is(err, os.ErrNotExist):
		h.kept = kept{Tokens: tokens{Platform: rand.Text(), Reviewer: rand.Text(), Ops: rand.Text()}, WebhookSecret: newWebhookSecret()}
	case err != nil:
		return err
	default:
		if err := json.Unmarshal(raw, &h.kept); err != nil {
			return fmt.Errorf("%s cannot be read (remove the folder to start anew): %w", h.keptFile(), err)
		}
	}
	h.kept.Calendar = calendarSetting(h.kept.Calendar, workingDay, time.Now())
	if err := vault.GenerateKeyFile(h.keysFile()); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	if err := replaceFile(h.tokensFile(), h.kept.Tokens.file()); err != nil {
		return err
	}
	return writeJSONFile(h.keptFile(), h.kept)
}

// close removes a temporary home, and lets others into a kept one.
func (h *home) close() error {
	if h.temporary {
		return os.RemoveAll(h.dir)
	}
	return h.lock.Unlock()
}

// calendarSetting keeps the epoch of compressed days as long as their length stays, so that deadlines do too.
func calendarSetting(before string, workingDay time.Duration, now time.Time) string {
	if workingDay <= 0 {
		return "real"
	}
	if strings.HasPrefix(before, "compressed:"+workingDay.String()+"@") {
		return before
	}
	return fmt.Sprintf("compressed:%s@%s", workingDay, now.UTC().Format(time.RFC3339))
}

// file is what the API reads (spec: api, "Callers"): one `name role sha256-of-token` a line.
func (t tokens) file() []byte {
	var b strings.Builder
	for _, one := range []struct{ role, token string }{{"platform", t.Platform}, {"reviewer", t.Reviewer}, {"ops", t.Ops}} {
		sum := sha256.Sum256([]byte(one.token))
		fmt.Fprintf(&b, "dev-%s %s %s\n", one.role, one.role, hex.EncodeToString(sum[:]))
	}
	return []byte(b.String())
}

// newWebhookSecret makes a Standard Webhooks secret of 32 bytes.
func newWebhookSecret() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return "whsec_" + base64.StdEncoding.EncodeToString(key)
}
