package people

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"shiming/internal/client"
	"shiming/registration"
)

// Options says where the product is and who may call it.
type Options struct {
	API      string
	Sandbox  string
	Platform string // a token
	Reviewer string // a token
	Secret   string // whsec_…, the bank signs its reports with it; empty: only the sandbox does
	// Database is the product's, opened by somebody whose statements are not counted as the product's: waiting for a state reads the
	// row, not the API.
	Database *pgxpool.Pool
}

// Platform is a platform's backend with its applicants and reviewers. It is safe for concurrent use.
type Platform struct {
	o                 Options
	backend, reviewer *client.Client
	outside           *client.Client
	bank              *http.Client
	run               string
	next              atomic.Int64
}

// New makes a platform whose accounts and keys are its own.
func New(o Options) *Platform {
	var random [4]byte
	_, _ = rand.Read(random[:]) // never fails
	return &Platform{
		o: o, run: hex.EncodeToString(random[:]),
		backend:  client.New(client.Options{Base: o.API, Token: o.Platform}),
		reviewer: client.New(client.Options{Base: o.API, Token: o.Reviewer}),
		outside:  client.New(client.Options{Base: o.Sandbox}),
		bank:     &http.Client{Timeout: waitWithin},
	}
}

// Case is one registration on its way.
type Case struct {
	*Platform

	Account string
	ID      string
	Kind    registration.Kind

	who   person
	calls int
}

// call makes a call with an idempotency key of its own.
func (c *Case) call(ctx context.Context, as *client.Client, method, path string, body, into any) error {
	r := client.Request{Method: method, Path: path, Into: into}
	if method != http.MethodGet {
		c.calls++
		r.Key = c.Account + "-" + strconv.Itoa(c.calls)
	}
	switch content := body.(type) {
	case nil:
	case []byte:
		r.Body, r.ContentType = content, "image/png"
	default:
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		r.Body, r.ContentType = raw, "application/json"
	}
	if err := as.Do(ctx, r); err != nil {
		return fmt.Errorf("%s %s: %w", method, strings.ReplaceAll(path, c.ID, "{id}"), err)
	}
	return nil
}

// Act makes an act of the applicant's, such as "POST", "/submit".
func (c *Case) Act(ctx context.Context, method, path string, body any) error {
	return c.call(ctx, c.backend, method, "/v1/registrations/"+c.ID+path, body, nil)
}

// Open makes an applicant up and opens their registration.
func (p *Platform) Open(ctx context.Context, kind registration.Kind) (*Case, error) {
	who, err := newPerson()
	if err != nil {
		return nil, err
	}
	c := &Case{Platform: p, Account: p.run + "-" + strconv.FormatInt(p.next.Add(1), 10), Kind: kind, who: who}
	err = c.open(ctx)
	return c, err
}

func (c *Case) open(ctx context.Context) error {
	var view struct {
		ID string `json:"id"`
	}
	err := c.call(ctx, c.backend, http.MethodPost, "/v1/registrations", map[string]any{
		"account_id": c.Account, "kind": c.Kind, "name": "例示 " + c.Account, "registered_email": c.who.email, "phone": c.who.phone,
		"locale": registration.Chinese,
	}, &view)
	if err == nil && view.ID == "" {
		err = errors.New("the answer holds no registration")
	}
	c.ID = view.ID
	return err
}

// lookEvery is how often a state is looked at that is waited for, waitWithin how long.
const (
	lookEvery  = 20 * time.Millisecond
	waitWithin = 60 * time.Second
)

// Await returns when the registration is in the state.
func (c *Case) Await(ctx context.Context, want registration.State) error {
	var state registration.State
	err := await(ctx, "state "+string(want), func(ctx context.Context) (bool, error) {
		err := c.o.Database.QueryRow(ctx, `select state from registrations where id = $1`, c.ID).Scan(&state)
		if errors.Is(err, pgx.ErrNoRows) {
			return false, nil
		}
		return state == want, err
	})
	if err != nil {
		return fmt.Errorf("in state %s: %w", state, err)
	}
	return nil
}

// await looks until found says yes.
func await(ctx context.Context, what string, found func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, waitWithin, fmt.Errorf("waited %v for %s", waitWithin, what))
	defer cancel()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if ok, err := found(ctx); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}
