package api

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/devstack/stacktest"
	"shiming/internal/postgres"
	"shiming/internal/vault"
	"shiming/internal/workday"
	"shiming/registration"
)

// statements collects what the API asks of the database, and nothing of what the engine's steps do.
type statements struct {
	mu  sync.Mutex
	all []string
}

func (s *statements) add(sql string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !strings.HasPrefix(sql, "delete from idempotency where coalesce") { // the hourly sweep, whenever it comes
		s.all = append(s.all, sql)
	}
}

func (s *statements) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.all
	s.all = nil
	return all
}

// costs are the calls of a world with how many statements each took.
type costs struct {
	t     *testing.T
	w     *world
	asked *statements
	total int
}

// newCosts is a world whose API has a store of its own, so that it is counted alone.
func newCosts(t *testing.T) *costs {
	url, dir, asked := stacktest.Database(t, postgres.Migrate), t.TempDir(), &statements{}
	keysFile := filepath.Join(dir, "keys.json")
	require.NoError(t, vault.GenerateKeyFile(keysFile))
	keys, err := vault.LoadKeys(keysFile)
	require.NoError(t, err)
	cal, err := workday.New()
	require.NoError(t, err)
	counted, err := postgres.Open(t.Context(), url, keys, cal, postgres.WithStatements(asked.add))
	require.NoError(t, err)
	t.Cleanup(counted.Close)
	w := newWorldOn(t, url, func(d *Deps) {
		uncounted, err := postgres.Open(t.Context(), url, keys, cal)
		require.NoError(t, err)
		t.Cleanup(uncounted.Close)
		blobs, err := vault.OpenBlobs(t.Context(), keys, filepath.Join(dir, "blobs"))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, blobs.Close()) })
		d.Store, d.Keys, d.Blobs = counted, keys, blobs
		engine := &stubEngine{store: uncounted}
		d.Engine, d.Runs = engine, engine
	})
	w.store = w.deps.Engine.(*stubEngine).store
	asked.take()
	return &costs{t: t, w: w, asked: asked}
}

// call makes a call and holds it to its statements. With -v and SHOW_STATEMENTS=1 it shows them.
func (c *costs) call(name string, most int, do func() answer) answer {
	c.t.Helper()
	c.asked.take()
	a := do()
	asked := c.asked.take()
	c.total += len(asked)
	assert.LessOrEqual(c.t, len(asked), most, "%s takes more statements:\n%s", name, strings.Join(asked, "\n"))
	if os.Getenv("SHOW_STATEMENTS") != "" {
		c.t.Logf("%-28s %3d", name, len(asked))
		for _, sql := range asked {
			c.t.Log(strings.Join(strings.Fields(sql), " "))
		}
	}
	return a
}

// allOf holds the calls of a registration together to their statements.
func (c *costs) allOf(whom string, most int) {
	c.t.Helper()
	assert.LessOrEqual(c.t, c.total, most, "all calls of %s", whom)
	if os.Getenv("SHOW_STATEMENTS") != "" {
		c.t.Log(whom, c.total)
	}
}

// keyed is a caller with an idempotency key of its own for each call.
func (c *costs) keyed(as, what string) call { return c.w.as(as).withKey("key-" + what) }

// TestHowManyStatementsACallTakes counts what each call of the happy path asks of the database: counts, never time.
func TestHowManyStatementsACallTakes(t *testing.T) {
	t.Parallel()
	c := newCosts(t)
	w, p := c.w, person(t, 3)
	opened := c.call("open-registration", 6, func() answer {
		return c.keyed("platform", "open").post("/v1/registrations", p.application("acct-1", "individual")).ok(201)
	})
	path := "/v1/registrations/" + opened.id()
	c.call("hand-in-card", 8, func() answer { return c.keyed("platform", "card").post(path+"/card", p.card(1)).ok(200) })
	c.call("confirm-card-code", 6, func() answer {
		return c.keyed("platform", "code").post(path+"/card/code", map[string]any{"code": "123456"}).ok(200)
	})
	c.call("set-contact", 4, func() answer { return c.keyed("platform", "contact").put(path+"/contact", p.contact()).ok(200) })
	for _, slot := range []string{"id_card_front", "id_card_back"} {
		c.call("put-document", 4, func() answer {
			return c.keyed("platform", slot).put(path+"/documents/"+slot, png(slot)).ok(200)
		})
	}
	c.call("submit-registration", 6, func() answer { return c.keyed("platform", "submit").post(path+"/submit", nil).ok(200) })
	c.review(opened.id())
	c.allOf("an individual", 49)
	c.reads(path)
	c.total = 0

	p = person(t, 4)
	opened = c.call("open-registration", 6, func() answer {
		return c.keyed("platform", "open-2").post("/v1/registrations", p.application("acct-2", "enterprise")).ok(201)
	})
	path = "/v1/registrations/" + opened.id()
	session := c.call("open-admin-session", 6, func() answer {
		return c.keyed("platform", "session").post(path+"/admin-session", map[string]any{"role": "authorized_agent"}).ok(200)
	}).Body["session_id"].(string)
	c.call("report-wallet", 7, func() answer {
		return w.report("wallet", walletSecret, "scan", time.Now(), fmt.Sprintf(`{"type": "session.verified", "session_id": %q, "holder_name": %q, "id_number": %q}`, session, p.name, p.id)).ok(200)
	})
	w.looks(opened.id())
	c.call("hand-in-company", 7, func() answer { return c.keyed("platform", "company").put(path+"/company", unified()).ok(200) })
	payment := w.one(`select id from payments where registration_id = $1`, opened.id())
	err := w.store.PaymentNotified(context.Background(), payment)
	require.NoError(t, err)
	_, err = w.store.TakeOrder(context.Background(), payment)
	require.NoError(t, err)
	key := w.keyOf(path)
	for _, state := range []string{"sent", "settled"} {
		c.call("report-bank "+state, 10, func() answer {
			return w.report("bank", bankSecret, state, time.Now(), fmt.Sprintf(`{"type": "transfer.%s", "key": %q}`, state, key)).ok(200)
		})
	}
	w.looks(opened.id())
	c.call("enter-deposit", 6, func() answer {
		return c.keyed("platform", "deposit").post(path+"/deposit", map[string]any{"amount": w.amountOf(payment)}).ok(200)
	})
	contact := p.contact()
	contact["name"] = "赵六"
	c.call("set-contact", 4, func() answer { return c.keyed("platform", "contact").put(path+"/contact", contact).ok(200) })
	for _, slot := range []string{"business_licence", "authorization_letter", "id_card_front", "id_card_back"} {
		if !slices.Contains(missingOf(w.as("platform").get(path)), "documents."+slot) {
			continue
		}
		c.call("put-document", 4, func() answer {
			return c.keyed("platform", slot).put(path+"/documents/"+slot, png(slot)).ok(200)
		})
	}
	c.call("submit-registration", 6, func() answer { return c.keyed("platform", "submit").post(path+"/submit", nil).ok(200) })
	c.review(opened.id())
	c.allOf("an enterprise", 80)
}

// review counts what those who decide ask.
func (c *costs) review(id string) {
	c.t.Helper()
	c.call("claim-review", 4, func() answer { return c.keyed("reviewer", "claim").post("/v1/reviews/"+id+"/claim", nil).ok(200) })
	c.call("decide-review", 7, func() answer {
		return c.keyed("reviewer", "decide").post("/v1/reviews/"+id+"/decision", map[string]any{"decision": "approve"}).ok(200)
	})
}

// reads counts what is only looked at.
func (c *costs) reads(path string) {
	c.t.Helper()
	id := path[strings.LastIndexByte(path, '/')+1:]
	for name, read := range map[string]func() answer{
		"get-registration":   func() answer { return c.w.as("platform").get(path) },
		"list-registrations": func() answer { return c.w.as("platform").get("/v1/registrations") },
		"get-timeline":       func() answer { return c.w.as("platform").get(path + "/timeline") },
		"get-account":        func() answer { return c.w.as("platform").get("/v1/accounts/acct-1") },
		"get-review":         func() answer { return c.w.as("reviewer").get("/v1/reviews/" + id) },
		"list-reviews":       func() answer { return c.w.as("reviewer").get("/v1/reviews") },
	} {
		c.call(name, 1, func() answer { return read().ok(200) })
	}
}

// looks has the run take up what was reported.
func (w *world) looks(id string) {
	w.t.Helper()
	_, err := w.store.Steps().Look(context.Background(), registration.Step{Subject: id})
	require.NoError(w.t, err)
}

// missingOf are the fields that are still to be handed in.
func missingOf(a answer) (fields []string) {
	for _, r := range a.Body["requirements"].([]any) {
		fields = append(fields, r.(map[string]any)["field"].(string))
	}
	return fields
}
