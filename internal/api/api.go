package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"path"
	"sync"
	"time"

	"github.com/IBM/pgxpoolprometheus"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/semaphore"

	"shiming/internal/health"
	"shiming/internal/papers"
	"shiming/internal/postgres"
	"shiming/internal/problem"
	"shiming/internal/subscriber"
	"shiming/internal/web"
)

// server is the API with what it stands on.
type server struct {
	Deps
	api     huma.API
	mux     *http.ServeMux
	callers *callers
	limits  *limits // of callers, by token
	guesses *limits // of wrong tokens and signatures, by address
	pages   *limits // of what is for everybody, by address
	streams *streams
	classes *classes // how many calls are worked on at a time
	asked   *limits  // the bank, about a registration's payments
	proxies web.Proxies
	lookups *semaphore.Weighted // of tokens that may be anybody's
	health  *health.Checker
	papers  *papers.Keeper
	hooks   map[party]signatures
	meters  *meters
	sweep   sweeper
	guard   *subscriber.Guard // which addresses may be subscribed
	ending  sync.Map          // *http.Server → true: its streams end when it is told to stop
}

// startWithin bounds what New asks of the database.
const startWithin = 10 * time.Second

// sealWithin bounds how long New seals what an older release stored in clear.
const sealWithin = 15 * time.Minute

// New makes the API, and seals first what an older release has stored in clear. It fails on a configuration that cannot work:
// nobody who may call, an unreadable secret, a database that does not answer.
func New(d Deps) (http.Handler, error) {
	if err := d.complete(); err != nil {
		return nil, err
	}
	s := &server{
		Deps: d, meters: newMeters(d.Metrics), limits: newLimits(d.RateLimit, int(d.RateLimit), d.Now),
		guesses: newLimits(float64(d.UnauthorizedPerMinute)/time.Minute.Seconds(), guessesAtOnce*d.UnauthorizedPerMinute, d.Now),
		pages:   newLimits(pagesPerSecond, pagesAtOnce, d.Now), streams: newStreams(d.StreamsPerToken), lookups: semaphore.NewWeighted(lookupsAtOnce),
		classes: newClasses(d.CallsMax, d.Now, d.Log),
		asked:   newLimits(1/tracesEvery.Seconds(), 1, d.Now),
	}
	s.health = health.New(health.Parts{
		Database: d.Store.Ping, Engine: d.Engine.Ready, Storage: d.Blobs.Ready, OutboxLate: d.Store.OutboxLate, Held: d.Store.IsHeld,
	}, d.Stopping, d.Log)
	s.papers = &papers.Keeper{Book: d.Store, Blobs: d.Blobs}
	var err error
	for _, meter := range []prometheus.Collector{
		pgxpoolprometheus.NewCollector(d.Store.Pool(), nil), newSpendingMeter(d.Store, d.Log), newOutboxMeter(d.Store, d.Log), newClassMeter(s.classes),
	} {
		err = errors.Join(err, d.Metrics.Register(meter))
	}
	if err != nil {
		return nil, err
	}
	if s.proxies, err = web.ParseProxies(d.TrustedProxies); err != nil {
		return nil, err
	}
	if s.callers, err = newCallers(d.Auth, d.Now); err != nil {
		return nil, err
	}
	if s.hooks, err = newSignatures(d.BankSecrets, d.WalletSecrets); err != nil {
		return nil, err
	}
	if s.guard, err = subscriber.NewGuard(d.WebhookAllowNets); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	for _, subject := range []string{postgres.IdempotencySubject, postgres.UnmatchedSubject} {
		if err := d.Store.NewSubject(ctx, subject); err != nil {
			return nil, err
		}
	}
	if d.Auth.OIDCIssuer != "" {
		if err := d.Store.AdoptSubjects(ctx, oidcScheme, d.Auth.OIDCIssuer); err != nil {
			return nil, err
		}
	}
	sealing, stop := context.WithTimeout(context.Background(), sealWithin)
	defer stop()
	if err := d.Store.SealPlain(sealing, d.Log); err != nil {
		return nil, err
	}
	if err := s.build(); err != nil {
		return nil, err
	}
	return s.handler(), nil
}

// OpenAPI is the document of the API, as /openapi.json serves it.
func OpenAPI() ([]byte, error) {
	s := &server{}
	if err := s.build(); err != nil {
		return nil, err
	}
	return json.MarshalIndent(s.api.OpenAPI(), "", "  ")
}

// build registers every route.
func (s *server) build() error {
	ownErrors()
	s.mux = http.NewServeMux()
	s.api = humago.New(s.mux, configuration())
	s.api.UseMiddleware(s.name, s.admit, s.nobody, s.room, s.takeBody, s.enter, s.knowHolder, s.once, s.inTime)
	s.registrations()
	s.verification()
	s.details()
	s.payouts()
	s.reviews()
	s.accounts()
	s.clearings()
	s.reports()
	s.findings()
	s.reconciliations()
	s.subscriptions()
	s.progress()
	s.notices()
	s.spending()
	s.repairs()
	s.payments()
	s.traces()
	finish(s.api.OpenAPI())
	complete(s.api.OpenAPI())
	s.mux.HandleFunc("/", s.unknown)
	s.mux.HandleFunc("GET /healthz", s.healthz)
	s.mux.HandleFunc("GET /readyz", s.readyz)
	return s.docs()
}

// ownErrors has huma answer with our problems. huma keeps this in a variable of its package.
var ownErrors = sync.OnceFunc(func() {
	huma.NewError = problem.FromHuma
	huma.DefaultArrayNullable = false
	huma.ValidateStrictCasing = true // Account_ID is no field of ours
})

// handler is the whole chain around the routes.
func (s *server) handler() http.Handler {
	return s.observe(s.safe(s.cors(s.sparing(s.exact(s.mux)))))
}

// exact answers an address that is not in its shortest form as unknown, which the multiplexer would redirect to another page.
func (s *server) exact(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if clean := path.Clean(r.URL.Path); clean != r.URL.Path && clean+"/" != r.URL.Path {
			s.unknown(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// unknown answers every address and method that no route has.
func (s *server) unknown(w http.ResponseWriter, r *http.Request) {
	write(w, problem.New(problem.Code("not_found")))
}
