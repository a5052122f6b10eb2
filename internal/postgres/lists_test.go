package postgres_test

import (
	"context"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/postgres"
	"shiming/registration"
)

// listFilters are all combinations of what registrations can be filtered by.
func listFilters() map[string]postgres.ListFilter {
	all := map[string]postgres.ListFilter{}
	for _, state := range append([]registration.State{""}, registration.Approved, registration.UnderReview, registration.PayoutPending, registration.Withdrawn) {
		for _, kind := range []registration.Kind{"", registration.Individual, registration.Enterprise} {
			for _, overdue := range []*bool{nil, new(true), new(false)} {
				name := fmt.Sprintf("state=%s,kind=%s,overdue=%s", state, kind, word(overdue))
				all[name] = postgres.ListFilter{State: state, Kind: kind, Overdue: overdue, Limit: 50}
			}
		}
	}
	return all
}

// reviewFilters are all combinations of what reviews can be filtered by.
func reviewFilters() map[string]postgres.ReviewFilter {
	all := map[string]postgres.ReviewFilter{}
	for _, assignee := range []string{"", "token:r1", "nobody"} {
		for _, kind := range []string{"", "registration", "clearing", "individual", "enterprise"} {
			for _, overdue := range []*bool{nil, new(true), new(false)} {
				name := fmt.Sprintf("assignee=%s,kind=%s,overdue=%s", assignee, kind, word(overdue))
				all[name] = postgres.ReviewFilter{Assignee: assignee, Kind: kind, Overdue: overdue, Limit: 50}
			}
		}
	}
	return all
}

func word(b *bool) string {
	if b == nil {
		return "any"
	}
	return fmt.Sprint(*b)
}

// paymentFilters are combinations of what payments can be filtered by.
func paymentFilters() map[string]postgres.PaymentFilter {
	all := map[string]postgres.PaymentFilter{
		"registration": {RegistrationID: "reg_" + "c4ca4238a0b923820dcc509a6f75849b"}, "account": {AccountID: "acct-77"}, "key": {Key: "key_77"},
		"days": {From: time.Date(2026, 1, 1, 1, 0, 0, 0, time.UTC), Until: time.Date(2026, 1, 1, 2, 0, 0, 0, time.UTC)},
	}
	for _, state := range []registration.PayoutState{"", registration.PayoutFailed, registration.PayoutSent, registration.PayoutConfirmed} {
		for _, overdue := range []*bool{nil, new(true), new(false)} {
			all[fmt.Sprintf("state=%s,overdue=%s", state, word(overdue))] = postgres.PaymentFilter{State: state, Overdue: overdue}
		}
	}
	for name, f := range all {
		f.Limit = 50
		all[name] = f
	}
	return all
}

// middle is a cursor in the middle of n seeded registrations.
func middle(t testing.TB, s *postgres.Store, n int) string {
	t.Helper()
	page, err := s.List(t.Context(), postgres.ListFilter{Limit: 1})
	require.NoError(t, err)
	require.NotEmpty(t, page.NextCursor)
	at, id := page.Items[0].CreatedAt.Add(-time.Duration(n/2)*time.Second), page.Items[0].ID
	return postgres.CursorAt(at, id)
}

// spy sees every query of a store.
type spy struct {
	mu      sync.Mutex
	queries []query
}

type query struct {
	sql  string
	args []any
}

func (s *spy) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	if strings.HasPrefix(d.SQL, "begin") || d.SQL == "commit" { // there is no plan for these
		return ctx
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queries = append(s.queries, query{d.SQL, d.Args})
	return ctx
}

func (s *spy) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (s *spy) taken() []query {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queries
	s.queries = nil
	return q
}

func TestListsScanNoTable(t *testing.T) {
	t.Parallel()
	const n = 20_000
	seen := &spy{}
	unseen := newStore(t)
	seed(t, unseen, n)
	s, err := unseen.Traced(t.Context(), seen)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	id := one[string](t, s, `select id from registrations where state = 'under_review' limit 1`)
	reads := map[string]func(ctx context.Context) error{
		"view":        func(ctx context.Context) error { _, err := s.View(ctx, id); return err },
		"timeline":    func(ctx context.Context) error { _, err := s.Timeline(ctx, id); return err },
		"transitions": func(ctx context.Context) error { _, _, err := s.TransitionsAfter(ctx, id, 2, 100); return err },
		"review":      func(ctx context.Context) error { _, err := s.ReviewOf(ctx, id); return err },
		"account":     func(ctx context.Context) error { _, err := s.AccountOf(ctx, "acct-77"); return err },
		"endpoints":   func(ctx context.Context) error { _, err := s.Endpoints(ctx, me, "", 20); return err },
		"deliveries":  func(ctx context.Context) error { _, err := s.Deliveries(ctx, me, "whe_2", "", 20); return err },
		"deliveries from the middle": func(ctx context.Context) error {
			_, err := s.Deliveries(ctx, me, "whe_2", postgres.CursorAt(time.Date(2026, 1, 1, 1, 0, 0, 0, time.UTC), "whd_x"), 20)
			return err
		},
	}
	after := middle(t, s, n)
	for name, f := range listFilters() {
		reads["list,"+name] = func(ctx context.Context) error { _, err := s.List(ctx, f); return err }
		f.Cursor = after
		reads["list from the middle,"+name] = func(ctx context.Context) error { _, err := s.List(ctx, f); return err }
	}
	for name, f := range reviewFilters() {
		reads["reviews,"+name] = func(ctx context.Context) error { _, err := s.Reviews(ctx, f); return err }
	}
	for _, state := range []string{"", postgres.NoticeSent, postgres.NoticeFailed, postgres.NoticeWaiting, postgres.NoticeSkipped} {
		for _, from := range []string{"", after} {
			f := postgres.NoticeFilter{State: state, Cursor: from, Limit: 50}
			reads["notices,"+state+",after "+from] = func(ctx context.Context) error { _, err := s.Notices(ctx, f); return err }
		}
	}
	for name, f := range paymentFilters() {
		reads["payments,"+name] = func(ctx context.Context) error { _, err := s.Payments(ctx, f); return err }
		f.Cursor = after
		reads["payments from the middle,"+name] = func(ctx context.Context) error { _, err := s.Payments(ctx, f); return err }
	}
	reads["payment"] = func(ctx context.Context) error { _, err := s.PaymentOf(ctx, "pay_77"); return err }
	for name, read := range reads {
		seen.taken()
		require.NoError(t, read(t.Context()), name)
		for _, q := range seen.taken() {
			plan := explain(t, unseen, q)
			for _, table := range []string{"registrations", "reviews", "payments", "documents", "acts", "timeline", "events", "notices", "vault", "reports", "payment_grants", "webhook_deliveries", "webhook_attempts"} {
				assert.NotContains(t, plan, "Seq Scan on "+table, "%s\n%s\n%s", name, q.sql, plan)
			}
			for _, thrown := range thrownAway.FindAllStringSubmatch(plan, -1) {
				assert.Less(t, len(thrown[1]), 3, "%s: an index is walked for what does not fit\n%s\n%s", name, q.sql, plan)
			}
		}
	}
}

// thrownAway finds how many rows a scan has read for nothing.
var thrownAway = regexp.MustCompile(`Rows Removed by (?:Filter|Index Recheck): (\d+)`)

// explain is how the server answers a query, when it looks at the values and when it has stopped to.
func explain(t testing.TB, s *postgres.Store, q query) string {
	t.Helper()
	plans := ""
	err := pgx.BeginFunc(t.Context(), s.Pool(), func(tx pgx.Tx) error {
		plan, err := lines(t.Context(), tx, "explain (analyze, timing off) "+q.sql, q.args...)
		if err != nil {
			return err
		}
		plans = "with values:\n" + plan
		if _, err := tx.Exec(t.Context(), "set local plan_cache_mode = force_generic_plan; prepare q as "+q.sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
		plan, err = lines(t.Context(), tx, "explain (analyze, timing off) execute q"+literals(t, q.args), pgx.QueryExecModeSimpleProtocol)
		plans += "\nwithout:\n" + plan
		if err != nil {
			return err
		}
		_, err = tx.Exec(t.Context(), "deallocate q")
		return err
	})
	require.NoError(t, err, q.sql)
	return plans
}

// literals writes values as SQL does.
func literals(t testing.TB, args []any) string {
	t.Helper()
	if len(args) == 0 {
		return ""
	}
	all := make([]string, len(args))
	for i, arg := range args {
		v := reflect.ValueOf(arg)
		switch at, isTime := arg.(time.Time); {
		case isTime:
			all[i] = "'" + at.Format(time.RFC3339Nano) + "'"
		case v.Kind() == reflect.String:
			all[i] = "'" + v.String() + "'"
		case v.CanInt():
			all[i] = strconv.FormatInt(v.Int(), 10)
		default:
			ids, ok := arg.([]string)
			require.True(t, ok, "%T", arg)
			all[i] = "'{" + strings.Join(ids, ",") + "}'"
		}
	}
	return "(" + strings.Join(all, ", ") + ")"
}

func lines(ctx context.Context, tx pgx.Tx, sql string, args ...any) (string, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return "", err
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return strings.Join(all, "\n"), err
}
