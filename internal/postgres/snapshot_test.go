package postgres_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"shiming/registration"
	"shiming/workflows/workflowtest"
)

// interruption has something written by somebody else in the middle of a read, once: after the query that names its table.
type interruption struct {
	table string
	write func()
	once  sync.Once
}

func (i *interruption) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	return context.WithValue(ctx, i, d.SQL)
}

func (i *interruption) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryEndData) {
	if sql, _ := ctx.Value(i).(string); strings.Contains(sql, "from "+i.table) {
		i.once.Do(i.write)
	}
}

// A clearing's conditions are judged anew, and the old ones dropped, while it is being read.
func TestClearingIsReadAtOneMoment(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	w.ApproveIndividual("acct-1", 1)
	app := w.ClearingApplication("acct-1", workflowtest.ClaimOf(1), false)
	_, err := w.Store.Steps().OpenClearing(t.Context(), app)
	require.NoError(t, err)
	facts, err := w.Purse.Facts(t.Context(), "acct-1")
	require.NoError(t, err)
	judged := &interruption{table: "clearings", write: func() {
		_, err := w.Store.KeepConditions(context.Background(), app.ClearingID, facts)
		require.NoError(t, err)
	}}
	store, err := w.Store.Traced(t.Context(), judged)
	require.NoError(t, err)
	t.Cleanup(store.Close)
	view, err := store.ClearingView(t.Context(), app.ClearingID)
	require.NoError(t, err)
	require.Len(t, view.Conditions, 7)
}

// A registration moves on while it is being read: its parts still belong together.
func TestRegistrationIsReadAtOneMoment(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Individual("acct-1", 1)
	r.ProveCard(1)
	moved := &interruption{table: "registrations", write: func() { r.ToReview(1) }}
	store, err := w.Store.Traced(t.Context(), moved)
	require.NoError(t, err)
	t.Cleanup(store.Close)
	view, err := store.View(t.Context(), r.App.RegistrationID)
	require.NoError(t, err)
	require.Equal(t, registration.DetailsRequired, view.State)
	require.Nil(t, view.Review)
	require.Empty(t, view.Documents)
	require.Equal(t, registration.UnderReview, r.View().State)
}
