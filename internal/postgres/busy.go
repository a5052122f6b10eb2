package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrBusy says that all connections of this process were taken for as long as the caller had time: nothing was asked of the
// database. Beside it the error is [context.DeadlineExceeded].
var ErrBusy = errors.New("postgres: all connections of this process are taken (DATABASE_CONNECTIONS)")

// connections is a pool whose callers can tell that they waited for a connection from that they waited for an answer.
type connections struct{ *pgxpool.Pool }

// wait is one caller's wait for a connection.
type wait struct{ inVain bool }

type waitKey struct{}

func waiting(ctx context.Context) (context.Context, *wait) {
	w := &wait{}
	return context.WithValue(ctx, waitKey{}, w), w
}

func (w *wait) explain(err error) error {
	if err == nil || !w.inVain {
		return err
	}
	return fmt.Errorf("%w: %w", ErrBusy, err)
}

// Exec is the pool's.
func (c *connections) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	ctx, w := waiting(ctx)
	tag, err := c.Pool.Exec(ctx, sql, args...)
	return tag, w.explain(err)
}

// Query is the pool's.
func (c *connections) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	ctx, w := waiting(ctx)
	rows, err := c.Pool.Query(ctx, sql, args...)
	return rows, w.explain(err)
}

// QueryRow is the pool's.
func (c *connections) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	ctx, w := waiting(ctx)
	return waitedRow{c.Pool.QueryRow(ctx, sql, args...), w}
}

// Begin is the pool's.
func (c *connections) Begin(ctx context.Context) (pgx.Tx, error) {
	return c.BeginTx(ctx, pgx.TxOptions{})
}

// BeginTx is the pool's.
func (c *connections) BeginTx(ctx context.Context, options pgx.TxOptions) (pgx.Tx, error) {
	ctx, w := waiting(ctx)
	tx, err := c.Pool.BeginTx(ctx, options)
	return tx, w.explain(err)
}

type waitedRow struct {
	pgx.Row
	*wait
}

// Scan is the row's.
func (r waitedRow) Scan(into ...any) error { return r.explain(r.Row.Scan(into...)) }

// watch notes whose wait for a connection was in vain, and tells of each statement whoever wants to know.
type watch struct{ statements func(sql string) }

// TraceAcquireStart implements pgxpool.AcquireTracer.
func (watch) TraceAcquireStart(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	return ctx
}

// TraceAcquireEnd implements pgxpool.AcquireTracer.
func (watch) TraceAcquireEnd(ctx context.Context, pool *pgxpool.Pool, end pgxpool.TraceAcquireEndData) {
	w, _ := ctx.Value(waitKey{}).(*wait)
	if w != nil && errors.Is(end.Err, context.DeadlineExceeded) {
		stat := pool.Stat()
		w.inVain = stat.AcquiredConns() >= stat.MaxConns()
	}
}

// TraceQueryStart implements pgx.QueryTracer, by which a pool finds its tracer.
func (w watch) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	w.tell(q.SQL)
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (watch) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart implements pgx.BatchTracer.
func (w watch) TraceBatchStart(ctx context.Context, _ *pgx.Conn, b pgx.TraceBatchStartData) context.Context {
	for _, q := range b.Batch.QueuedQueries {
		w.tell(q.SQL)
	}
	return ctx
}

// TraceBatchQuery implements pgx.BatchTracer.
func (watch) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements pgx.BatchTracer.
func (watch) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

func (w watch) tell(sql string) {
	if w.statements != nil {
		w.statements(sql)
	}
}
